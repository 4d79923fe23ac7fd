package dev

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
)

// child is one server's process.
type child struct {
	server Server
	log    string
	pid    int

	// done is closed when the process has ended; err is set before.
	done chan struct{}
	err  error
}

// stopTimeout is how long a child may take to end cleanly.
const stopTimeout = 5 * time.Second

// start runs a server's process, with its output in server.log beside its zoo.cfg.
// Its end is also told to deaths, which must have room for it.
func start(opts *Options, server Server, file string, deaths chan<- struct{}) (*child, error) {
	c := &child{server: server, done: make(chan struct{}),
		log: filepath.Join(filepath.Dir(file), "server.log")}
	out, err := os.OpenFile(c.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	args := append(slices.Clone(opts.Command[1:]), file)
	cmd := exec.Command(opts.Command[0], args...)
	cmd.Stdout, cmd.Stderr = out, out
	detach(cmd)
	started := make(chan error)
	go func() {
		defer close(c.done)
		defer out.Close()
		// The death signal is sent when the *thread* that forked ends. The lock keeps
		// that thread for this goroutine until the child is gone.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		if err := cmd.Start(); err != nil {
			started <- fmt.Errorf("start server %d: %w", server.ID, err)
			return
		}
		c.pid = cmd.Process.Pid
		started <- nil
		c.err = cmd.Wait()
		deaths <- struct{}{}
	}()
	return c, <-started
}

// ended tells whether the process is gone.
func (c *child) ended() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

// death describes how the process ended, with the last lines it wrote.
func (c *child) death() string {
	how := "exit status 0"
	if c.err != nil {
		how = c.err.Error()
	}
	return fmt.Sprintf("server %d (pid %d) ended: %s; see %s\n%s",
		c.server.ID, c.pid, how, c.log, lastLines(c.log, 5))
}

func lastLines(name string, n int) string {
	text, err := os.ReadFile(name)
	if err != nil {
		return ""
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	lines = lines[max(0, len(lines)-n):]
	return "    " + strings.Join(lines, "\n    ")
}

// stopAll ends every child by its pid and waits for all of them. One that does not
// end in time is killed, and that is an error.
func stopAll(children []*child) error {
	errs := make([]error, len(children))
	var group sync.WaitGroup
	for i, c := range children {
		group.Go(func() { errs[i] = c.stop() })
	}
	group.Wait()
	return errors.Join(errs...)
}

func (c *child) stop() error {
	if c.ended() {
		return nil
	}
	process, err := os.FindProcess(c.pid)
	if err != nil {
		return err
	}
	if err := interrupt(process); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop server %d: %w", c.server.ID, err)
	}
	select {
	case <-c.done:
		return nil
	case <-time.After(stopTimeout):
	}
	err = process.Kill()
	<-c.done
	return errors.Join(fmt.Errorf("server %d had to be killed", c.server.ID), err)
}
