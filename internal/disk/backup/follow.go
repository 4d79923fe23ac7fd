package backup

import (
	"context"
	"errors"
	"time"

	"zoo"
)

// Following is how a source is followed.
type Following struct {
	// Interval is how often the archive looks, and so how much a disaster costs at most.
	Interval time.Duration
	// BaseEvery is the age at which the newest base gets a successor, so that no
	// restore has to replay more; 0 means never.
	BaseEvery time.Duration
	// Report hears of every look.
	Report func(Look)
}

// Look is what one look of the archive came to.
type Look struct {
	Segments []Segment
	// Created is a base that was made, if any.
	Created *Created
	// End is up to where is archived.
	End zoo.Zxid
	// Err is what went wrong; the next look tries again.
	Err error
}

// Follow archives a source until its context ends. The first look must succeed: what
// is wrong then was asked for wrongly, as is a source that gives no log. Later ones are
// tried again.
func (r *Repository) Follow(ctx context.Context, from Source, how Following) error {
	f := follower{repo: r, from: from, how: how}
	for first := true; ; first = false {
		began := time.Now()
		look := f.look(ctx, how.Interval)
		if ctx.Err() != nil {
			return nil
		}
		if look.Err != nil && (first || errors.Is(look.Err, ErrNoLog)) {
			return look.Err
		}
		how.Report(look)
		if wait(ctx, how.Interval-time.Since(began)) != nil {
			return nil
		}
	}
}

// Look does once what Follow does again and again, and waits for nothing.
func (r *Repository) Look(ctx context.Context, from Source, how Following) Look {
	f := follower{repo: r, from: from, how: how}
	return f.look(ctx, 0)
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(max(d, 0))
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// follower remembers where the archive ends, so that not every look has to read the
// catalog.
type follower struct {
	repo     *Repository
	from     Source
	how      Following
	archiver *archiver // nil: it is to be read from the repository
	base     time.Time // when the newest base was made
}

// look takes what there is. Without a base, with one that is too old, and where the
// source's log is not the continuation of the archive, it makes a new one.
func (f *follower) look(ctx context.Context, wait time.Duration) Look {
	joined, err := f.begin(ctx)
	if errors.Is(err, ErrNoBase) {
		return f.create(ctx)
	}
	if err != nil {
		return Look{Err: err}
	}
	if f.how.BaseEvery > 0 && f.repo.now().Sub(f.base) >= f.how.BaseEvery {
		return f.create(ctx)
	}
	a := f.archiver
	a.made = joined.Segments
	err = a.run(ctx, wait)
	switch {
	case errors.Is(err, ErrGone), errors.Is(err, ErrDiverged):
		return f.create(ctx)
	case err != nil:
		f.archiver = nil // what was written of it is in the repository
	}
	return Look{Segments: a.made, End: a.after, Err: err}
}

// begin reads the repository, unless that was done already.
func (f *follower) begin(ctx context.Context) (joined Archived, err error) {
	if f.archiver != nil {
		return Archived{}, nil
	}
	if f.archiver, joined, err = f.repo.begin(ctx, f.from); err == nil {
		f.base = f.archiver.base
	}
	return joined, err
}

// create makes a base, joined to what is archived; without one the next look begins
// anew. A base that was there already counts as made now: the source has no newer one.
func (f *follower) create(ctx context.Context) Look {
	f.archiver = nil
	made, err := f.repo.create(ctx, f.from)
	if err != nil {
		return Look{Err: err}
	}
	if _, err = f.begin(ctx); err == nil {
		f.base = f.repo.now()
	}
	return Look{Created: &made, Segments: made.Segments, End: zoo.Zxid(made.End), Err: err}
}
