// Package bench puts this project's figures beside those of Java's ZooKeeper, and beside
// those of a bare program that does only what any such server must (floor). All sides run
// as processes on the same machine, on the same file system and with fsync on, in turns;
// all are driven by the same program, zoo bench, in a process of its own, so that its CPU
// time is never counted as theirs. Java's server and ours read the same zoo.cfg.
//
// It guarantees that what it compares was measured in one run, and it says met or
// not met against the floors of the project. It cannot make the machine quiet: it
// measures what others used meanwhile, and says so when that spoils the figures.
//
// TestWritesGoOnBesideSnapshots measures this project alone: what writers notice while
// snapshots of a million znodes are written.
//
// TestALostLeaderIsReplacedSoon kills leaders, or lets them hang, many times in ensembles
// of several sizes, and shows how long the writers of the others had to wait.
//
//	make bench
//	ZOO_BENCH=1 go test -v ./test/bench -run ALostLeader -losses 20 -voters 3,5
//	ZOO_BENCH=1 go test -v ./test/bench -run BesideSnapshots -live-duration 60s
//	ZOO_BENCH=1 go test -v ./test/bench -rounds 5 -duration 20s -report figures.json
package bench
