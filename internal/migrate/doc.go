// Package migrate plans how the servers of an ensemble are replaced, one at a time, Java's
// by ours and back, and judges what is seen of the ensemble after each step. Values in,
// values out: it starts, stops and asks nothing, so that a plan can be made, tested and
// printed without any server. The package ask below it is who asks.
//
// A State is all that is known between two commands: who the servers are, the steps in
// their order, how many of them were verified, and what was seen when the last one was.
// Which server should be of which kind follows from the steps, never from what runs.
//
// It guarantees an order that costs few elections (observers, then followers, the leader
// last), and that no step is called good of which something could not be looked at: what
// was not told is said to be untold.
package migrate
