// Package prep turns a client's write into the transaction that a leader proposes.
// It guarantees that every request gives an entry, in ZooKeeper's order of checks,
// judged by the tree plus everything that was prepared and is not yet applied; a
// refused write becomes an error entry, which changes nothing. So an entry can be
// applied by anybody without looking at permissions or versions again, and the
// digest in it is that of the tree after it.
//
// What is prepared but not applied is kept as one record per znode, the newest
// state that is to come. Applied forgets what the tree holds by then.
//
// The package does not change the tree, does not number transactions, does not
// track sessions, and does not decide what may become a request: unknown and
// connection-local operations do not get here.
//
// # What is stricter than in Java
//
// A setACL counts for the requests behind it before it is applied. An entry that
// would be larger than learners accept is refused with CodeMarshallingError, where
// Java would close the connection or, worse, propose what cannot be read again
// (ZOOKEEPER-3496). So is a text of a quota that Java's servers could not read, and
// a TTL request without a TTL mode. Only closeSession must never be refused: it names as many
// ephemerals as fit, and applying it deletes the others too (ZOOKEEPER-4306).
package prep
