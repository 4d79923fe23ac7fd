package prep

import (
	"fmt"
	"slices"
	"testing"

	"zoo"
	"zoo/internal/wire"
)

// family makes a znode with many children.
func (p *play) family(path string, children int) {
	p.t.Helper()
	p.do(wire.OpCreate, create(path, 0))
	for i := range children {
		p.do(wire.OpCreate, create(fmt.Sprintf("%s/%d", path, i), 0))
	}
}

// looked compares the visits of the newest request.
func (p *play) looked(title string, want int) {
	p.t.Helper()
	if got := p.prep.visits; got != want {
		p.t.Errorf("%s: looked at %d znodes, want %d", title, got, want)
	}
}

// The plot: one multi removes a family and makes its head again, over and over. The
// moral: nobody looks at the dead children twice.
func TestRemovalsLookOnceAtWhatTheyDelete(t *testing.T) {
	p := newPlay(t, nil)
	p.family("/b", 100)
	m := multi{{wire.OpRemoveRecursive, uproot("/b", -1)}}
	for range 50 {
		m = append(m, part{wire.OpCreate, create("/b", 0)},
			part{wire.OpCreate, create("/b/again", 0)},
			part{wire.OpRemoveRecursive, uproot("/b", 2)})
	}
	p.prepare(alice, wire.OpMulti, m)
	p.looked("again and again", 101+50*2)
	if got := p.settle(); got[0] != zoo.CodeOK {
		t.Fatalf("got %v", got)
	}
}

func TestARemovalDoesNotLookAtItsNeighbours(t *testing.T) {
	p := newPlay(t, nil)
	var m multi
	for i := range 100 {
		m = append(m, part{wire.OpCreate, create(fmt.Sprint("/", i), 0)})
	}
	for i := range 100 {
		m = append(m, part{wire.OpRemoveRecursive, uproot(fmt.Sprint("/", i), 1)})
	}
	p.prepare(alice, wire.OpMulti, m)
	p.looked("one hundred leaves", 100)
	if got := p.settle(); got[0] != zoo.CodeOK {
		t.Fatalf("got %v", got)
	}
}

// The plot: a family has one child too many, then just enough. The moral: to refuse
// it takes one look, and the bound is that of the whole multi.
func TestRemovalsOfATransactionShareOneBound(t *testing.T) {
	p := newPlay(t, nil)
	p.family("/b", RemovalVisitsMax)
	p.prepare(alice, wire.OpRemoveRecursive, uproot("/b", -1))
	p.looked("one too many", 1)
	p.prepare(alice, wire.OpRemoveRecursive, uproot("/b", 10))
	p.looked("more than is allowed", 1)
	p.prepare(alice, wire.OpDelete, remove("/b/0", anyVersion))
	want := []zoo.Code{zoo.CodeNotEmpty, zoo.CodeNotEmpty, 0}
	if got := p.settle(); !slices.Equal(got, want) {
		t.Fatalf("got %v", got)
	}
	whole := part{wire.OpRemoveRecursive, uproot("/b", -1)}
	p.expect("and one more", zoo.CodeOK, wire.OpMulti, multi{{wire.OpCreate, create("/c", 0)}})
	got := codes(p.do(wire.OpMulti, multi{whole, {wire.OpRemoveRecursive, uproot("/c", -1)}}))
	if want := []zoo.Code{0, zoo.CodeNotEmpty}; !slices.Equal(got, want) {
		t.Fatalf("and one more: got %v", got)
	}
	p.expect("just enough", zoo.CodeOK, whole.op, whole.record)
	p.looked("just enough", RemovalVisitsMax)
}

// The plot: many children are deleted, and then their parent is removed, before and
// after all that is applied. The moral: dead children count as long as they are there.
func TestARemovalCountsTheDeadItComesAcross(t *testing.T) {
	p := newPlay(t, nil)
	p.family("/b", RemovalVisitsMax)
	for i := range RemovalVisitsMax {
		p.prepare(alice, wire.OpDelete, remove(fmt.Sprint("/b/", i), anyVersion))
	}
	p.prepare(alice, wire.OpCreate, create("/b/new", 0))
	p.prepare(alice, wire.OpRemoveRecursive, uproot("/b", -1))
	p.looked("too early", RemovalVisitsMax)
	if got := p.settle(); got[len(got)-1] != zoo.CodeNotEmpty {
		t.Fatalf("got %v", got[len(got)-1])
	}
	p.expect("in time", zoo.CodeOK, wire.OpRemoveRecursive, uproot("/b", 2))
	p.looked("in time", 2)
}

// The plot: a child is made and deleted many times over, below a parent that is on
// its way, too. The moral: what is to come is looked for where it is to be, and each
// time it came counts.
func TestAChildThatComesAgainIsRemovedOnce(t *testing.T) {
	p := newPlay(t, nil)
	p.prepare(alice, wire.OpCreate, create("/b", 0))
	for range 10 {
		p.prepare(alice, wire.OpCreate, create("/b/x", 0))
		p.prepare(alice, wire.OpDelete, remove("/b/x", anyVersion))
	}
	p.prepare(alice, wire.OpCreate, create("/b/x", 0))
	e := p.prepare(alice, wire.OpRemoveRecursive, uproot("/b", 2))
	p.looked("twelve", 12)
	got := parted(t, e)
	if want := []string{"delete /b/x", "delete /b"}; !slices.Equal(got, want) {
		t.Fatalf("got %q", got)
	}
	p.settle()
}
