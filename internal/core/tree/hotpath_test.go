package tree

import (
	"testing"

	"zoo"
	"zoo/internal/check/alloc"
	"zoo/internal/jute"
	"zoo/internal/txn"
	"zoo/internal/wire"
)

func TestATreeThatDoesNotGrowAllocatesNothing(t *testing.T) { alloc.Guard(t, hotPaths(t, 2000)) }

func BenchmarkApply(b *testing.B) { alloc.Measure(b, hotPaths(b, benchNodes)) }

// hotPaths are transactions applied to a tree of so many znodes, and a lookup.
func hotPaths(tb testing.TB, znodes int) []alloc.Path {
	h := grown(tb, znodes)
	apply1 := func(title string, entries ...txn.Entry) alloc.Path {
		return applying(tb, h.tree, title, entries)
	}
	entry := func(op wire.Op, record jute.Record) txn.Entry {
		h.zxid++
		return txn.NewEntry(txn.Header{Zxid: h.zxid, Type: op}, record, nil)
	}
	const fresh, ordered = "/bench/dir-000000/another-znode", "/bench/dir-000001/another-znode"
	createdAt := func(path string, acl []zoo.ACL) txn.Entry {
		return entry(wire.OpCreate, &txn.CreateTxn{
			Path: path, Data: make([]byte, 100), ACL: acl, ParentCVersion: -1})
	}
	created := func(acl []zoo.ACL) txn.Entry { return createdAt(fresh, acl) }
	arrange(h, "/bench/dir-000001")
	removed := entry(wire.OpDelete, &txn.DeleteTxn{Path: fresh})
	h.create("/closed", "", aliceACL)
	set := txn.SetDataTxn{Path: benchPath(7), Data: make([]byte, 100)}
	part := txn.SubTxn{Type: wire.OpSetData, Data: set.AppendTo(nil)}
	found := benchPath(znodes / 2)
	return []alloc.Path{
		apply1("setData", entry(wire.OpSetData, &set)),
		apply1("multi", entry(wire.OpMulti, &txn.MultiTxn{Txns: []txn.SubTxn{part, part}})),
		apply1("create and delete", created(zoo.OpenACL()), removed),
		apply1("create and delete among children in order", createdAt(ordered, zoo.OpenACL()),
			entry(wire.OpDelete, &txn.DeleteTxn{Path: ordered})),
		apply1("create and delete with an ACL", created(aliceACL), removed),
		apply1("error", entry(wire.OpError, &txn.ErrorTxn{Err: zoo.CodeNoNode})),
		{Title: "lookup", Step: func() {
			if n, ok := h.tree.Lookup(found); !ok || len(n.Data()) != 100 {
				tb.Fatal("lost")
			}
		}},
	}
}

func applying(tb testing.TB, t *Tree, title string, entries []txn.Entry) alloc.Path {
	bytes := 0
	for _, e := range entries {
		bytes += len(e.Bytes)
	}
	return alloc.Path{Title: title, Bytes: int64(bytes), Step: func() {
		for _, e := range entries {
			apply(tb, t, e)
		}
	}}
}

// arrange puts all children in order.
func arrange(h *history, path string) {
	parent, _ := h.tree.Lookup(path)
	for parent.Arrange("", parent.NumChildren(), parent.NumChildren()) {
	}
}
