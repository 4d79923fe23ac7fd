package zab

import (
	"slices"
	"testing"

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
	info := wire.LearnerInfo{ServerID: 2, ProtocolVersion: wire.LearnerProtocolVersion}
	l.Receive(0, link, packet(wire.PacketObserverInfo, 0,
		wire.AppendExtensionMark(info.AppendTo(nil))))
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
