// Package curves measures how the cost of a server grows with what it is given: with
// connections, requests in flight, the size of values, znodes, children of one parent,
// watches, voters, observers and the length of its log. A cost that grows faster than its
// work is a bug, and only a curve shows it.
//
// Each curve is a table, docs/scale/NAME.csv, of which a run replaces only the points that
// it has measured, and a plot beside it. docs/scale-curves.md is made of the tables and of
// what people wrote about them, testdata/NAME.md; a test keeps all three the same.
//
// It guarantees that each point begins with a new ensemble, on a real disk with fsync on,
// and that the server's CPU time is told from that of the load. It judges nothing, and it
// cannot make the machine quiet.
//
//	make curves
//	ZOO_CURVES=1 go test -v ./test/bench/curves -run Measured -curves watches -wide
//	ZOO_CURVES=1 go test -v ./test/bench/curves -run Measured -curves znodes -points 10000000
//	go test ./test/bench/curves -run Page -write
package curves
