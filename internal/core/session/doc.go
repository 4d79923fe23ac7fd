// Package session knows which client sessions live, until when, and on behalf of
// whom. It guarantees ZooKeeper's session ids and passwords bit by bit, since any
// server of a mixed ensemble checks them, and that no session expires before its
// timeout. It has no clock: now comes in, as time since the process started. It
// does not keep the replicated list of sessions, which is part of the tree.
package session
