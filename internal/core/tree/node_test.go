package tree

import (
	"testing"
	"unsafe"

	"zoo/internal/txn"
	"zoo/internal/wire"
)

// What a znode takes is the tree's bill times a million: a field more must be meant.
// A chunk of records should fill whole pages of the allocator, too.
func TestARecordTakesEightyBytes(t *testing.T) {
	if size := unsafe.Sizeof(node{}); size != 80 {
		t.Errorf("a record takes %d bytes, not 80", size)
	}
	if size := unsafe.Sizeof(extra{}); size != 40 {
		t.Errorf("the other half takes %d bytes, not 40", size)
	}
}

// Most znodes are leaves that nobody owns. They come, change and go without a second
// half, and a second half that is no longer needed serves another.
func TestLeavesHaveNoSecondHalf(t *testing.T) {
	h := newHistory(t)
	h.create("/a", "one", nil)
	before := h.tree.nodes.extras.used
	for _, path := range []string{"/a/b", "/a/c", "/a/d"} {
		h.create(path, "one", nil)
	}
	h.do(0, wire.OpSetData, &txn.SetDataTxn{Path: "/a/b", Data: []byte("two"), Version: 1})
	if took := h.tree.nodes.extras.used - before; took != 1 {
		t.Errorf("%d second halves for one parent with three children", took)
	}
	for round := range 5 {
		h.do(7, wire.OpCreate, &txn.CreateTxn{Path: "/a/e", Ephemeral: true, ParentCVersion: -1})
		h.do(0, wire.OpDelete, &txn.DeleteTxn{Path: "/a/e"})
		if took := h.tree.nodes.extras.used - before; took != 2 {
			t.Fatalf("round %d: %d second halves for a parent and an ephemeral", round, took)
		}
	}
}
