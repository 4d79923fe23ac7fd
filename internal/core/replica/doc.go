// Package replica is one server's whole brain. It composes election, zab, prep,
// session and tree into a machine that takes events and gives effects, and it
// guarantees the promises of replication: what is acknowledged is durable on a
// quorum, what is applied is committed and in the own log, and the requests of
// a session take effect in their order.
//
// It does no I/O, reads no clock, starts no goroutine and takes no lock. One
// owner calls Step, Drain, ApplyNext and Deadline; readers of the tree are
// excluded by the caller while ApplyNext runs.
package replica
