// Package snapshot writes a tree to a file, or to a learner, and reads it back,
// in ZooKeeper's formats. It guarantees that a file under a snapshot's name is
// complete, durable and was read back, that what it holds is one point in time,
// or says how far it is not, and that no lock is held over I/O. It reads the
// fuzzy snapshots of Java's server as they are: replaying the log behind them is
// the caller's job, as is the choice among several snapshots.
package snapshot
