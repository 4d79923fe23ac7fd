package ensemble

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"time"
)

// Process is one child. Its fields are immutable once Start has returned, but for
// err, which is set before done is closed.
type Process struct {
	pid  int
	proc *os.Process
	done chan struct{}
	err  error
}

// StartProcess runs cmd with all its output going to out, which it closes in any
// case. A nil error means that it runs, not that it does well.
func StartProcess(cmd *exec.Cmd, out *os.File) (*Process, error) {
	cmd.Stdout, cmd.Stderr = out, out
	return startProcess(cmd, out)
}

// startProcess runs cmd, whose outputs are set, and closes them.
func startProcess(cmd *exec.Cmd, outs ...*os.File) (*Process, error) {
	dieWithParent(cmd)
	p := &Process{done: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		defer close(p.done)
		defer func() {
			for _, out := range outs {
				out.Close()
			}
		}()
		// The kernel sends the death signal when the thread that forked ends, not the
		// process. The lock keeps that thread here until the child is gone.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		if err := cmd.Start(); err != nil {
			started <- fmt.Errorf("start %s: %w", cmd.Path, err)
			return
		}
		p.proc, p.pid = cmd.Process, cmd.Process.Pid
		started <- nil
		p.err = cmd.Wait()
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return p, nil
}

// PID is the process id, also of a process that has ended.
func (p *Process) PID() int { return p.pid }

// Done is closed when the process has ended and was waited for.
func (p *Process) Done() <-chan struct{} { return p.done }

// Ended tells whether it has.
func (p *Process) Ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// ExitCode is that of a process that has ended, and -1 if a signal ended it.
func (p *Process) ExitCode() int {
	<-p.done
	var failed *exec.ExitError
	if errors.As(p.err, &failed) {
		return failed.ExitCode()
	}
	return 0
}

// Kill ends the process as a power cut would, with SIGKILL, and waits for its end.
// What the process itself has started goes with it, on Linux.
func (p *Process) Kill() error {
	if p.Ended() {
		return nil
	}
	err := kill(p.proc)
	<-p.done
	if errors.Is(err, os.ErrProcessDone) {
		return nil
	}
	return err
}

// Stop asks the process to end and kills it when it does not within the patience.
// The error is then that it had to be killed.
func (p *Process) Stop(patience time.Duration) error {
	if p.Ended() {
		return nil
	}
	if err := interrupt(p.proc); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return errors.Join(err, p.Kill())
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-p.done:
		return nil
	case <-timer.C:
		return errors.Join(fmt.Errorf("process %d did not end in %v", p.pid, patience), p.Kill())
	}
}
