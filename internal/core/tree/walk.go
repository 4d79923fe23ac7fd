package tree

import (
	"encoding/binary"

	"zoo"
	"zoo/internal/jute"
	"zoo/internal/wire"
)

// EachNode visits all znodes, parents before children, until visit returns
// false. The root's path is ""; a path is only good during the visit.
func (t *Tree) EachNode(visit func(path string, n Node) bool) {
	var path []byte
	for s := rootSlot; ; {
		path = t.appendPath(path[:0], s)
		if !visit(stringOf(path), Node{t, s}) {
			return
		}
		if s = t.following(s, rootSlot); s == noSlot {
			return
		}
	}
}

// Fingerprint is a number that two trees share if and, but for chance, only if
// they have the same znodes with the same data, stats and ACLs, the same
// sessions and the same zxid. The order of children, the numbers of the ACLs and
// the usage of quotas do not matter. It reads the whole tree.
func (t *Tree) Fingerprint() uint64 {
	sum := fold(uint64(t.zxid)+1, 0x9e3779b97f4a7c15)
	var b []byte
	t.EachNode(func(path string, n Node) bool {
		b = jute.AppendString(b[:0], path)
		if !isQuotaUsage(path) {
			b = jute.AppendBuffer(b, n.Data())
		}
		b = wire.AppendACL(b, n.ACL())
		st := n.Persisted()
		b = wire.AppendStatPersisted(b, &st)
		sum += hashBytes(b)
		return true
	})
	for id, timeout := range t.sessions {
		b = jute.AppendLong(b[:0], int64(id))
		sum += hashBytes(jute.AppendInt(b, timeout))
	}
	return sum
}

// hashBytes is FNV-1a by words, good enough to tell honest trees apart.
func hashBytes(p []byte) uint64 {
	h := uint64(0xcbf29ce484222325) ^ uint64(len(p))
	for ; len(p) >= 8; p = p[8:] {
		h = fold(h^binary.LittleEndian.Uint64(p), 0xd6e8feb86659fd93)
	}
	for _, c := range p {
		h = (h ^ uint64(c)) * 0x100000001b3
	}
	return fold(h, 0x9e3779b97f4a7c15)
}

// Session is a session of the ensemble as snapshots keep it.
type Session struct {
	ID            zoo.SessionID
	TimeoutMillis int32
}
