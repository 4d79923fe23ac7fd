package load

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// run is what the workers of one load share. Immutable once they live, but for
// the atomics.
type run struct {
	opts      Options
	root      string
	value     []byte
	readShare float64
	// interval lies between two requests of one connection, in nanoseconds; 0 is
	// none.
	interval int64
	// prepared tells that znodes may exist, so that they must be removed.
	prepared bool

	base        time.Time
	from, until int64 // the window, in nanoseconds since base
	over        atomic.Bool
	// refused tells of each server whether a connection to it was refused, which a
	// living server does not do.
	refused []atomic.Bool
}

// phase spreads the connections over an interval.
func (r *run) phase(index int) int64 {
	return r.interval * int64(index) / int64(r.opts.Connections)
}

func (r *run) workerPath(index int) string { return r.root + "/k" + strconv.Itoa(index) }

func (r *run) now() int64 { return int64(time.Since(r.base)) }

const (
	// setupTimeout bounds preparing and, separately, cleaning up.
	setupTimeout = 60 * time.Second
	// reachTimeout bounds finding the first server that grants a session.
	reachTimeout = 15 * time.Second
)

// bulkTimeout bounds filling and, separately, removing all znodes.
func (r *run) bulkTimeout() time.Duration {
	znodes := time.Duration(r.opts.Znodes)*time.Duration(r.opts.Connections) +
		time.Duration(r.opts.Count)
	return setupTimeout + znodes*100*time.Microsecond
}

// Run prepares znodes under a new root, drives the load, cleans up and reports.
func Run(ctx context.Context, opts Options) (*Report, error) {
	if err := opts.validate(); err != nil {
		return nil, err
	}
	r := &run{
		opts: opts, root: fmt.Sprintf("/zoo-bench-%08x", rand.Uint32()),
		value: make([]byte, opts.SizeBytes), readShare: opts.readShare(),
		refused: make([]atomic.Bool, len(opts.Servers)),
	}
	if opts.Rate > 0 {
		r.interval = int64(float64(opts.Connections) / opts.Rate * float64(time.Second))
	}
	for i := range r.value {
		r.value[i] = byte(rand.Uint32())
	}
	workers := make([]*worker, opts.workers())
	for i := range workers {
		workers[i] = newWorker(r, i)
	}
	report, err := r.measure(ctx, workers)
	if opts.Keep {
		return report, err
	}
	// Whatever happened, the znodes go: hence a context that outlives ctx.
	cleanup, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.bulkTimeout())
	defer cancel()
	return report, errors.Join(err, r.remove(cleanup, workers))
}

func (r *run) measure(ctx context.Context, workers []*worker) (*Report, error) {
	setup, cancel := context.WithTimeout(ctx, setupTimeout)
	defer cancel()
	if err := r.prepare(setup, workers); err != nil {
		return nil, err
	}
	filling, done := context.WithTimeout(ctx, r.bulkTimeout())
	defer done()
	if err := r.fill(filling, workers); err != nil {
		return nil, err
	}
	switch r.opts.Op {
	case OpIdle:
		return r.hold(ctx, workers)
	case OpWatchers:
		return r.tell(ctx, workers)
	case OpSessions:
		return r.churn(ctx, workers)
	}
	connect, connected := context.WithTimeout(ctx, setupTimeout)
	defer connected()
	conns, err := connectAll(connect, workers)
	if err != nil {
		return nil, err
	}
	return r.drive(ctx, workers, tasks(workers, func(ctx context.Context, w *worker) {
		w.live(ctx, conns[w.index])
	})...)
}

// begin opens the window after the warm-up.
func (r *run) begin(workers []*worker) {
	r.base = time.Now()
	r.from = int64(r.opts.Warmup)
	r.until = int64(r.opts.Warmup + r.opts.Duration)
	for _, w := range workers {
		w.result.ackedAt = r.from
	}
	if r.opts.Begun != nil {
		r.opts.Begun(r.base.Add(r.opts.Warmup))
	}
}

// tasks are what all workers do, each on a goroutine of its own.
func tasks(workers []*worker, work func(context.Context, *worker)) []func(context.Context) {
	all := make([]func(context.Context), len(workers))
	for i, w := range workers {
		all[i] = func(ctx context.Context) { work(ctx, w) }
	}
	return all
}

// drive has the work done until the window is over, or all of it is done.
func (r *run) drive(ctx context.Context, workers []*worker, work ...func(context.Context),
) (*Report, error) {
	r.begin(workers)
	alive, stop := context.WithCancel(ctx)
	defer stop()
	var group sync.WaitGroup
	for _, task := range work {
		group.Go(func() { task(alive) })
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		group.Wait()
	}()
	usage, err := r.watch(ctx, workers, done)
	r.over.Store(true)
	drain(workers, stop, done)
	r.probe()
	if err != nil {
		return nil, err
	}
	return newReport(r, workers, usage), nil
}

// prepare creates the root and a znode for each worker.
func (r *run) prepare(ctx context.Context, workers []*worker) error {
	reach, cancel := context.WithTimeout(ctx, reachTimeout)
	defer cancel()
	c, err := openAny(reach, r.opts.Servers, r.opts.SessionTimeout)
	if err != nil {
		return fmt.Errorf("reach a server: %w", err)
	}
	defer c.close(ctx)
	r.prepared = true
	frames := [][]byte{createFrame(r.root, nil, 0)}
	for _, w := range workers {
		frames = append(frames, createFrame(w.path, r.value, 0))
	}
	codes, err := c.call(ctx, frames...)
	for _, code := range codes {
		if code != 0 {
			err = errors.Join(err, fmt.Errorf("code %d", code))
		}
	}
	if err != nil {
		return fmt.Errorf("create the znodes of the load: %w", err)
	}
	return nil
}

