package dev

import (
	"os"
	"os/exec"
	"syscall"
)

// detach keeps a terminal's Ctrl-C from the child, which we end ourselves, and
// lets the kernel end it if we die first.
func detach(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

func interrupt(p *os.Process) error { return p.Signal(syscall.SIGTERM) }
