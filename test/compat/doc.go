// Package compat sends the same random requests to Java's ZooKeeper and to zoo and
// holds their answers beside each other. It guarantees that every difference that
// it allows is a row of one table, that the table is what docs/compatibility.md
// shows, and that a stream of requests comes from its seed alone, so that a finding
// can be replayed. It does not judge which of the two servers is right.
//
// A stream is a list of rounds. In a round one session sends, pipelined, and then
// all sessions are drained up to a barrier: whatever watch events the round has
// caused are read before the next one begins. That makes the order of everything
// that is compared certain, although the servers share no clock.
//
// Values that differ from server to server are compared by their relation: zxids
// and session ids through a bijection (that of the zxids must keep their order),
// times as a function of the zxid that they belong to. Java does not say in which
// order it lists children, ephemerals and identities; these are compared as sets.
package compat
