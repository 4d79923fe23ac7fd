package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"zoo"
)

// Depth is how much Verify reads.
type Depth int

const (
	// Stored compares the objects with their checksums. It needs no key.
	Stored Depth = iota
	// Full also reads every snapshot and every entry, and rebuilds the tree from each
	// base up to the next one, where the digests must agree.
	Full
)

// Report is what Verify found.
type Report struct {
	Objects int     `json:"objects"`
	Bytes   int64   `json:"bytes"`
	Ranges  []Range `json:"ranges"`
	// Holes are what lies between the ranges: it was never archived.
	Holes []Hole `json:"holes"`
	// Damaged says what is not as it was.
	Damaged []string `json:"damaged"`
}

// Verify reads a repository. An error means that it could not; damage is in the
// report.
func (r *Repository) Verify(ctx context.Context, depth Depth) (Report, error) {
	catalog, err := r.Catalog(ctx)
	if err != nil {
		return Report{}, err
	}
	report := Report{Ranges: catalog.Ranges(), Holes: catalog.Holes(), Damaged: []string{}}
	for _, err := range catalog.Damaged {
		report.Damaged = append(report.Damaged, err.Error())
	}
	r.work.expect(catalog.verifiedBytes(depth))
	for _, b := range catalog.Bases {
		report.add(b.Object)
		if err := report.found(r.verifyBase(ctx, catalog, b, depth)); err != nil {
			return report, err
		}
	}
	for _, s := range catalog.Segments {
		report.add(s.Object)
		if err := report.found(r.verifySegment(ctx, s, depth)); err != nil {
			return report, err
		}
	}
	return report, nil
}

func (r *Report) add(o Object) {
	r.Objects++
	r.Bytes += o.Bytes
}

// found keeps damage and gives back what is something else.
func (r *Report) found(err error) error {
	if asDamage(err) {
		r.Damaged = append(r.Damaged, err.Error())
		return nil
	}
	return err
}

func (r *Repository) verifyStored(ctx context.Context, o Object) error {
	raw, err := r.openRaw(ctx, o)
	if err != nil {
		return err
	}
	return errors.Join(raw.drain(), raw.Close())
}

// verifyBase rebuilds the tree from a base up to the next one of the same history.
func (r *Repository) verifyBase(ctx context.Context, c Catalog, b Base, depth Depth) error {
	if depth == Stored {
		return r.verifyStored(ctx, b.Object)
	}
	found := c.chain(b)
	plan := Plan{Base: b, Stop: zoo.Zxid(b.Zxid)}
	var next Base
	for _, other := range c.Bases {
		if other.Zxid > b.Zxid && zoo.Zxid(other.Zxid) <= found.end() {
			next = other
			plan.Segments, plan.Stop = found.segments, zoo.Zxid(other.Zxid)
			break
		}
	}
	plan.trim()
	done, err := r.replay(ctx, plan)
	if err != nil {
		return err
	}
	got := fmt.Sprintf("%x", done.Tree.Digest())
	fuzzy := done.Zxid < zoo.Zxid(b.ConsistentFrom)
	if next.Digest == "" || done.Zxid != plan.Stop || fuzzy || next.Digest == got {
		return nil
	}
	want := fmt.Sprintf("digest %s, which base %v leads to", got, zoo.Zxid(b.Zxid))
	return damage(next.Key, want, next.Digest)
}

func (r *Repository) verifySegment(ctx context.Context, s Segment, depth Depth) error {
	if depth == Stored {
		return r.verifyStored(ctx, s.Object)
	}
	f, err := r.get(ctx, s.Object)
	if err != nil {
		return err
	}
	log := newLogReader(s.Key, f, zoo.Zxid(s.After))
	var n int
	var last string
	for {
		e, next := log.next()
		if next != nil {
			err = next
			break
		}
		n++
		last = entrySum(e)
	}
	if !errors.Is(err, io.EOF) {
		return errors.Join(err, f.Close())
	}
	if n != s.Entries || log.after != zoo.Zxid(s.Last) || last != s.LastSHA256 {
		err = damage(s.Key, fmt.Sprintf("%d entries up to %v", s.Entries, zoo.Zxid(s.Last)),
			fmt.Sprintf("%d up to %v", n, log.after))
		return errors.Join(err, f.Close())
	}
	return f.Close()
}

// Age is how long ago the repository was known to have everything.
func (c Catalog) Age(now time.Time) (time.Duration, bool) {
	ranges := c.Ranges()
	if len(ranges) == 0 {
		return 0, false
	}
	return now.Sub(ranges[len(ranges)-1].Until), true
}
