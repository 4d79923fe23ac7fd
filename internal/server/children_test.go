package server

import (
	"fmt"
	"os"
	"testing"
	"time"

	"zoo"
	"zoo/internal/core/tree"
	"zoo/internal/jute"
	"zoo/internal/txn"
	"zoo/internal/wire"
)

// The children of one parent: make soak has as many as the project promises.
const (
	manyChildren = 200_000
	soakChildren = 5_000_000
)

// The plot: one directory has millions of children. Creating one more, finding one,
// deleting one and counting them does not depend on how many there are; pages list
// them in the order of their names, before and after they have been arranged; and the
// census tells who is to blame.
func TestAParentWithMillionsOfChildrenWorks(t *testing.T) {
	children := manyChildren
	if os.Getenv("ZOO_SOAK") != "" {
		children = soakChildren
	}
	began := time.Now()
	loaded := parentOf(t, children)
	t.Logf("%d children loaded after %v", children, time.Since(began))
	parent, _ := loaded.Lookup("/p")
	if got := parent.NumChildren(); got != children {
		t.Fatalf("%d children, not %d", got, children)
	}
	began = time.Now()
	change(t, loaded, wire.OpCreate, &txn.CreateTxn{Path: childPath(children), ParentCVersion: -1})
	change(t, loaded, wire.OpDelete, &txn.DeleteTxn{Path: childPath(children / 2)})
	if _, found := loaded.Lookup(childPath(children)); !found {
		t.Error("what was created is missing")
	}
	if _, found := loaded.Lookup(childPath(children / 2)); found {
		t.Error("what was deleted is there")
	}
	t.Logf("a creation, a deletion and two look-ups after %v", time.Since(began))
	if got := parent.Stat().NumChildren; got != int32(children) {
		t.Errorf("%d children after one came and one went, not %d", got, children)
	}
	if got := parent.Descendants(); got != children {
		t.Errorf("%d descendants, not %d", got, children)
	}
	turnPages(t, parent, children)
	arrangeAll(t, parent, children)
	turnPages(t, parent, children)
	census := tree.NewCensus(tree.Ranking{Limit: 2})
	for census.Step(loaded) {
	}
	if largest := census.Largest(loaded); largest[1].Path != "/p" ||
		largest[1].Znodes != int64(children)+1 {
		t.Errorf("the largest are %+v", largest)
	}
}

func childPath(i int) string { return fmt.Sprintf("/p/child-%09d", i) }

func parentOf(t *testing.T, children int) *tree.Tree {
	t.Helper()
	loader := tree.NewLoader()
	value := make([]byte, 10)
	load := func(path string) {
		if err := loader.Node(path, value, -1, &zoo.StatPersisted{}); err != nil {
			t.Fatal(err)
		}
	}
	load("")
	load("/p")
	for i := range children {
		load(childPath(i))
	}
	loaded, err := loader.Finish(1)
	if err != nil {
		t.Fatal(err)
	}
	return loaded
}

func change(t *testing.T, to *tree.Tree, op wire.Op, record jute.Record) {
	t.Helper()
	header := txn.Header{Zxid: to.Zxid() + 1, Type: op}
	if result, err := to.Apply(txn.NewEntry(header, record, nil)); err != nil || result.Code != 0 {
		t.Fatalf("%v: %v, %+v", op, err, result)
	}
}

// arrangeAll puts children in order, as long as somebody is kept from the tree at a time.
func arrangeAll(t *testing.T, parent tree.Node, children int) {
	t.Helper()
	began, longest := time.Now(), time.Duration(0)
	for more := true; more; {
		step := time.Now()
		more = parent.Arrange("", children+1, arrangedPerHold)
		longest = max(longest, time.Since(step))
	}
	t.Logf("in order after %v, the longest step took %v", time.Since(began), longest)
}

// turnPages lists from the begin, over the gap in the middle, and to the end.
func turnPages(t *testing.T, parent tree.Node, children int) {
	t.Helper()
	began := time.Now()
	name := func(i int) string { return childPath(i)[len("/p/"):] }
	for _, c := range []struct {
		after, first, last string
		more               bool
	}{
		{"", name(0), name(999), true},
		{name(children/2 - 1), name(children/2 + 1), name(children/2 + 1000), true},
		{name(children - 100), name(children - 99), name(children), false},
	} {
		names, more := page(parent, c.after, 1000)
		if names[0] != c.first || names[len(names)-1] != c.last || more != c.more {
			t.Errorf("behind %q: %d names from %q to %q, more %v", c.after, len(names),
				names[0], names[len(names)-1], more)
		}
	}
	t.Logf("three pages (arranged: %v) after %v", parent.Arranged("", 1), time.Since(began))
}
