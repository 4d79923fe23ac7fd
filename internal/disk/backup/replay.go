package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"zoo"
	"zoo/internal/core/tree"
	"zoo/internal/txn"
)

// Replayed is a tree that was rebuilt.
type Replayed struct {
	Tree *tree.Tree
	// Zxid is the last transaction in it, Time when that was; zero if it is the
	// base's own.
	Zxid    zoo.Zxid
	Time    time.Time
	Applied int
}

// Replay rebuilds the tree of a plan. Where an entry says what the tree's digest must
// be and it is not that, the rebuilding has failed.
func (r *Repository) Replay(ctx context.Context, plan Plan) (Replayed, error) {
	r.work.expect(plan.bytes())
	return r.replay(ctx, plan)
}

func (r *Repository) replay(ctx context.Context, plan Plan) (Replayed, error) {
	p := replay{repo: r, plan: plan}
	if err := p.base(ctx); err != nil {
		return Replayed{}, err
	}
	for _, s := range plan.Segments {
		if p.stopped {
			break
		}
		if err := p.segment(ctx, s); err != nil {
			return Replayed{}, err
		}
	}
	return p.Replayed, nil
}

// replay is a tree on its way.
type replay struct {
	Replayed
	repo    *Repository
	plan    Plan
	stopped bool // the plan's point was seen to be behind
}

func (p *replay) base(ctx context.Context) error {
	b := p.plan.Base
	f, err := p.repo.get(ctx, b.Object)
	if err != nil {
		return err
	}
	t, _, err := readSnapshot(b.Key+b.Suffix, f, zoo.Zxid(b.Zxid))
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("base %v: %w", zoo.Zxid(b.Zxid), err)
	}
	p.Tree, p.Zxid = t, zoo.Zxid(b.Zxid)
	if got := fmt.Sprintf("%x", t.Digest()); b.Digest != "" && b.Digest != got {
		return damage(b.Key, "a tree with digest "+b.Digest, got)
	}
	return nil
}

// segment applies what a segment has beyond the tree, up to the plan's end.
func (p *replay) segment(ctx context.Context, s Segment) error {
	f, err := p.repo.get(ctx, s.Object)
	if err != nil {
		return err
	}
	log := newLogReader(s.Key, f, zoo.Zxid(s.After))
	for err == nil && !p.stopped {
		var e txn.Entry
		if e, err = log.next(); err == nil && e.Zxid > p.Zxid {
			err = p.entry(s, e)
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("segment %s: %w", s.Key, err)
	}
	if log.after != zoo.Zxid(s.Last) && !p.stopped {
		return damage(s.Key, "entries up to "+zoo.Zxid(s.Last).String(), log.after.String())
	}
	return nil
}

func (p *replay) entry(s Segment, e txn.Entry) error {
	at := timeOf(e)
	late := !p.plan.StopAfter.IsZero() && at.After(p.plan.StopAfter)
	if p.plan.Stop != 0 && e.Zxid > p.plan.Stop || late && p.consistent() {
		p.stopped = true
		return nil
	}
	result, err := p.Tree.Apply(e)
	if err != nil {
		return damage(s.Key, "a transaction that can be applied", err.Error())
	}
	p.Zxid, p.Time, p.Applied = e.Zxid, at, p.Applied+1
	if result.DigestDiffers && p.consistent() {
		return damage(s.Key, fmt.Sprintf("the digest of the tree after %v", e.Zxid),
			fmt.Sprintf("%x: base %v or an earlier entry is of another history",
				p.Tree.Digest(), zoo.Zxid(p.plan.Base.Zxid)))
	}
	return nil
}

// consistent tells whether the tree is of one point in time.
func (p *replay) consistent() bool { return p.Zxid >= zoo.Zxid(p.plan.Base.ConsistentFrom) }