// prepareBatch is how many requests are made ready at once, before and after the load.
const prepareBatch = 1000

// remove deletes what the run created. A znode that is not there is no error: a
// create whose answer was lost may or may not have happened.
func (r *run) remove(ctx context.Context, workers []*worker) error {
	if !r.prepared {
		return nil
	}
	c, err := openAny(ctx, r.opts.Servers, r.opts.SessionTimeout)
	if err != nil {
		return fmt.Errorf("remove %s: %w", r.root, err)
	}
	defer c.close(ctx)
	var frames [][]byte
	for path := range r.created(workers) {
		frames = append(frames, deleteFrame(path))
		if len(frames) < prepareBatch && path != r.root {
			continue
		}
		codes, err := c.call(ctx, frames...)
		frames = frames[:0]
		for _, code := range codes {
			if code != 0 && code != codeNoNode {
				err = errors.Join(err, fmt.Errorf("code %d", code))
			}
		}
		if err != nil {
			return fmt.Errorf("remove %s: %w", r.root, err)
		}
	}
	return nil
}

// created gives every path the run has created, children first, the root last.
func (r *run) created(workers []*worker) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, w := range workers {
			for n := range w.created {
				if !yield(w.createdPath(n)) {
					return
				}
			}
			if !yield(w.path) {
				return
			}
		}
		yield(r.root)
	}
}

// connectAll opens every worker's session on its home server, all at once. On a busy
// machine a handshake may take longer than one attempt has.
func connectAll(ctx context.Context, workers []*worker) ([]net.Conn, error) {
	conns := make([]net.Conn, len(workers))
	errs := make([]error, len(workers))
	var group sync.WaitGroup
	for i, w := range workers {
		group.Go(func() {
			opts := &w.run.opts
			for {
				conns[i], errs[i] = open(ctx, opts.Servers[w.home], &w.id, opts.SessionTimeout)
				var netErr net.Error
				if ctx.Err() != nil || !errors.As(errs[i], &netErr) || !netErr.Timeout() {
					return
				}
			}
		})
	}
	group.Wait()
	for _, err := range errs {
		if err == nil {
			continue
		}
		for _, conn := range conns {
			if conn != nil {
				conn.Close()
			}
		}
		return nil, err
	}
	return conns, nil
}

// watch waits for the end of the window, measures the servers' processes at both
// its ends, and breaks links that have fallen silent.
func (r *run) watch(ctx context.Context, workers []*worker, done <-chan struct{}) (usage, error) {
	var total usage
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	start := time.NewTimer(time.Until(r.base.Add(time.Duration(r.from))))
	defer start.Stop()
	end := time.NewTimer(time.Until(r.base.Add(time.Duration(r.until))))
	defer end.Stop()
	before, err := measureProcesses(r.opts.PIDs)
	if err != nil {
		return total, err
	}
	second := int64(0)
	for {
		select {
		case <-ctx.Done():
			return total, ctx.Err()
		case <-start.C:
			if before, err = measureProcesses(r.opts.PIDs); err != nil {
				return total, err
			}
		case <-done:
			r.until = min(r.until, r.now()) // nobody else reads it any more
			after, err := measureProcesses(r.opts.PIDs)
			return after.since(before), err
		case <-end.C:
			after, err := measureProcesses(r.opts.PIDs)
			return after.since(before), err
		case <-ticker.C:
			r.breakSilent(workers)
			second = r.progress(second)
		}
	}
}

func (r *run) progress(second int64) int64 {
	now := r.now() / int64(time.Second)
	if now == second || r.opts.Progress == nil {
		return second
	}
	phase := "measuring"
	if r.now() < r.from {
		phase = "warming up"
	}
	r.opts.Progress(fmt.Sprintf("%s, %d s of %v", phase, now, r.opts.Warmup+r.opts.Duration))
	return now
}

// breakSilent ends links that said nothing for two thirds of the session timeout,
// as a real client does: the third that is left is for finding another server.
func (r *run) breakSilent(workers []*worker) {
	limit := int64(r.opts.SessionTimeout) * 2 / 3
	now := r.now()
	for _, w := range workers {
		conn := w.conn.Load()
		if conn != nil && now-w.readAt.Load() > limit {
			// The reader meets the deadline; there is nobody else to tell.
			_ = conn.SetReadDeadline(time.Unix(1, 0))
		}
	}
}

// probe notes servers that are gone at the end. A connection that is dialled while
// a process is dying may be accepted and then reset instead of refused, so what
// the workers met is not enough.
func (r *run) probe() {
	for i, server := range r.opts.Servers {
		conn, err := net.DialTimeout("tcp", server, time.Second)
		if err == nil {
			conn.Close()
		} else if errors.Is(err, syscall.ECONNREFUSED) {
			r.refused[i].Store(true)
		}
	}
}

// drainTimeout is how long the last requests may take to be answered.
const drainTimeout = 2 * time.Second

// drain waits for the workers, and hangs up on those that take too long.
func drain(workers []*worker, stop context.CancelFunc, done <-chan struct{}) {
	select {
	case <-done:
		return
	case <-time.After(drainTimeout):
	}
	stop()
	for _, w := range workers {
		if conn := w.conn.Load(); conn != nil {
			conn.Close()
		}
	}
	<-done
}
