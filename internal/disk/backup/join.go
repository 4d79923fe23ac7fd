package backup

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"zoo"
)

// Hole is a part of a history that no restore can go to: what came after one range
// and before the next.
type Hole struct {
	After  Hex `json:"after"`
	Before Hex `json:"before"`
}

// String writes the hole for people.
func (h Hole) String() string {
	return fmt.Sprintf("no restore can go to what came after %v and before %v",
		zoo.Zxid(h.After), zoo.Zxid(h.Before))
}

// Holes are what lies between the ranges. Where the next one begins with the very next
// transaction nothing is missing.
func (c Catalog) Holes() []Hole {
	holes := []Hole{}
	ranges := c.Ranges()
	for i := 1; i < len(ranges); i++ {
		if ranges[i].First != ranges[i-1].Last+1 {
			holes = append(holes, Hole{ranges[i-1].Last, ranges[i].First})
		}
	}
	return holes
}

// loose is the chain that ends before the newest base, and so is not joined to it.
func (c Catalog) loose() (chain, bool) {
	n := len(c.Bases)
	if n < 2 {
		return chain{}, false
	}
	found := c.chain(c.Bases[n-2])
	return found, found.end() < zoo.Zxid(c.Bases[n-1].Zxid)
}

// join archives what lies between the chain before the newest base and that base, so
// that every transaction between can be restored, too. The log is copied to its end,
// which is beyond the base if the source is the one that the base is of. Where the
// source does not have it any more, or has another history, the hole stays, and why is
// the second result.
func (r *Repository) join(
	ctx context.Context, from Source, catalog Catalog,
) (made []Segment, hole, err error) {
	before, loose := catalog.loose()
	if !loose {
		return nil, nil, nil
	}
	a := r.continuing(from, before)
	err = a.take(ctx, 0)
	if errors.Is(err, ErrGone) || errors.Is(err, ErrDiverged) {
		next := zoo.Zxid(catalog.Bases[len(catalog.Bases)-1].Zxid)
		return a.made, fmt.Errorf("a new chain begins: what came after %v and before %v is not "+
			"in the repository: %w", a.after, next, err), nil
	}
	return a.made, nil, err
}

// with is the catalog after segments were added.
func (c Catalog) with(made []Segment) Catalog {
	c.Segments = slices.Concat(c.Segments, made)
	return c
}
