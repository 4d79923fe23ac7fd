package zab

import (
	"testing"

	"zoo"
	"zoo/internal/check/alloc"
	"zoo/internal/txn"
	"zoo/internal/wire"
)

func TestAStepOfTheProtocolAllocatesNothing(t *testing.T) { alloc.Guard(t, hotPaths(t)) }

func BenchmarkStep(b *testing.B) { alloc.Measure(b, hotPaths(b)) }

// stepBatch is how many proposals come in one turn.
const stepBatch = 100

// hotPaths are turns of stepBatch proposals each, from the request to the commit: those of a
// leader with two followers, of a follower, and of an observer, with the journal's half, and
// the history by itself.
func hotPaths(tb testing.TB) []alloc.Path {
	value := make([]byte, 1024)
	bytes := int64(stepBatch * len(value))
	return []alloc.Path{
		{Title: "leader", Bytes: bytes, Step: leads(tb, value)},
		{Title: "follower", Bytes: bytes, Step: follows(tb, wire.PacketProposal, value)},
		{Title: "observer", Bytes: bytes, Step: follows(tb, wire.PacketInform, value)},
		{Title: "history", Bytes: bytes, Step: remembers(value)},
	}
}

// stamped makes one entry of each zxid out of the same bytes, which it changes.
func stamped(z zoo.Zxid, value []byte) txn.Entry {
	header := txn.Header{Zxid: z, Type: wire.OpSetData}
	header.AppendTo(value[:0])
	return txn.Entry{Zxid: z, Bytes: value}
}

// settled counts what is committed as applied, and forgets what is old.
func (m *member) settled() {
	for _, ready := m.history.Next(m.journal.Persisted()); ready; {
		m.history.Advance()
		_, ready = m.history.Next(m.journal.Persisted())
	}
	m.history.Trim(2*stepBatch, 0)
}

func leads(tb testing.TB, value []byte) func() {
	m := newMember(tb, 1, 3)
	m.cfg.EpochTurnAt = zoo.CounterMax
	l := NewLeader(0, m.cfg, m.history, m.journal, &m.epochs, &m.out)
	hear := func(link LinkID, p *wire.QuorumPacket) { l.Receive(0, link, p) }
	disk := func() {
		m.disk()
		l.Persisted(0)
	}
	ack := wire.AckEpoch{}
	for link := LinkID(2); link <= 3; link++ {
		l.Connected(0, link)
		hear(link, registration(wire.PacketFollowerInfo, zoo.ServerID(link), 0))
		disk()
		hear(link, packet(wire.PacketAckEpoch, 0, ack.AppendTo(nil)))
		disk()
		hear(link, packet(wire.PacketAck, l.Epoch().Start(), nil))
	}
	if !l.Broadcasting() {
		tb.Fatal("it does not lead")
	}
	m.out.Take()
	acked := packet(wire.PacketAck, 0, nil)
	return func() {
		for range stepBatch {
			l.Propose(stamped(l.NextZxid(), value))
		}
		acked.Zxid = m.history.Last()
		hear(2, acked)
		hear(3, acked)
		disk()
		l.Commit()
		if sent := len(m.out.Take()); sent != 4*stepBatch || m.history.Committed() != acked.Zxid {
			tb.Fatalf("%d packets for %d proposals", sent, stepBatch)
		}
		m.settled()
	}
}

// follows is a learner that hears of transactions by packets of a kind. A follower is told
// to commit what it has acknowledged.
func follows(tb testing.TB, kind wire.PacketType, value []byte) func() {
	m, x := inSync(tb, kind == wire.PacketInform)
	last := x.Epoch().Start()
	proposed, committed := packet(kind, 0, nil), packet(wire.PacketCommit, 0, nil)
	return func() {
		first := last.Next()
		for range stepBatch {
			last = last.Next()
			proposed.Zxid, proposed.Data = last, stamped(last, value).Bytes
			x.Receive(0, proposed)
		}
		m.disk()
		x.Persisted()
		for z := first; z <= last && kind == wire.PacketProposal; z = z.Next() {
			committed.Zxid = z
			x.Receive(0, committed)
		}
		if m.out.Take(); m.history.Committed() != last || x.Failed() != "" {
			tb.Fatalf("%v is committed, not %v: %s", m.history.Committed(), last, x.Failed())
		}
		m.settled()
	}
}

// inSync is server 3, which follows or observes 1 in epoch 2.
func inSync(tb testing.TB, observer bool) (*member, *Learner) {
	m := newMember(tb, 3, 3)
	x := NewLearner(0, m.cfg, 1, m.history, m.journal, &m.epochs, &m.out)
	x.observer = observer
	x.Connected(0, 3)
	start := zoo.Epoch(2).Start()
	info := wire.LeaderInfo{ProtocolVersion: wire.LearnerProtocolVersion}
	for _, p := range []*wire.QuorumPacket{
		packet(wire.PacketLeaderInfo, start, wire.AppendExtensionMark(info.AppendTo(nil))),
		diff(), packet(wire.PacketNewLeader, start, nil), packet(wire.PacketUpToDate, -1, nil),
	} {
		x.Receive(0, p)
		m.disk()
		x.Persisted()
	}
	if m.out.Take(); !x.Following() {
		tb.Fatal(x.Failed())
	}
	return m, x
}

// remembers is the history alone.
func remembers(value []byte) func() {
	h := NewHistory(0, nil)
	return func() {
		for range stepBatch {
			h.Append(stamped(h.Last().Next(), value))
		}
		h.Commit(h.Last())
		for _, ready := h.Next(h.Last()); ready; _, ready = h.Next(h.Last()) {
			h.Advance()
		}
		h.Trim(2*stepBatch, 0)
	}
}
