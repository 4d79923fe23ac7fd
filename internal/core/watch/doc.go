// Package watch remembers which connections want to hear of which paths. It
// guarantees ZooKeeper's semantics: a one-shot watch fires once, a persistent one
// until it is removed, a recursive one for the whole subtree but never for changed
// children, and one event reaches a connection at most once.
//
// ZooKeeper speaks of two tables, data watches and child watches. Here both are
// bits of one entry per connection and path, which costs half the memory and makes
// "not those that the other table has notified already" a matter of course.
//
// The package does not send events, does not know the tree, and does not check
// permissions: whoever delivers an event does.
package watch
