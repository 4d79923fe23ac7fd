package zab

import (
	"testing"

	"zoo"
	"zoo/internal/jute"
	"zoo/internal/wire"
)

// uncut makes a learner that can take nothing but the tree tell what it has.
func uncut(t *testing.T, leaderInfo []byte) (*Learner, wire.QuorumPacket) {
	t.Helper()
	m := newMember(t, 3, 3)
	z := zoo.MakeZxid(1, 7)
	m.history, m.journal = NewHistory(z, nil), NewJournal(z)
	m.epochs = Epochs{Accepted: 1, Current: 1}
	l := NewLearner(0, m.cfg, 1, m.history, m.journal, &m.epochs, &m.out)
	l.WantTree()
	l.Connected(0, 3)
	m.told(3)
	l.Receive(0, packet(wire.PacketLeaderInfo, zoo.Epoch(2).Start(), leaderInfo))
	m.disk()
	l.Persisted()
	told := m.told(3)
	if len(told) != 1 || told[0].Type != wire.PacketAckEpoch {
		t.Fatalf("told %v", told)
	}
	return l, told[0]
}

func currentEpochIn(p wire.QuorumPacket) int32 {
	d := jute.NewDecoder(p.Data)
	var ack wire.AckEpoch
	ack.DecodeFrom(&d)
	return ack.CurrentEpoch
}

// A leader of ours is told the truth, and asked. One written in Java cannot be asked: it
// is told of an empty log, for which it has a SNAP, and in such a way that the lie does
// not count when the leader is compared with a quorum.
func TestLearnerThatCannotBeCutAsksForTheTree(t *testing.T) {
	info := wire.LeaderInfo{ProtocolVersion: wire.LearnerProtocolVersion}
	java := info.AppendTo(nil)
	if _, p := uncut(t, java); p.Zxid != 0 || currentEpochIn(p) != -1 || len(p.Data) != 4 {
		t.Errorf("to a leader in Java: %v, epoch %d", p.Zxid, currentEpochIn(p))
	}
	ours := wire.AppendExtensionMark(info.AppendTo(nil))
	_, p := uncut(t, ours)
	if p.Zxid != zoo.MakeZxid(1, 7) || currentEpochIn(p) != 1 || !wire.WantsTree(p.Data) {
		t.Errorf("to a leader of ours: %v, epoch %d, asks %v", p.Zxid, currentEpochIn(p),
			wire.WantsTree(p.Data))
	}
}

// Whatever the leader says instead of SNAP would leave a wrong history in place.
func TestLearnerThatCannotBeCutTakesNothingButTheTree(t *testing.T) {
	info := wire.LeaderInfo{ProtocolVersion: wire.LearnerProtocolVersion}
	for _, kind := range []wire.PacketType{wire.PacketDiff, wire.PacketTrunc, wire.PacketSnap} {
		l, _ := uncut(t, info.AppendTo(nil))
		l.Receive(0, packet(kind, zoo.MakeZxid(1, 3), nil))
		if failed := l.Failed() != ""; failed != (kind != wire.PacketSnap) {
			t.Errorf("%v: failed %q", kind, l.Failed())
		}
		if l.history.Last() != zoo.MakeZxid(1, 7) {
			t.Errorf("%v: the log ends with %v", kind, l.history.Last())
		}
	}
}

// A peer so far ahead in its epoch has restored a snapshot, wherever we stand.
func TestPeerThatHasRestoredASnapshotGetsTheTree(t *testing.T) {
	z := zoo.MakeZxid
	for _, row := range []struct {
		title string
		peer  zoo.Zxid
		kind  wire.PacketType
	}{
		{"ahead of our last entry", z(3, 1+RestoreRoom), wire.PacketSnap},
		{"not so far ahead", z(3, RestoreRoom), wire.PacketTrunc},
		{"ahead in an earlier epoch", z(1, 6+RestoreRoom), wire.PacketSnap},
		{"ahead in an epoch that we have not", z(2, RestoreRoom), wire.PacketSnap},
	} {
		h := NewHistory(z(1, 4), logged(z(1, 5), z(1, 6), z(3, 1)))
		if p := planSync(h, 3, z(4, 0), row.peer); p.kind != row.kind {
			t.Errorf("%s: %v", row.title, p.kind)
		}
	}
}

// A tree that lacks what the peer has logged must not replace it, unless nobody has
// committed that.
func TestTreeWaitsForWhatThePeerHasLogged(t *testing.T) {
	z := zoo.MakeZxid
	h := NewHistory(z(1, 4), logged(z(1, 5), z(1, 6), z(1, 7)))
	h.Commit(z(1, 6))
	h.Advance()
	if _, ready := planTree(h, 2, z(1, 7)); ready {
		t.Error("a tree as of 1,5 replaces 1,6")
	}
	h.Advance()
	if p, ready := planTree(h, 2, z(1, 7)); !ready || p.kind != wire.PacketSnap ||
		p.zxid != z(1, 6) {
		t.Errorf("ready %v: %v to %v", ready, p.kind, p.zxid)
	}
}
