// Package load drives any ZooKeeper server with pipelined requests and measures
// what comes back. It speaks the client protocol by itself, over raw frames, so
// that the measuring costs far less than the measured: two goroutines for a
// connection, one system call for a batch, no allocation for an operation, and where the
// system has epoll one thread for all that open sessions or wait for events. Only
// what opens sessions pays more, for each of them.
//
// It guarantees that only replies inside the measured window count, that every
// reply is matched to its request by xid, and that what it created is removed
// at the end. It checks answers for errors, not for their content, and it uses
// none of this project's own codecs: a mistake in them would otherwise cancel out.
package load
