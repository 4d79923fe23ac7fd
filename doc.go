// Package zoo holds the words of the project: the ids, records and codes that
// ZooKeeper's users and its protocol share. It guarantees their meaning and
// arithmetic, imports nothing of ours, and does no I/O and no encoding.
package zoo
