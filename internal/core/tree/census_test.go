package tree

import (
	"fmt"
	"strings"
	"testing"

	"zoo/internal/txn"
	"zoo/internal/wire"
)

// census runs a census in steps of one znode.
func census(h *history, limit int, between func(step int)) *Census {
	c := NewCensus(Ranking{Limit: limit})
	for step := 0; c.Step(h.tree); step++ {
		c.Pause(h.tree)
		between(step)
	}
	return c
}

// Two services share a tree: one keeps many small znodes, the other one large one. The
// census names both, and the large znode itself, below the root that holds all.
func TestACensusFindsWhatHoldsTheMost(t *testing.T) {
	h := newHistory(t)
	h.create("/many", "", nil)
	h.create("/many/below", "", nil)
	for i := range 300 {
		h.create(fmt.Sprintf("/many/below/%03d", i), "x", nil)
	}
	h.create("/one", "", nil)
	h.create("/one/large", strings.Repeat("x", 20_000), nil)
	c := census(h, 5, func(int) {})
	var paths []string
	for _, s := range c.Largest(h.tree) {
		paths = append(paths, s.Path)
		if s.Path == "/many" && (s.Znodes != 302 || s.DataBytes != 300) {
			t.Errorf("/many: %+v", s.Usage)
		}
		if s.Path == "/" && (s.Znodes != int64(h.tree.Len()) || s.MemoryBytes < 300*100+20_000) {
			t.Errorf("the root: %+v of %d znodes", s.Usage, h.tree.Len())
		}
	}
	if got := strings.Join(paths, " "); got != "/ /many /many/below /one /one/large" {
		t.Errorf("the largest are %s", got)
	}
	if c.Omitted() != 0 {
		t.Errorf("%d bytes may be missing", c.Omitted())
	}
}

// The plot: as above, and a large znode of its own at the top. The census goes by another
// figure, and looks at one depth only: neither what lies deeper nor what lies above counts.
func TestACensusGoesByWhatItIsAskedFor(t *testing.T) {
	h := newHistory(t)
	h.create("/many", "", nil)
	h.create("/many/below", "", nil)
	for i := range 30 {
		h.create(fmt.Sprintf("/many/below/%03d", i), "x", nil)
	}
	h.create("/one", "", nil)
	h.create("/one/large", strings.Repeat("x", 9000), nil)
	h.create("/alone", strings.Repeat("x", 5000), nil)
	znodes := func(u *Usage) int64 { return u.Znodes }
	data := func(u *Usage) int64 { return u.DataBytes }
	for want, rank := range map[string]Ranking{
		"/one /alone":            {Limit: 2, By: data, Depth: 1},
		"/many":                  {Limit: 1, By: znodes, Depth: 1},
		"/one/large /many/below": {Limit: 2, By: data, Depth: 2},
		"/ /many /many/below":    {Limit: 3, By: znodes},
	} {
		c := NewCensus(rank)
		for c.Step(h.tree) {
			c.Pause(h.tree)
		}
		var paths []string
		for _, s := range c.Largest(h.tree) {
			paths = append(paths, s.Path)
		}
		if got := strings.Join(paths, " "); got != want {
			t.Errorf("%d at depth %d: %s, want %s", rank.Limit, rank.Depth, got, want)
		}
	}
}

// While the census walks, a directory that it has counted goes, and another znode gets
// its slot: neither must be shown with the other's figures.
func TestACensusIsNotFooledByASlotThatServesAgain(t *testing.T) {
	h := newHistory(t)
	h.create("/gone", "", nil)
	h.create("/gone/child", strings.Repeat("x", 5000), nil)
	for i := range 20 {
		h.create(fmt.Sprintf("/stays-%02d", i), "x", nil)
	}
	c := census(h, 100, func(step int) {
		if step == 15 {
			h.do(0, wire.OpDelete, &txn.DeleteTxn{Path: "/gone/child"})
			h.do(0, wire.OpDelete, &txn.DeleteTxn{Path: "/gone"})
			h.create("/new", "", nil)
			h.create("/new/child", "y", nil)
		}
	})
	for _, s := range c.Largest(h.tree) {
		if strings.HasPrefix(s.Path, "/gone") || s.Path == "/new" && s.DataBytes > 1 {
			t.Errorf("shown: %+v", s)
		}
	}
}

// More directories than a census has sums for: what holds much is found all the same,
// and how much may be missing is told.
func TestACensusOfVeryManyDirectoriesTellsWhatMayBeMissing(t *testing.T) {
	h := newHistory(t)
	h.create("/large", "", nil)
	for i := range 2000 {
		h.create(fmt.Sprintf("/large/%d", i), "x", nil)
	}
	for i := range censusSumsMax + 10 {
		h.create(fmt.Sprintf("/d%d", i), "", nil)
		h.create(fmt.Sprintf("/d%d/child", i), "x", nil)
	}
	c := census(h, 3, func(int) {})
	largest := c.Largest(h.tree)
	if largest[0].Path != "/" || largest[1].Path != "/large" || largest[1].Znodes != 2001 {
		t.Errorf("the largest are %+v", largest)
	}
	if c.Omitted() == 0 || c.Omitted() > 1000 {
		t.Errorf("%d bytes may be missing", c.Omitted())
	}
}
