// Package bench puts this project's figures beside those of Java's ZooKeeper, and beside
// those of a bare program that does only what any such server must (floor). All sides run
// as processes on the same machine, on the same file system and with fsync on, in turns;
// all are driven by the same program, zoo bench, in a process of its own, so that its CPU
// time is never counted as theirs. Java's server and ours read the same zoo.cfg.
//
// It guarantees that what it compares was measured in one run, and it says met or
// not met against the goals of the project, which are data (figures). What was measured last
// is committed (results/latest.json, and docs/benchmarks.md for people), and zoo's values
// stand beside it. It cannot make the machine quiet: it measures what others used meanwhile,
// and says so when that spoils the figures.
//
// A play is what one new ensemble is measured for, in steps; a row that is new is a figure
// with its goal, and a step that gives it.
//
// TestWritesGoOnBesideSnapshots measures this project alone: what writers notice while
// snapshots of a million znodes are written.
//
// TestALostLeaderIsReplacedSoon kills leaders, or lets them hang, many times in ensembles
// of several sizes, and shows how long the writers of the others had to wait.
//
// TestThePaperIsRepeated does the experiments of the ZooKeeper paper (internal/paper) with Java's
// ensembles and ours, and TestAnEnsembleGoesThroughThePaper shows that they go through.
//
//	make bench
//	make bench-paper BENCH='-paper-voters 3 -sides java,zoo'
//	make bench BENCH='-rows "^watch|^multi" -sides java,zoo'
//	make bench BENCH=-write
//	make bench-hour HOUR=10m
//	ZOO_BENCH=1 go test -v ./test/bench -run ALostLeader -losses 20 -voters 3,5
//	ZOO_BENCH=1 go test -v ./test/bench -run BesideSnapshots -live-duration 60s
package bench
