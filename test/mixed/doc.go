// Package mixed proves that servers of ours and Java's ZooKeeper 3.8.0 are members of one
// ensemble. A table of make-ups says which member is whose and whose server leads; each
// is played with real processes on the same zoo.cfg, and a rolling replacement turns one
// ensemble into the other under load and back. Members of either kind come, go and move by
// reconfigurations, decide by groups or an oracle, and observe followers of the other. What
// Java's servers say to each other was overheard, and is replayed to our codecs and roles.
//
//	ZOO_MIXED=all go test ./test/mixed
//
// plays the whole table (make mixed); without it a few of its rows are played.
package mixed
