package zab

import (
	"slices"
	"testing"

	"zoo"
	"zoo/internal/core/quorum"
	"zoo/internal/wire"
)

// The plot: a leader has offered its epoch to a learner, and enters the next one before the
// learner has answered. It could send the learner nothing but a NEWLEADER of an epoch that
// was never offered, so it hangs up, and the learner begins anew.
func TestWhoWasOfferedTheOldEpochBeginsAnew(t *testing.T) {
	m := newMember(t, 1, 1)
	l := NewLeader(0, m.cfg, m.history, m.journal, &m.epochs, &m.out)
	for range 2 { // the epoch is accepted, then entered
		m.disk()
		l.Persisted(0)
	}
	if !l.Broadcasting() {
		t.Fatal("it does not lead")
	}
	const link = 5
	l.Connected(0, link)
	l.Receive(0, link, registration(wire.PacketObserverInfo, 2, 0))
	if told := m.told(link); len(told) != 1 || told[0].Type != wire.PacketLeaderInfo {
		t.Fatalf("told %v", told)
	}
	l.Commit() // It is time for the next epoch at once: EpochTurnAt is zero.
	m.disk()
	l.Commit()
	if l.Epoch() != 2 {
		t.Fatalf("it leads epoch %d", l.Epoch())
	}
	if !slices.Contains(m.out.Hangup, link) {
		t.Error("a learner that was offered epoch 1 is kept in epoch 2")
	}
}

func registration(kind wire.PacketType, id zoo.ServerID, accepted zoo.Epoch) *wire.QuorumPacket {
	info := wire.LearnerInfo{ServerID: id, ProtocolVersion: wire.LearnerProtocolVersion}
	return packet(kind, accepted.Start(), wire.AppendExtensionMark(info.AppendTo(nil)))
}

// leadToTheNextEpoch makes server 1 a leader of 2, and 3 that is away, which has just asked for
// promises of the next epoch.
func leadToTheNextEpoch(t *testing.T) (*member, *Leader) {
	t.Helper()
	m := newMember(t, 1, 3)
	l := NewLeader(0, m.cfg, m.history, m.journal, &m.epochs, &m.out)
	l.Connected(0, 2)
	l.Receive(0, 2, registration(wire.PacketFollowerInfo, 2, 0))
	m.disk()
	l.Persisted(0)
	ack := wire.AckEpoch{}
	l.Receive(0, 2, packet(wire.PacketAckEpoch, 0, ack.AppendTo(nil)))
	m.disk()
	l.Persisted(0)
	l.Receive(0, 2, packet(wire.PacketAck, l.Epoch().Start(), nil))
	l.Commit() // It is time for the next epoch at once.
	return m, l
}

// The plot: 1 leads 2 and 3, and asks both to promise epoch 2. The link of 3 breaks when it
// has promised. It comes back with a promise that 1 itself has asked for, and that costs 1
// nothing: 3 is sent away until the epoch has begun.
func TestAPromiseThatTheLeaderHasAskedForCostsItNothing(t *testing.T) {
	m, l := leadToTheNextEpoch(t)
	l.Connected(0, 3)
	l.Receive(0, 3, registration(wire.PacketFollowerInfo, 3, l.Epoch()+1))
	if !l.Broadcasting() || !slices.Contains(m.out.Hangup, 3) {
		t.Errorf("resigned: %q, hung up: %v", l.Resigned(), m.out.Hangup)
	}
	l.Connected(0, 4)
	l.Receive(0, 4, registration(wire.PacketFollowerInfo, 3, l.Epoch()+2))
	if l.Broadcasting() {
		t.Error("a promise that is another's must end the lead")
	}
}

// The plot: 1 leads 2 and 3, and has {1,3,4} proposed, of which 4 observes as yet. 3 has
// promised the next epoch, and its link breaks. It is sent away until that epoch has begun,
// but for want of its promise it never would. So 1 gives up, and an election makes an epoch.
func TestAnEpochThatTakesWhoIsSentAwayUntilThenIsGivenUp(t *testing.T) {
	for _, comesBack := range []bool{false, true} {
		m, l := leadToTheNextEpoch(t)
		next, err := quorum.NewView([]quorum.Member{{ID: 1}, {ID: 3}, {ID: 4}}, 0x100000009)
		if err != nil {
			t.Fatal(err)
		}
		*m.cfg.Members = m.cfg.Members.Propose(next)
		l.Connected(0, 4)
		l.Receive(0, 4, registration(wire.PacketObserverInfo, 4, 0))
		if comesBack {
			l.Connected(0, 3)
			l.Receive(0, 3, registration(wire.PacketFollowerInfo, 3, l.Epoch()+1))
		}
		l.Tick(m.cfg.TickTime)
		if gaveUp := l.Resigned() != ""; gaveUp != comesBack {
			t.Errorf("3 comes back: %v, resigned: %q", comesBack, l.Resigned())
		}
	}
}
