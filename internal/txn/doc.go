// Package txn holds the transactions: what a leader makes of a write, what the
// log keeps, and what followers receive. All three are the same bytes, encoded
// once as an Entry:
//
//	offset  size
//	     0     8  session id
//	     8     4  cxid, the client's number for the request
//	    12     8  zxid
//	    20     8  time in milliseconds, of the leader's clock
//	    28     4  type, an operation code
//	    32     n  the record that belongs to the type, or nothing
//	  32+n    12  digest: int version (2), long tree digest; may be absent
//
// The records are generated from txn.jute; the two whose older forms must still
// be understood decode by hand. Entries without a digest, and creates without the
// parent's version, as before 3.4, can be read. The package does not apply
// transactions, does not know checksums, and keeps no log.
package txn

//go:generate go run zoo/internal/jutegen txn.jute
