// Package election finds a leader as ZooKeeper's fast leader election does, on
// its notifications. It guarantees that a server settles only on a vote that a
// quorum of voters holds, and that the server which settles on itself is the
// most up to date of that quorum. It does not guarantee that two servers never
// settle on different leaders; the epoch that zab establishes afterwards does.
package election
