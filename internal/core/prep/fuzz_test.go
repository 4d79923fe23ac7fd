package prep

import (
	"testing"

	"zoo"
	"zoo/internal/check/alloc"
	"zoo/internal/core/tree"
	"zoo/internal/jute"
	"zoo/internal/wire"
)

// FuzzPrepare gives the leader a client's write that may say anything. It becomes
// an entry that the tree can apply, with the digest that the tree then has.
func FuzzPrepare(f *testing.F) {
	add := func(op wire.Op, r jute.Record) { f.Add(int32(op), body(r)) }
	add(wire.OpCreate, create("/a/n-", zoo.EphemeralSequential))
	add(wire.OpCreate2, closed("/a/c"))
	add(wire.OpCreateContainer, create("/a/c", zoo.Container))
	add(wire.OpCreateTTL, &wire.CreateTTLRequest{
		Path: "/a/t", ACL: zoo.OpenACL(), Flags: zoo.PersistentTTL, TTL: 5})
	add(wire.OpDelete, remove("/a/b", 0))
	add(wire.OpDeleteContainer, &wire.DeleteContainerRequest{Path: "/a/b"})
	add(wire.OpSetData, set("/a/b", "y", 0))
	add(wire.OpSetACL, grant("/a/b", private(), 0))
	add(wire.OpMulti, multi{{wire.OpDelete, remove("/a/b", 0)}, {wire.OpCheck, check("/a", 0)},
		{wire.OpCreate, create("/a/b", 0)}})
	add(wire.OpReconfig, &wire.ReconfigRequest{JoiningServers: "server.1=a:1:2", CurConfigID: -1})
	add(wire.OpCreateSession, raw("\x00\x00\x10\x00"))
	add(wire.OpCreateIfNotExists, create("/a/b", 0))
	add(wire.OpTryRemove, try("/a/b", 0))
	add(wire.OpRemoveRecursive, uproot("/a", 2))
	add(wire.OpMulti, multi{{wire.OpCheckNotExists, ifMissing("/x", 0)},
		{wire.OpRemoveRecursive, uproot("/a", -1)}, {wire.OpCreateIfNotExists, create("/a", 0)},
		{wire.OpTryRemove, try("/a", 0)}})
	f.Add(int32(wire.OpCloseSession), []byte(nil))
	f.Fuzz(func(t *testing.T, op int32, record []byte) {
		p := newPlay(t, nil)
		p.tree.SetTypes(tree.Types{Extended: true})
		p.do(wire.OpCreate, create("/a", 0))
		p.do(wire.OpCreate, create("/a/b", zoo.Ephemeral))
		alloc.Bounded(t, len(record), func() {
			p.prepare(alice, wire.Op(op), raw(record), aliceID)
		})
		p.prepare(bob, wire.OpSetData, set("/a", "behind it", 0))
		p.settle()
	})
}
