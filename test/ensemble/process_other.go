//go:build !linux

package ensemble

import (
	"os"
	"os/exec"
)

// dieWithParent does nothing: only Linux has a death signal.
func dieWithParent(*exec.Cmd) {}

// interrupt ends the process at once; not every system knows a gentler signal.
func interrupt(p *os.Process) error { return p.Kill() }

func kill(p *os.Process) error { return p.Kill() }
