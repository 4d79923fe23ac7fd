package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// held are sessions that wait for something. One goroutine owns them, but for the time in
// which each says that many do.
type held []net.Conn

// holdersMax is how many goroutines open, arm and close held sessions.
const holdersMax = 64

// each does something with all numbers below n, many at once, and stops at the first error.
func each(n int, do func(i int) error) error {
	var next atomic.Int64
	errs := make([]error, holdersMax)
	var group sync.WaitGroup
	for g := range holdersMax {
		group.Go(func() {
			for i := next.Add(1) - 1; i < int64(n) && errs[g] == nil; i = next.Add(1) - 1 {
				if errs[g] = do(int(i)); errs[g] != nil {
					next.Store(int64(n))
				}
			}
		})
	}
	group.Wait()
	return errors.Join(errs...)
}

// openHeld opens all connections of the run, spread over the servers.
func (r *run) openHeld(ctx context.Context) (held, error) {
	ctx, cancel := context.WithTimeout(ctx, setupTimeout)
	defer cancel()
	all := make(held, r.opts.Connections)
	err := each(len(all), func(i int) (err error) {
		all[i], err = openPatiently(ctx, r.opts.Servers[i%len(r.opts.Servers)], &r.opts)
		return err
	})
	if err != nil {
		all.close()
		return nil, fmt.Errorf("hold %d sessions: %w", len(all), err)
	}
	return all, nil
}

// openPatiently tries once more when a server with a long queue has not answered in time.
func openPatiently(ctx context.Context, server string, opts *Options) (net.Conn, error) {
	for {
		conn, err := open(ctx, server, &identity{}, opts.SessionTimeout)
		var netErr net.Error
		if ctx.Err() != nil || !errors.As(err, &netErr) || !netErr.Timeout() {
			return conn, err
		}
	}
}

// goodbyeTimeout bounds the close of one held session.
const goodbyeTimeout = 5 * time.Second

// close ends the sessions, and waits until the servers have hung up: their work must not
// fall into the next measurement. What fails here would expire anyway.
func (h held) close() {
	_ = each(len(h), func(i int) error {
		conn := h[i]
		if conn == nil {
			return nil
		}
		defer conn.Close()
		if conn.SetDeadline(time.Now().Add(goodbyeTimeout)) != nil {
			return nil
		}
		if _, err := conn.Write(closeFrame()); err == nil {
			_, _ = io.Copy(io.Discard, conn)
		}
		return nil
	})
}

// ping tells all servers that the sessions live. The answers stay unread: they are few and
// small.
func (h held) ping() error {
	frame := pingFrame()
	return each(len(h), func(i int) error {
		_, err := h[i].Write(frame)
		return err
	})
}

// hold measures what idle sessions cost: their memory, which is what the processes have
// grown by at the end of the window, and in it their CPU.
func (r *run) hold(ctx context.Context, workers []*worker) (*Report, error) {
	empty, err := measureProcesses(r.opts.PIDs)
	if err != nil {
		return nil, err
	}
	sessions, err := r.openHeld(ctx)
	if err != nil {
		return nil, err
	}
	defer sessions.close()
	r.begin(workers)
	done := make(chan struct{})
	pings := make(chan error, 1)
	go func() { pings <- sessions.pingUntil(done, r.opts.SessionTimeout/3) }()
	used, err := r.watch(ctx, nil, nil)
	close(done)
	if err = errors.Join(err, <-pings); err != nil {
		return nil, err
	}
	rep := newReport(r, workers, used)
	var grown int64
	for i, p := range used.servers {
		grown += p.rssBytes - empty.servers[i].rssBytes
	}
	rep.BytesPerSession = float64(grown) / float64(len(sessions))
	return rep, nil
}

func (h held) pingUntil(done <-chan struct{}, pause time.Duration) error {
	ticker := time.NewTicker(pause)
	defer ticker.Stop()
	for {
		select {
		case <-done:
			return nil
		case <-ticker.C:
			if err := h.ping(); err != nil {
				return err
			}
		}
	}
}
