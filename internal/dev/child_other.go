//go:build !linux && !darwin

package dev

import (
	"os"
	"os/exec"
)

// detach does nothing: there are no process groups to speak of.
func detach(*exec.Cmd) {}

// interrupt ends the process at once: there is no gentler signal here. The disk
// formats survive it, as they survive any crash.
func interrupt(p *os.Process) error { return p.Kill() }
