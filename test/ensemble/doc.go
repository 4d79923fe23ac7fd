// Package ensemble runs ensembles of server processes for tests and measurements:
// zoo's own and Java's, from the same zoo.cfg. It guarantees that every process it
// started is gone after Close, also when the starting program dies (on Linux), that
// no two servers get the same port, and that every wait ends with its context. It
// knows nothing of what clients do, and it never looks for processes by name.
package ensemble
