package zab

import (
	"slices"
	"testing"

	"zoo"
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

// The plot: 1 leads 2 and 3, and asks both to promise epoch 2. The link of 3 breaks when it
// has promised. It comes back with a promise that 1 itself has asked for, and that costs 1
// nothing: 3 is sent away until the epoch has begun.
func TestAPromiseThatTheLeaderHasAskedForCostsItNothing(t *testing.T) {
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
