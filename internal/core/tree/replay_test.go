package tree

import (
	"testing"

	"pgregory.net/rapid"

	"zoo/internal/txn"
	"zoo/internal/wire"
)

// prepared is entries as the reader of a log hands them on.
func prepared(entries ...txn.Entry) []Replay {
	list, digester := make([]Replay, len(entries)), new(Digester)
	for i, e := range entries {
		list[i].Entry = e
		list[i].Prepare(digester)
	}
	return list
}

// A history of every kind of transaction, cut into chunks anywhere, gives the tree that a
// map of znodes describes, as it does when its entries are applied one by one; and once more
// from anywhere changes nothing.
func TestAPreparedLogGivesTheSameTree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tree, w := pair()
		var entries []txn.Entry
		for range rapid.IntRange(1, 150).Draw(t, "steps") {
			entries = append(entries, w.step(t))
		}
		list := prepared(entries...)
		for rest := list; len(rest) > 0; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "chunk")
			if failed, err := tree.ApplyAll(rest[:n]); failed != n || err != nil {
				t.Fatalf("entry %d: %v", failed, err)
			}
			rest = rest[n:]
		}
		if err := w.compare(tree); err != nil {
			t.Fatalf("%v", err)
		}
		apply(t, tree, w.step(t))
		if err := w.compare(tree); err != nil {
			t.Fatalf("an entry without preparation behind them: %v", err)
		}
	})
}

// The one that cannot be read is named, and what is before it is applied.
func TestAPreparedLogEndsWhereItCannotBeRead(t *testing.T) {
	h := newHistory(t)
	header := txn.Header{Zxid: h.zxid + 1, Type: wire.OpCreate}
	good := txn.NewEntry(header, &txn.CreateTxn{Path: "/a", Data: []byte("x")}, nil)
	header.Zxid++
	bad := txn.NewEntry(header, nil, nil)
	failed, err := h.tree.ApplyAll(prepared(good, bad, good))
	if failed != 1 || err == nil || h.text("/a") == "absent" {
		t.Fatalf("entry %d is refused: %v; /a is %s", failed, err, h.text("/a"))
	}
}
