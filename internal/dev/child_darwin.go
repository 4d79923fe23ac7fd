package dev

import (
	"os"
	"os/exec"
	"syscall"
)

// detach keeps a terminal's Ctrl-C from the child, which we end ourselves. There
// is no death signal here: a child outlives a parent that is killed.
func detach(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}

func interrupt(p *os.Process) error { return p.Signal(syscall.SIGTERM) }
