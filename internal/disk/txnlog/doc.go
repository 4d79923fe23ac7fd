// Package txnlog is the transaction log: files of entries in zxid order, in
// ZooKeeper's format. It guarantees that what Sync returned for is read back
// after any crash, that entries leave no gap, and that damage is either healed
// as the torn tail of what nobody was promised, or reported as corruption. It
// does not know which entries are committed, and keeps none in memory.
//
// The Writer belongs to one goroutine. A Reader and the functions on a whole
// directory must not run beside a Writer of the same directory, except a Reader
// of a tool that can live with seeing less.
package txnlog
