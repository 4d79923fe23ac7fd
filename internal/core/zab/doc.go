// Package zab spreads one history over an ensemble: the leader and the learner
// halves of ZooKeeper's atomic broadcast, on its own packets. It guarantees
// that what a quorum has made durable under one leader is in the history of
// every later leader, in the same order, and that "history before epoch" holds:
// what was received in synchronisation is durable before currentEpoch is
// written and NEWLEADER is acknowledged.
//
// The phases are those of the ZAB paper (Junqueira, Reed, Serafini 2011,
// section IV): discovery (FOLLOWERINFO, LEADERINFO, ACKEPOCH), synchronisation
// (DIFF, TRUNC or SNAP, NEWLEADER), broadcast (PROPOSAL, ACK, COMMIT). Package
// zab knows nothing of trees, sessions and requests; its owner does.
package zab
