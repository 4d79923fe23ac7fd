package server

import (
	"errors"

	"zoo/internal/disk/store"
)

// The exit codes of ZooKeeper that say more than 1 does. Two of Java's have no case
// here: a commit of what was not proposed (12), and a packet or a cut that does not fit
// into the synchronisation (13). They end the role and not the process: the server
// looks for a leader again and is synchronised anew, if need be from a reloaded disk.
const (
	exitDataDir  = 3  // a data directory cannot be used
	exitLog      = 10 // an error of the log while serving
	exitElection = 14 // the election port cannot be opened
)

// exitError is an error that ends the process with a code of its own.
type exitError struct {
	error
	code int
}

// coded gives an error a code.
func coded(code int, err error) error { return exitError{err, code} }

// ExitCode is the code, for whoever ends the process.
func (e exitError) ExitCode() int { return e.code }

// Unwrap is the error itself.
func (e exitError) Unwrap() error { return e.error }

// codedDir gives a code to what keeps a server from using its directories.
func codedDir(err error) error {
	if errors.Is(err, store.ErrDir) {
		return coded(exitDataDir, err)
	}
	return err
}
