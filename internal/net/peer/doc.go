// Package peer keeps the connections between the servers of an ensemble. It has
// two halves, one for each of the ports a server line names.
//
// Election is the mesh of election connections: one TCP connection for each pair
// of servers, kept by the server with the larger id, carrying whole messages of
// which only the newest matters. It dials again until it is closed, and the end
// of a connection is reported at once: it is the ensemble's failure detector.
//
// Quorum is the set of ordered links between a leader and its learners: a stream
// of quorum packets without frames, with a snapshot inlined where SNAP says so.
// It dials once for each Dial; what a lost link means is for its owner to say.
//
// The package guarantees: Send never blocks and does no I/O; what is received
// from one peer is reported in order and by one goroutine at a time; every Up is
// followed by one Down and every LinkID by one LinkDown; every queue has a named
// bound; Close returns when no goroutine of the package is left.
//
// Who is at the other end is settled before anything is reported: TLS, SASL, the
// introduction, and that the id in it is that of who has proved itself. All that is
// bounded in number and in time, and who is not let in costs one line in the log.
//
// It does not interpret what it carries but for the introductions, holds no opinion
// about roles, and has no read timeouts after them: the protocol's own ticks decide when
// silence is too long.
//
// Events are called from the goroutines of the connections. They should hand
// over and return; while one blocks, its connection is not read. They go on
// arriving until Close returns, so an owner drains its queue while it closes.
package peer
