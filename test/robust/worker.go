package robust

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"zoo"
	"zoo/internal/check/history"
)

// at is an instant of a run.
func at(nanos int64) time.Duration { return time.Duration(nanos) }

// The load: each worker pauses for a while between two requests, and all move on to new
// znodes, so that the search for an order of the writes of each stays short.
const (
	thinkTimeMax = 12 * time.Millisecond
	phaseTime    = 2 * time.Second
	freshReads   = 10 // one in so many requests is a read behind a sync
	pathsAPhase  = 4
)

// plan draws the operations of one worker.
type plan struct {
	rng    *rand.Rand
	now    clock
	worker int
	writes int
	// versions are what the worker knows of the znodes.
	versions map[string]int32
}

func newPlan(seed uint64, worker int, now clock) *plan {
	return &plan{rng: rand.New(rand.NewPCG(seed, uint64(worker))), now: now, worker: worker,
		versions: map[string]int32{}}
}

// path is one of those that all use now.
func (p *plan) path() string {
	return fmt.Sprintf("/p%d-%d", at(p.now())/phaseTime, p.rng.IntN(pathsAPhase))
}

// next draws one operation: about half of them write, most of those by comparison.
func (p *plan) next() history.Operation {
	op := history.Operation{Path: p.path(), Version: history.AnyVersion}
	version, known := p.versions[op.Path]
	switch n := p.rng.IntN(20); {
	case n < 3 || !known && n < 6:
		op.Kind = history.Create
	case n < 5:
		op.Kind = history.Delete
	case n < 10:
		op.Kind = history.Set
	case n < 12:
		op.Kind, op.Watch = history.Exists, 1
	case n < 16:
		op.Kind, op.Watch = history.Read, 1
	default:
		op.Kind = history.Read
	}
	if known && p.rng.IntN(4) > 0 {
		op.Version = version
	}
	if op.Kind == history.Create || op.Kind == history.Set {
		p.writes++
		op.Value = fmt.Sprintf("%d.%d", p.worker, p.writes)
	}
	return op
}

// learn keeps the version that an answer has shown.
func (p *plan) learn(op *history.Operation) {
	if !op.Answered {
		return
	}
	switch {
	case op.Code == zoo.CodeOK && op.Kind != history.Delete:
		p.versions[op.Path] = op.Stat.Version
	default:
		delete(p.versions, op.Path)
	}
}

func (p *plan) think(ctx context.Context) {
	pause(ctx.Done(), time.Duration(p.rng.Int64N(int64(thinkTimeMax))))
}

// work is a worker that speaks the protocol itself, until the end of ctx.
func (r *run) work(ctx context.Context, worker int, seed uint64) {
	s := &session{servers: r.addresses, at: worker, begin: r.newStream}
	s.reset()
	defer func() {
		if s.conn != nil {
			_ = s.conn.Close()
		}
	}()
	p := newPlan(seed, worker, r.now)
	for ctx.Err() == nil {
		if s.connect(ctx) != nil {
			return
		}
		if p.rng.IntN(freshReads) == 0 {
			s.readFresh(r.now, p.path())
		} else {
			s.do(r.now, p.next())
		}
		r.note(s.last())
		p.learn(s.last())
		p.think(ctx)
	}
}
