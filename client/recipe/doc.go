// Package recipe holds the coordination recipes of ZooKeeper, on a client's session:
// locks, elections and what else a program shares with its like. They are those of
// https://zookeeper.apache.org/doc/current/recipes.html, and look in the tree like
// Apache Curator's (names such as _c_GUID-lock-0000000007).
//
// What all of them guarantee:
//
//   - No herd. Who waits in a line watches one znode, that of the one before.
//   - A lost answer loses nothing. Each znode is found again by the GUID in its name,
//     which only its maker knows, and none stays behind when a call is given up.
//   - No use after loss. Who has won a place has a Lease: its Context ends with the session,
//     with the znode, and as soon as no server has confirmed either for a session
//     timeout. A lease that is lost stays lost.
//   - A fencing token. A process may stop for a minute, or its clock may, and believe in
//     what it has lost. So each lease has the zxid that made its znode (Lease.Token), greater
//     than those of all holders before: whoever is written to refuses a token that is
//     less than one it has seen. For writes to ZooKeeper itself there is Lease.Fence.
//
// The context alone is not proof: a server that has lost its leader may confirm a
// session for a while that the leader has ended, and a program needs time to hear. The token
// and the fence are.
//
// Every call ends with its context. An error is an *Error; errors.Is finds in it the zoo.Code,
// the context's error, or one of ErrLost, ErrHeld, ErrUnknown. A lost connection is none as
// long as the session lives: the recipe goes on at the next server.
//
// Recipes need a session that may write (not client.Options.ReadOnly) and permission to
// create, read and delete below their path. Missing znodes above it are made as
// containers, which the server removes when they are empty; so is the path, where a
// recipe has nothing to remember. A line lasts for 2^31 znodes, counted since it was last
// empty for a while.
//
// The methods of all types may be called by many goroutines, unless they say otherwise.
package recipe
