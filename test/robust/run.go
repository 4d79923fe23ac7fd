package robust

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"zoo"
	"zoo/internal/check/history"
	"zoo/test/ensemble"
)

// Options say what to let whom suffer.
type Options struct {
	Binary, Dir string
	Seed        uint64
	// Duration is how long the servers are disturbed.
	Duration time.Duration
	Scenario Scenario
	// Say hears one line about what happens.
	Say func(line string)
}

// The ensembles: their times are short, so that much happens in a minute.
const (
	tickTime       = 200 * time.Millisecond
	workersCount   = 6
	guestsCount    = 2
	startLimit     = time.Minute
	progressLimit  = 30 * time.Second
	searchPatience = 30 * time.Second
	endLimit       = 2 * time.Minute
)

// run is one scenario's ensemble, network and clients.
type run struct {
	Options
	*ensemble.Ensemble
	net       *network
	rng       *rand.Rand
	began     time.Time
	addresses []string

	acks atomic.Int64
	// more tells of an acknowledgement; of capacity one.
	more chan struct{}

	mu      sync.Mutex
	streams []*history.Stream
	acked   time.Time     // the last acknowledgement
	longest time.Duration // the longest time without one
}

// Result is what came of a run.
type Result struct {
	Operations, Acknowledged int
	Sessions                 int
	// Acknowledged counts writes. LongestGap is the longest time in which no client had
	// one acknowledged.
	LongestGap time.Duration
	Violations []history.Violation
	Streams    []*history.Stream
}

// Run lets one ensemble suffer, and judges what its clients saw.
func Run(ctx context.Context, opts Options) (_ *Result, err error) {
	ctx, cancel := context.WithTimeout(ctx, opts.Duration+endLimit)
	defer cancel()
	r := &run{Options: opts, net: newNetwork(), began: time.Now(),
		more: make(chan struct{}, 1), rng: rand.New(rand.NewPCG(opts.Seed, 0))}
	defer r.net.close()
	r.Ensemble, err = ensemble.New(ensemble.Options{Dir: opts.Dir, Voters: opts.Scenario.Voters,
		Program: ensemble.Zoo(opts.Binary), TickTime: tickTime, Route: r.net.route,
		Lines: []string{"snapCount=500"}})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	r.addresses = r.Addresses()
	if err := r.start(ctx); err != nil {
		return nil, err
	}
	if err := r.suffer(ctx); err != nil {
		return nil, err
	}
	if err := r.readAll(ctx); err != nil {
		return nil, err
	}
	return r.result(), nil
}

func (r *run) start(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	return r.Start(ctx)
}

func (r *run) now() int64 { return int64(time.Since(r.began)) }

func (r *run) say(format string, args ...any) {
	r.Say(fmt.Sprintf("%8.3f s  ", time.Since(r.began).Seconds()) + fmt.Sprintf(format, args...))
}

// newStream is the record of a new session.
func (r *run) newStream(id zoo.SessionID) *history.Stream {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := &history.Stream{Name: fmt.Sprintf("%d (%v)", len(r.streams), id)}
	r.streams = append(r.streams, s)
	return s
}

// note takes note of a write that was acknowledged.
func (r *run) note(op *history.Operation) {
	if !op.Answered || op.Code != zoo.CodeOK || !op.Kind.Writes() {
		return
	}
	r.acks.Add(1)
	r.mu.Lock()
	now := time.Now()
	r.longest = max(r.longest, now.Sub(r.acked))
	r.acked = now
	r.mu.Unlock()
	select {
	case r.more <- struct{}{}:
	default:
	}
}

// suffer runs the clients beside the disturbances, one after another, and mends all.
func (r *run) suffer(ctx context.Context) error {
	working, stop := context.WithCancel(ctx)
	r.acked = time.Now()
	var workers sync.WaitGroup
	for i := range workersCount {
		workers.Go(func() { r.work(working, i, r.Seed) })
	}
	for i := range guestsCount {
		workers.Go(func() { r.workWithClient(working, workersCount+i, r.Seed) })
	}
	err := r.disturb(ctx)
	stop()
	workers.Wait()
	if err != nil {
		return err
	}
	return r.mend(ctx)
}

