//go:build !linux

package ensemble

import (
	"errors"
	"os"
	"os/exec"
)

// dieWithParent does nothing: only Linux has a death signal.
func dieWithParent(*exec.Cmd) {}

// interrupt ends the process at once; not every system knows a gentler signal.
func interrupt(p *os.Process) error { return p.Kill() }

func kill(p *os.Process) error { return p.Kill() }

// errNoPause tells that only Linux's processes are paused here.
var errNoPause = errors.New("processes cannot be paused on this system")

func pause(*os.Process) error { return errNoPause }

func resume(*os.Process) error { return errNoPause }
