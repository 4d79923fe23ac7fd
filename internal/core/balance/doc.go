// Package balance decides which client connections of a server end so that their clients
// go on at another one: all of a server that is drained. It guarantees a bounded rate, and
// that a client whose requests are under way is answered before. It closes nothing itself,
// and does not know who the clients are.
package balance
