package tree

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"zoo/internal/txn"
	"zoo/internal/wire"
)

// orderGame plays with the children of one parent, of which a twin knows the names.
type orderGame struct {
	t     *rapid.T
	h     *history
	names map[string]bool
	drawn int
}

const orderedParent = "/p"

// come makes children under names of one kind: some begin alike and some do not, some
// come in order and some in none.
func (g *orderGame) come(count int) {
	kind := rapid.IntRange(0, 6).Draw(g.t, "kind")
	for range count {
		g.drawn++
		scattered := uint32(g.drawn) * 2654435761
		name := [...]string{
			fmt.Sprintf("child-%09d", g.drawn),
			fmt.Sprintf("child-%09d", 1_000_000_000-g.drawn),
			fmt.Sprintf("child-%08x", scattered),
			fmt.Sprintf("%c-%d", 'a'+scattered%26, g.drawn),
			fmt.Sprintf("child-of-the-%d-family-%08x", scattered%2, scattered),
			fmt.Sprintf("child-of-the-1-family-%0*d", scattered%20, scattered),
			"child-" + strings.Repeat("\x00", g.drawn%40),
		}[kind]
		if !g.names[name] {
			g.names[name] = true
			g.h.create(orderedParent+"/"+name, "", nil)
		}
	}
}

// leave deletes children here and there, or a run of them.
func (g *orderGame) leave(count int) {
	names := slices.Sorted(maps.Keys(g.names))
	if len(names) == 0 {
		return
	}
	stride := rapid.SampledFrom([]int{1, 7, 611}).Draw(g.t, "stride")
	at := rapid.IntRange(0, len(names)-1).Draw(g.t, "first")
	for range min(count, len(names)) {
		name := names[at%len(names)]
		if at += stride; g.names[name] {
			delete(g.names, name)
			g.h.do(0, wire.OpDelete, &txn.DeleteTxn{Path: orderedParent + "/" + name})
		}
	}
}

// list compares all that comes behind a name that is there or is not.
func (g *orderGame) list() {
	parent, _ := g.h.tree.Lookup(orderedParent)
	names := slices.Sorted(maps.Keys(g.names))
	after := rapid.SampledFrom([]string{"", "child-", "child-5", "m", "zz"}).Draw(g.t, "after")
	if len(names) > 0 && rapid.Bool().Draw(g.t, "there") {
		after = rapid.SampledFrom(names).Draw(g.t, "name")
	}
	count := rapid.SampledFrom([]int{1, 100, 1000, 1 << 20}).Draw(g.t, "count")
	steps := rapid.SampledFrom([]int{1, 100, 5000}).Draw(g.t, "steps")
	if parent.Arrange(after, count, steps); !parent.Arranged(after, count) {
		return
	}
	var got []string
	parent.ChildrenBehind(after, func(name string) bool {
		got = append(got, name)
		return len(got) < count
	})
	want := names
	for len(want) > 0 && want[0] <= after {
		want = want[1:]
	}
	if want = want[:min(count, len(want))]; !slices.Equal(got, want) {
		g.t.Fatalf("behind %q there are %d names, not %d", after, len(got), len(want))
	}
}

// The plot: children come and go by hundreds, before, while and after they are put in
// order by steps. The moral: what is in order is what is there.
func TestTheOrderOfChildrenFollowsThem(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := &orderGame{t: t, h: newHistory(t), names: make(map[string]bool)}
		g.h.create(orderedParent, "", nil)
		for range rapid.IntRange(1, 12).Draw(t, "rounds") {
			count := rapid.SampledFrom([]int{1, 20, 700}).Draw(t, "count")
			switch rapid.IntRange(0, 3).Draw(t, "move") {
			case 0, 1:
				g.come(count)
			case 2:
				g.leave(count)
			}
			for range rapid.IntRange(1, 3).Draw(t, "lists") {
				g.list()
			}
		}
	})
}

// The plot: all children of an arranged parent go, and the parent too; its record serves
// another one.
func TestAnOrderGoesWithItsChildren(t *testing.T) {
	h := newHistory(t)
	for range 3 {
		h.create(orderedParent, "", nil)
		for i := range 5 {
			h.create(fmt.Sprintf("/p/%d", i), "", nil)
		}
		parent, _ := h.tree.Lookup(orderedParent)
		parent.Arrange("", 1, 3)
		if parent.Arranged("", 1) {
			t.Fatal("three of five make an order")
		}
		h.do(0, wire.OpDelete, &txn.DeleteTxn{Path: "/p/3"})
		parent.Arrange("", 1, 3)
		if !parent.Arranged("", 1) {
			t.Fatal("there is no order")
		}
		for _, i := range []int{0, 1, 2, 4} {
			h.do(0, wire.OpDelete, &txn.DeleteTxn{Path: fmt.Sprintf("/p/%d", i)})
		}
		h.do(0, wire.OpDelete, &txn.DeleteTxn{Path: orderedParent})
		if len(h.tree.orders) > 0 {
			t.Fatal("the order is still there")
		}
	}
}

// Who reads one page and no more does not slow down the writes for ever.
func TestAnOrderIsNotKeptUpForever(t *testing.T) {
	h := newHistory(t)
	h.create(orderedParent, "", nil)
	for i := range 10 {
		h.create(fmt.Sprintf("/p/%d", i), "", nil)
	}
	parent, _ := h.tree.Lookup(orderedParent)
	parent.Arrange("", 1, 100)
	for i := range 10 {
		if !parent.Arranged("", 1) {
			t.Fatalf("the order is gone after %d changes", i)
		}
		h.create(fmt.Sprintf("/p/more-%d", i), "", nil)
	}
	if parent.Arranged("", 1) {
		t.Error("the order outlives as many changes as it had children")
	}
}

// The plot: scattered names fill all leaves at about the same pace, so that there are times
// when every child that comes has a leaf parted. The moral: a step then places fewer of them,
// and takes no longer than others.
func TestAStepOfAnOrderIsAsLongAsAnyOther(t *testing.T) {
	const limit = 1024
	const longest = limit/(leafEntries*partingCosts) + 1
	h := newHistory(t)
	h.create(orderedParent, "", nil)
	for i := range 100_000 {
		h.create(fmt.Sprintf("/p/child-%08x", uint32(i)*2654435761), "", nil)
	}
	parent, _ := h.tree.Lookup(orderedParent)
	for leaves, more := 0, true; more; {
		more = parent.Arrange("", 1, limit)
		now := len(h.tree.orders[parent.slot].leaves)
		if float64(now-leaves) > longest {
			t.Fatalf("a step has opened %d leaves, beside %d", now-leaves, leaves)
		}
		leaves = now
	}
}
