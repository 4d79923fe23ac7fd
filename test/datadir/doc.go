// Package datadir has Java's server write a data directory and ours open it, and the
// other way round: the tree, the sessions and the digest must be the same, whatever
// the snapshots are compressed with, however fuzzy they are, and with digests or
// without. A server of ours that has what no leader of Java's can cut gets its tree.
package datadir
