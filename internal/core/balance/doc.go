// Package balance decides which client connections of a server end so that their clients
// go on at another one: all of a server that is drained, and a few of one that has clearly
// more than its share (docs/adr/0060-drain.md, docs/adr/0061-balance.md). It guarantees a
// bounded rate, and that a client whose requests are under way is answered before. It closes
// nothing itself, and knows nothing of the clients but their sessions.
package balance