// disturb tells all stories in turn until the time is over. Behind each of them all is
// mended, and writes must go on.
func (r *run) disturb(ctx context.Context) error {
	if err := r.mend(ctx); err != nil { // for the climate
		return err
	}
	var deck []story
	for until := r.began.Add(r.Duration); time.Now().Before(until); deck = deck[1:] {
		if len(deck) == 0 {
			deck = slices.Clone(r.Scenario.Stories)
			r.rng.Shuffle(len(deck), func(i, j int) { deck[i], deck[j] = deck[j], deck[i] })
		}
		if err := r.tell(ctx, deck[0]); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) tell(ctx context.Context, one story) error {
	if err := one(ctx, r); err != nil {
		return err
	}
	if err := r.mend(ctx); err != nil {
		return err
	}
	return r.progress(ctx)
}

// mend heals the network and lets every server run.
func (r *run) mend(ctx context.Context) error {
	r.net.heal()
	r.net.set(r.Scenario.Climate, bothWays(r.ids(), r.ids())...)
	for _, s := range r.Servers {
		if s.Ended() {
			if err := s.Start(); err != nil {
				return err
			}
		} else if err := s.Resume(); err != nil {
			return err
		}
	}
	return nil
}

// progressAcks is how many writes must be acknowledged for the ensemble to be well.
const progressAcks = 20

// progress waits until writes go on.
func (r *run) progress(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, progressLimit)
	defer cancel()
	for want := r.acks.Load() + progressAcks; r.acks.Load() < want; {
		select {
		case <-r.more:
		case <-ctx.Done():
			return fmt.Errorf("for %v no writes were acknowledged:\n%s",
				progressLimit, r.lastWords())
		}
	}
	return nil
}

func (r *run) lastWords() string {
	var b strings.Builder
	for _, s := range r.Servers {
		fmt.Fprintf(&b, "server %d:\n%s\n", s.ID, s.LastLines(20))
	}
	return b.String()
}

// readAll reads every znode at every server: what was acknowledged must be there, and all
// must have the same.
func (r *run) readAll(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	if err := r.WaitServing(ctx); err != nil {
		return err
	}
	paths := r.paths()
	for _, server := range r.Servers {
		if err := r.readAt(ctx, server, paths); err != nil {
			return fmt.Errorf("read at server %d: %w", server.ID, err)
		}
	}
	return nil
}

// readAt reads znodes at one server, behind a sync.
func (r *run) readAt(ctx context.Context, server *ensemble.Server, paths []string) error {
	s := &session{servers: []string{server.Address()}, begin: r.newStream}
	s.reset()
	defer s.hangUp()
	ops := []history.Operation{{Kind: history.Sync, Path: "/"}}
	for _, path := range paths {
		ops = append(ops, history.Operation{Kind: history.Read, Path: path, Fresh: true,
			Since: at(r.now())})
	}
	for len(ops) > 0 {
		if err := s.connect(ctx); err != nil {
			return err
		}
		s.do(r.now, ops[0])
		if s.last().Answered {
			ops = ops[1:]
		}
	}
	return nil
}

// paths are all that anybody has used, in order.
func (r *run) paths() []string {
	var all []string
	for _, s := range r.streams {
		for _, e := range s.Entries {
			if e.Operation != nil && e.Kind != history.Rearm {
				all = append(all, e.Path)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func (r *run) result() *Result {
	result := &Result{Sessions: len(r.streams), LongestGap: r.longest, Streams: r.streams,
		Violations: history.Check(r.streams, searchPatience)}
	for _, s := range r.streams {
		for _, e := range s.Entries {
			if e.Operation == nil {
				continue
			}
			result.Operations++
			if e.Answered && e.Code == zoo.CodeOK && e.Kind.Writes() {
				result.Acknowledged++
			}
		}
	}
	return result
}

// WriteHistory writes all that the clients saw, session by session.
func WriteHistory(w io.Writer, streams []*history.Stream) error {
	for _, s := range streams {
		if _, err := fmt.Fprintf(w, "session %s\n", s.Name); err != nil {
			return err
		}
		for _, e := range s.Entries {
			line := fmt.Sprintf("event of %s, watch %d", e.Event, e.Fired)
			if e.Operation != nil {
				line = e.Operation.String()
			}
			if _, err := fmt.Fprintf(w, "  %s\n", line); err != nil {
				return err
			}
		}
	}
	return nil
}
