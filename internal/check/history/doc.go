// Package history judges what clients of an ensemble saw against what ZooKeeper
// promises them: that writes are linearizable, that a session never sees the past after
// the present nor misses its own writes, and that a watch fires once and before the
// change that it tells of can be read.
//
// It knows no clock and no network. Whoever drives the clients writes down, for each
// session, a Stream of what it sent and heard in its order, and Check tells what cannot
// have come from a right ensemble. What it passes may still be wrong: it sees only what
// the clients saw, and a write without an answer may or may not have happened, at any
// time from its call on.
package history
