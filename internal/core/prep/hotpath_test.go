package prep

import (
	"strings"
	"testing"

	"zoo"
	"zoo/internal/check/alloc"
	"zoo/internal/jute"
	"zoo/internal/wire"
)

func TestPreparingAllocatesNothingForEachRequest(t *testing.T) { alloc.Guard(t, hotPaths(t)) }

func BenchmarkPrepare(b *testing.B) { alloc.Measure(b, hotPaths(b)) }

// hotPaths are requests of one kind each, prepared and counted as applied: the entry is then
// a view of a block for many. A sequential znode has a path of its own besides.
func hotPaths(tb testing.TB) []alloc.Path {
	kilobyte := &wire.SetDataRequest{
		Path: "/a", Data: []byte(strings.Repeat("x", 1024)), Version: anyVersion}
	var ten multi
	for range 10 {
		ten = append(ten, part{wire.OpSetData, kilobyte})
	}
	return []alloc.Path{
		preparing(tb, "setData", 0, wire.OpSetData, kilobyte),
		preparing(tb, "create", 0, wire.OpCreate, create("/a/child", 0)),
		preparing(tb, "create sequential", 1, wire.OpCreate,
			create("/a/child-", zoo.PersistentSequential)),
		preparing(tb, "delete", 0, wire.OpDelete, remove("/b", anyVersion)),
		preparing(tb, "multi", 0, wire.OpMulti, multi{
			{wire.OpCheck, check("/a", anyVersion)},
			{wire.OpSetData, set("/a", "x", anyVersion)},
			{wire.OpCreate, create("/a/child", 0)},
		}),
		preparing(tb, "multi of ten setData", 1, wire.OpMulti, ten), // too large to share a block
		preparing(tb, "refused", 0, wire.OpSetData, set("/none", "x", anyVersion)),
	}
}

func preparing(
	tb testing.TB, title string, most int, op wire.Op, record jute.Record,
) alloc.Path {
	p := newPlay(tb, nil)
	p.do(wire.OpCreate, create("/a", 0))
	p.do(wire.OpCreate, create("/b", 0))
	p.prep.Applied(p.zxid)
	request := Request{Session: alice, Op: op, Owner: owner, Body: body(record)}
	return alloc.Path{Title: title, Most: most, Bytes: int64(len(request.Body)), Step: func() {
		p.zxid = p.zxid.Next()
		p.prep.Prepare(p.zxid, noon, request)
		p.prep.Applied(p.zxid)
	}}
}
