// Package tree holds the state that a ZooKeeper ensemble replicates: the znodes,
// their ACLs, the sessions, and which session owns which ephemeral.
//
// It guarantees that Apply is the one way in which transactions change that
// state, that the same entries give the same state on every server, that the
// entries after a snapshot may be applied again to what already contains them
// (snapshots written by Java are fuzzy), that the rolling digest is the one Java
// keeps, and that a Frozen shows one point in time while Apply goes on.
//
// It does not check permissions, versions or quotas (package prep did, before
// there was an entry), keeps no watches, knows no clock, and locks nothing: the
// caller keeps readers out during Apply, Freeze, Close and the other methods
// whose comment says that they change the tree. Everything else may run in any
// number of goroutines between two changes.
//
// # Layout in memory
//
// A znode is a fixed record without pointers, named by its slot, with a second half if
// it has an owner or had children; its name and data share one block of an arena;
// children hang on a list through the records themselves; a table of hashes of full
// paths finds a record in one probe, and the names on the way up to the root confirm
// it. So the garbage collector sees thousands of objects where there are millions of
// znodes, and creating or deleting a child costs the same in a directory of five and of
// five million.
package tree
