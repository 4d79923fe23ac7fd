// Package sim plays a whole ensemble from one seed: servers, their disks, the
// network between them and their clients, in one goroutine and on a virtual
// clock. The servers are the real core on the real disk code; only what the core
// calls the outside (clock, sockets, the file system below the store) is played.
//
// While messages are late, links break, servers are cut off, paused or killed in
// the middle of a disk operation, the package checks after every step what the
// ensemble promises: one leader per epoch; one history, applied everywhere in
// the same order and without holes; nothing applied, acknowledged or led from
// that is not durable; equal trees at equal zxids; replies in the order of a
// session's requests; no ephemeral without its session, and no session that the leader
// does not watch; no role given up, and no election waited for, without a reason. When
// the faults stop, a leader, a committed write and equal servers must follow within bounded time.
//
// The same seed gives the same steps, told by one hash over all of them. Nothing
// here depends on the order of a map, on time or on scheduling.
//
// The package does not play the shell's own code (goroutines, sockets, framing):
// what the shell promises to the core is written down here a second time, in
// server.go, and package server has tests of its own.
//
// Besides the storm a play may change its members (by reconfiguration, or by new files and
// restarts), an oracle may let one of two voters decide alone, or operators drain servers and
// clients are spread: there is always somebody for the clients, no session ends by a drain,
// nobody leads on who was drained, and nobody is sent away twice from one server; see Options.
//
// World, New and its methods are for stories that a test tells step by step;
// Run plays a seed. README.md lists the bugs of ZooKeeper that seeds have found where
// they are planted.
package sim
