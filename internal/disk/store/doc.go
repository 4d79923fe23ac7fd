// Package store is a server's data directory: snapshots, the transaction log and
// the two epochs. It guarantees that recovery after any crash gives a snapshot
// and the contiguous log beyond it, in which everything is that was acknowledged
// and nothing that was cut off; and that a directory which could have lost
// something is refused with advice rather than served.
//
// Whatever touches several files writes down its plan first (plan.go), so that a
// crash in the middle is finished by the next Open. The first error of the disk
// ends the store: every later call fails with it.
//
// All methods of Store belong to one goroutine. A Snapshot may be written by
// another one meanwhile.
package store
