// Package host runs a server from its settings: the one of zoo serve, and those inside of
// other programs. It guarantees that whoever starts a server hears why it has ended, and
// that nothing of it is left then. It holds no global state, and no signal or exit code:
// those are the program's.
package host
