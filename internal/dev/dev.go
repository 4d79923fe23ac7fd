package dev

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Options says what ensemble to run.
type Options struct {
	// Servers vote, Observers do not.
	Servers, Observers int
	// Dir keeps the data; empty for a temporary directory that is removed at the end.
	Dir string
	// BasePort is the first client port; 0 for any free ones.
	BasePort int
	// Command starts a server; the configuration file is appended to it.
	Command []string
	// FirstWrite returns when a write was acknowledged through the server.
	FirstWrite func(ctx context.Context, address string) error
	// Out hears what happens; Live redraws the table in place, for a terminal.
	Out  io.Writer
	Live bool
}

// serversMax bounds an ensemble on one machine.
const serversMax = 64

// Run starts the ensemble and shows it until ctx ends or every child has.
func Run(ctx context.Context, opts Options) (err error) {
	begun := time.Now()
	sum := opts.Servers + opts.Observers
	if opts.Servers < 1 || opts.Observers < 0 || sum > serversMax {
		return fmt.Errorf("%d servers and %d observers: want at least 1 server, "+
			"at most %d of both", opts.Servers, opts.Observers, serversMax)
	}
	if opts.Servers == 1 && opts.Observers > 0 {
		return errors.New("one server runs standalone, which observers cannot join")
	}
	if opts.Dir == "" {
		if opts.Dir, err = os.MkdirTemp("", "zoo-dev-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(opts.Dir)) }()
	}
	deaths := make(chan struct{}, opts.Servers+opts.Observers)
	children, err := launch(&opts, deaths)
	defer func() { err = errors.Join(err, stopAll(children)) }()
	if err != nil {
		return err
	}
	e := ensemble{opts: opts, begun: begun, children: children, deaths: deaths}
	return e.observe(ctx)
}

func launch(opts *Options, deaths chan<- struct{}) (children []*child, err error) {
	if opts.Dir, err = filepath.Abs(opts.Dir); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(opts.Dir, 0o700); err != nil {
		return nil, err
	}
	servers, err := plan(*opts)
	if err != nil {
		return nil, err
	}
	files, err := writeFiles(opts.Dir, servers)
	if err != nil {
		return nil, err
	}
	for i, server := range servers {
		c, err := start(opts, server, files[i], deaths)
		if err != nil {
			return children, err
		}
		children = append(children, c)
	}
	return children, nil
}

// ensemble is a running one.
type ensemble struct {
	opts     Options
	begun    time.Time
	children []*child
	deaths   <-chan struct{}
}

// outcome is how the first write went.
type outcome struct {
	after time.Duration
	err   error
}

// refreshInterval is how often the table is redrawn.
const refreshInterval = time.Second

// observe shows the ensemble until it ends: the ready line, then the table.
func (e *ensemble) observe(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	ready := make(chan outcome, 1)
	var group sync.WaitGroup
	defer group.Wait()
	defer cancel()
	group.Go(func() {
		err := e.opts.FirstWrite(ctx, e.children[0].server.Client())
		ready <- outcome{time.Since(e.begun), err}
	})
	b := board{out: e.opts.Out, live: e.opts.Live, children: e.children}
	ticker := time.NewTicker(refreshInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			b.say("stopping")
			return nil
		case first := <-ready:
			b.say(e.readyLine(first))
		case <-e.deaths:
		case <-ticker.C:
		}
		if b.reportDeaths() == len(e.children) {
			return errors.New("every server has ended")
		}
		b.draw(ctx)
	}
}

// readyLine is read by programs too: "ready in" and the milliseconds come first.
func (e *ensemble) readyLine(first outcome) string {
	if first.err != nil {
		return "no write was acknowledged: " + first.err.Error()
	}
	var addresses []string
	for _, c := range e.children {
		addresses = append(addresses, c.server.Client())
	}
	return fmt.Sprintf("ready in %d ms: a write was acknowledged\nconnect to %s\ndata in %s",
		first.after.Milliseconds(), strings.Join(addresses, ","), e.opts.Dir)
}
