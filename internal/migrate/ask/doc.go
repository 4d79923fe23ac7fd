// Package ask asks the servers of an ensemble what a migration wants to know: four-letter
// words, the admin server's digests, and their trees, which it reads side by side through
// one client for each. It guarantees an answer or an error within its context, and memory
// for the znodes of one path at a time, however large the trees are. It changes no znode;
// the sessions of its clients are opened and closed. It decides nothing about what it hears.
package ask
