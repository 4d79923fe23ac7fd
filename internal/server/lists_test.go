package server

import (
	"bytes"
	"fmt"
	"testing"

	"zoo/internal/check/alloc"
	"zoo/internal/core/tree"
	"zoo/internal/txn"
	"zoo/internal/wire"
)

// listsTest is a tree with large families, and what is kept of them.
type listsTest struct {
	t    *testing.T
	tree *tree.Tree
	kept lists
}

func newListsTest(t *testing.T) *listsTest {
	l := &listsTest{t: t, tree: tree.New()}
	l.parent("/p", listChildrenMin)
	return l
}

// parent makes a znode with n children.
func (l *listsTest) parent(path string, n int) {
	l.create(path, 0)
	for i := range n {
		l.create(fmt.Sprintf("%s/n%06d", path, i), i+1)
	}
}

func (l *listsTest) create(path string, cversion int) {
	l.t.Helper()
	change(l.t, l.tree, wire.OpCreate,
		&txn.CreateTxn{Path: path, ParentCVersion: int32(cversion)})
}

// asks fails unless the names are those of the tree.
func (l *listsTest) asks(path string) {
	l.t.Helper()
	n, found := l.tree.Lookup(path)
	if !found {
		l.t.Fatalf("%s is missing", path)
	}
	front := []byte("in front")
	got := l.kept.appendNames(bytes.Clone(front), n)
	if want := n.AppendChildNames(front); !bytes.Equal(got, want) {
		l.t.Fatalf("the children of %s are not those of the tree", path)
	}
}

// has tells how many lists are kept.
func (l *listsTest) has() (n int) {
	for i := range l.kept.kept {
		if known := l.kept.kept[i].Load(); known != nil && known.encoded != nil {
			n++
		}
	}
	return n
}

// The plot: many ask for the same children, which are encoded for the first two of them.
// One child comes and one goes, and everybody hears of that; a parent that is deleted and
// made again under the same name has other children.
func TestAListIsTheChildrenAsTheyAre(t *testing.T) {
	l := newListsTest(t)
	for range 3 {
		l.asks("/p")
	}
	if l.has() != 1 {
		t.Fatalf("%d lists are kept of one family", l.has())
	}
	l.create("/p/new", listChildrenMin+1)
	l.asks("/p")
	l.asks("/p")
	change(t, l.tree, wire.OpDelete, &txn.DeleteTxn{Path: "/p/new"})
	l.asks("/p")
	l.asks("/p")
	for i := range listChildrenMin {
		change(t, l.tree, wire.OpDelete, &txn.DeleteTxn{Path: fmt.Sprintf("/p/n%06d", i)})
	}
	change(t, l.tree, wire.OpDelete, &txn.DeleteTxn{Path: "/p"})
	l.parent("/p", listChildrenMin+1)
	l.asks("/p")
}

// The plot: children are asked for once after each change. No copy is made that nobody
// would use.
func TestWhatIsAskedForOnceIsNotKept(t *testing.T) {
	l := newListsTest(t)
	for i := range 3 {
		l.create(fmt.Sprintf("/p/more%d", i), listChildrenMin+1+i)
		l.asks("/p")
	}
	if l.has() != 0 {
		t.Errorf("%d lists are kept", l.has())
	}
}

// The plot: more families than there are places are asked for in turn, small and long ones
// among them. Each is answered from the tree or from its list, and what nobody has asked for
// between two looks is let go.
func TestListsAreBounded(t *testing.T) {
	l := newListsTest(t)
	l.parent("/small", listChildrenMin-1)
	l.parent("/long", listBytesMax/8)
	for i := range 2 * listsKept {
		l.parent(fmt.Sprintf("/f%d", i), listChildrenMin+i)
	}
	for range 3 {
		l.asks("/small")
		l.asks("/long")
		for i := range 2 * listsKept {
			path := fmt.Sprintf("/f%d", i)
			l.asks(path)
			l.asks(path)
		}
	}
	if n := l.has(); n == 0 || n > listsKept {
		t.Errorf("%d lists are kept, of at most %d", n, listsKept)
	}
	l.kept.forget()
	l.kept.forget()
	if l.has() != 0 {
		t.Errorf("%d lists are kept that nobody asks for", l.has())
	}
}

// A list that is kept is copied, and nothing is made.
func TestAKeptListAllocatesNothing(t *testing.T) {
	l := newListsTest(t)
	l.asks("/p")
	l.asks("/p")
	n, _ := l.tree.Lookup("/p")
	out := l.kept.appendNames(nil, n)
	alloc.Guard(t, []alloc.Path{{Title: "a kept list",
		Step: func() { out = l.kept.appendNames(out[:0], n) }}})
}
