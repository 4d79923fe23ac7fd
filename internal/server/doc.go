// Package server is the shell around the core: it gives one replica its clock,
// its disk, its peers and its clients. It guarantees the order promises that a
// client can see: replies in the order of the requests of a session, and a watch
// event in front of any reply that shows the new state.
//
// One owner, the loop, has the replica. It takes events from one queue, steps, and
// carries out the effects; it never waits for a disk or a socket. A turn is taken
// under loop.mu, by the loop's goroutine or, when little has come and the loop is
// idle, by the link's reader or the log writer that brings it: on the way of one
// write that saves a wake-up at each server.
//
//	reader       one for each client connection: frames what arrives, answers
//	             reads under the tree's read lock, queues writes for the loop
//	flushers     a few: write what the loop put into connections' outputs
//	log writer   one: runs disk operations in order, with group commit
//	snapshots    one at a time: writes a frozen tree
//	acceptors    one for each listener
//	peers        those of net/peer, which push into the loop's queue
//
// The locks, in the order in which they are taken: loop.mu, Server.treeMu, conn.mu,
// watches.mu. The loop applies transactions, fires watches and appends replies
// under the write lock; a reader looks up, registers a watch and appends the
// reply under the read lock. So an event is always behind the reply that
// registered its watch, and in front of the replies that see its cause.
//
// A read that arrives behind a write of the same connection waits in the
// connection's queue, and the loop answers it when that write is applied.
//
// The package decides nothing about replication; it holds no opinion about
// roles beyond opening the quorum port for a leader and turning clients away
// from a server that does not serve.
package server
