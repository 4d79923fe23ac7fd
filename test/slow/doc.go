// Package slow holds what clients do that are slow, dead or hostile, beside others
// that behave: those that never read, that send a byte a second, that connect by
// thousands and say nothing, that vanish. Each is played against a process of the zoo
// binary, alone and as a follower, before, during and after which a load at a fixed
// rate is measured. It guarantees that the server's memory stays within named bounds,
// that those who behave see no error, and that whoever is turned away is turned away
// in time, with a reason. It guarantees nothing about latencies, which it shows:
//
//	ZOO_BENCH=1 go test -v ./test/slow
//
// takes longer windows and prints a table.
package slow
