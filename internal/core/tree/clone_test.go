package tree

import (
	"testing"

	"zoo"
	"zoo/internal/txn"
	"zoo/internal/wire"
)

// A clone is shown to readers while the tree itself goes another way: what happens
// to the one must not show in the other.
func TestACloneGoesItsOwnWay(t *testing.T) {
	h := newHistory(t)
	h.do(7, wire.OpCreateSession, &txn.CreateSessionTxn{TimeOut: 5000})
	h.create("/a", "one", zoo.OpenACL())
	original, frozen := h.tree, h.tree.Freeze()
	cloner := NewCloner(frozen)
	for cloner.Step(1) {
	}
	clone, err := cloner.Finish(nil)
	if err != nil {
		t.Fatal(err)
	}
	frozen.Close()
	if clone.Digest() != original.Digest() || clone.Zxid() != original.Zxid() ||
		clone.SessionCount() != 1 {
		t.Fatalf("the clone differs: zxid %v, %d sessions", clone.Zxid(), clone.SessionCount())
	}
	h.tree = clone
	h.do(7, wire.OpSetData, &txn.SetDataTxn{Path: "/a", Data: []byte("two"), Version: 1})
	if h.text("/a") != "two" {
		t.Fatalf("the clone has %q", h.text("/a"))
	}
	h.tree = original
	if h.text("/a") != "one" {
		t.Fatalf("the original has %q", h.text("/a"))
	}
}
