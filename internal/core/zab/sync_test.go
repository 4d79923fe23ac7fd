package zab

import (
	"testing"

	"zoo"
	"zoo/internal/txn"
	"zoo/internal/wire"
)

func logged(zxids ...zoo.Zxid) []txn.Entry {
	var entries []txn.Entry
	for _, z := range zxids {
		h := txn.Header{Zxid: z, Type: wire.OpError}
		entries = append(entries, txn.NewEntry(h, &txn.ErrorTxn{}, nil))
	}
	return entries
}

// The rows of the sync decision table, in its order. The leader's snapshot is at
// (1,4); it has logged (1,5), (1,6), (1,8), (3,1) and (3,2), of which the last is
// outstanding. The hole at (1,7) cannot come from one leader, but a learner may
// claim it.
func TestEachRowOfTheSyncDecision(t *testing.T) {
	z := zoo.MakeZxid
	const settled = 4 // (3,1) is the last one committed
	rows := []struct {
		title     string
		processed zoo.Zxid
		peer      zoo.Zxid
		kind      wire.PacketType
		to        zoo.Zxid
		sends     int
	}{
		{"the peer has all", z(3, 1), z(3, 1), wire.PacketDiff, z(3, 1), 0},
		{"the peer is at the start of our epoch", z(4, 0), z(4, 0), wire.PacketDiff, z(4, 0), 0},
		{"the peer is ahead", z(3, 1), z(3, 2), wire.PacketTrunc, z(3, 1), 0},
		{"the peer is ahead with an empty epoch", z(3, 1), z(5, 0), wire.PacketDiff, z(3, 1), 0},
		{"the peer is found", z(3, 1), z(1, 5), wire.PacketDiff, z(3, 1), 3},
		{"the peer is at our snapshot", z(3, 1), z(1, 4), wire.PacketDiff, z(3, 1), 4},
		{"the peer is at the start of an epoch", z(3, 1), z(2, 0), wire.PacketDiff, z(3, 1), 1},
		{"the peer is in a hole of its epoch", z(3, 1), z(1, 7), wire.PacketTrunc, z(1, 6), 2},
		{"the peer has an epoch that we have not", z(3, 1), z(2, 9), wire.PacketTrunc, z(1, 8), 1},
		{"the peer is before our memory", z(3, 1), z(1, 3), wire.PacketSnap, z(1, 5), 3},
	}
	for _, row := range rows {
		t.Run(row.title, func(t *testing.T) {
			h := NewHistory(z(1, 4), logged(z(1, 5), z(1, 6), z(1, 8), z(3, 1), z(3, 2)))
			h.Commit(z(3, 1))
			h.Advance()
			p := planSync(h, settled, row.processed, row.peer)
			if p.kind != row.kind || p.zxid != row.to || len(p.pending(h, settled)) != row.sends {
				t.Fatalf("got %v to %v and %d entries, want %v to %v and %d", p.kind, p.zxid,
					len(p.pending(h, settled)), row.kind, row.to, row.sends)
			}
		})
	}
}

// Once the tree holds all that the peer could have logged, a SNAP takes nothing
// from it.
func TestPeerOfAnotherEpochGetsTheTreeOnceItHoldsAllOfIts(t *testing.T) {
	z := zoo.MakeZxid
	h := NewHistory(z(1, 4), logged(z(1, 5), z(1, 6), z(3, 1)))
	h.Commit(z(3, 1))
	h.Advance()
	h.Advance()
	if p := planSync(h, 3, z(3, 1), z(2, 9)); p.kind != wire.PacketSnap || p.zxid != z(1, 6) {
		t.Fatalf("got %v to %v", p.kind, p.zxid)
	}
}

// A leader whose history is empty in memory stands at the start of an epoch.
// Java would keep the first entry behind it when told to TRUNC there.
func TestNobodyIsTruncatedToTheStartOfAnEpoch(t *testing.T) {
	h := NewHistory(zoo.MakeZxid(2, 0), nil)
	p := planSync(h, 0, zoo.MakeZxid(3, 0), zoo.MakeZxid(2, 1))
	if p.kind != wire.PacketSnap {
		t.Fatalf("got %v to %v, want SNAP", p.kind, p.zxid)
	}
}
