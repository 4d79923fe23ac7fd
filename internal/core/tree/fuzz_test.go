package tree

import (
	"errors"
	"testing"

	"zoo"
	"zoo/internal/check/alloc"
	"zoo/internal/jute"
	"zoo/internal/txn"
	"zoo/internal/wire"
)

// FuzzApply replays an entry that may say anything, twice. The tree refuses it or
// takes it, and what it then holds comes back from its own snapshot.
func FuzzApply(f *testing.F) {
	add := func(op wire.Op, record jute.Record) { f.Add(int32(op), record.AppendTo(nil)) }
	add(wire.OpCreate, &txn.CreateTxn{Path: "/a/c", Data: []byte("x"), ACL: aliceACL,
		Ephemeral: true, ParentCVersion: 3})
	add(wire.OpCreate, &txn.CreateTxn{Path: "/zookeeper/quota/a/zookeeper_stats"})
	add(wire.OpCreateTTL, &txn.CreateTTLTxn{Path: "/a/t", TTL: 9})
	add(wire.OpDelete, &txn.DeleteTxn{Path: "/a"})
	add(wire.OpSetData, &txn.SetDataTxn{Path: "/a/b", Data: []byte("y"), Version: 1})
	add(wire.OpSetACL, &txn.SetACLTxn{Path: "/a/b", ACL: aliceACL, Version: 1})
	add(wire.OpError, &txn.ErrorTxn{Err: zoo.CodeNoNode})
	add(wire.OpCreateSession, &txn.CreateSessionTxn{TimeOut: 9})
	add(wire.OpCloseSession, &txn.CloseSessionTxn{Paths: []string{"/a/b", "/a"}})
	add(wire.OpMulti, &txn.MultiTxn{Txns: []txn.SubTxn{
		part(wire.OpDelete, &txn.DeleteTxn{Path: "/a/b"}),
		part(wire.OpCreate, &txn.CreateTxn{Path: "/a/b"})}})
	f.Fuzz(fuzzApply)
}

func fuzzApply(t *testing.T, op int32, record []byte) {
	h, replayed := fuzzTree(t), fuzzTree(t)
	header := txn.Header{Session: 5, Zxid: h.zxid + 1, Time: 1000, Type: wire.Op(op)}
	e, err := txn.ParseEntry(append(txn.AppendHeader(nil, header), record...))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		var refused *EntryError
		before := alloc.Total()
		_, err := h.tree.Apply(e)
		if err != nil && !errors.As(err, &refused) {
			t.Fatalf("not an EntryError: %v", err)
		}
		alloc.Explained(t, len(record), alloc.Total()-before)
		_, again := replayed.tree.ApplyAll(prepared(e))
		if (again == nil) != (err == nil) || replayed.tree.Digest() != h.tree.Digest() {
			t.Fatalf("prepared: %v, digest %#x; else: %v, digest %#x",
				again, replayed.tree.Digest(), err, h.tree.Digest())
		}
	}
	reload(t, h.tree)
	reload(t, replayed.tree)
}

func fuzzTree(t *testing.T) *history {
	h := newHistory(t)
	h.create("/a", "", nil)
	h.create("/a/b", "x", aliceACL)
	h.create("/zookeeper/quota/a", "", nil)
	h.create("/zookeeper/quota/a/zookeeper_limits", "count=1,bytes=1", nil)
	h.create("/zookeeper/quota/a/zookeeper_stats", "", nil)
	return h
}
