// Package backup keeps copies of a server's history in a repository: snapshots as
// bases, and archives of the transaction log that continue them. From these it
// rebuilds the tree as it was after any archived transaction.
//
// It guarantees that what a manifest names was whole when it was written and is
// what it was when it is read, or is reported as damage; that replaying never
// crosses a gap, nor from one history into another; that a restored directory
// begins an epoch that no archived transaction has; and that a data directory
// with anything in it is never written to. It runs beside servers, or without
// them, and changes nothing of theirs.
//
// docs/format/backup.md is the format, docs/operate/backup.md the manual.
package backup
