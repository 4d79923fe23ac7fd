package zab

import (
	"testing"

	"zoo"
	"zoo/internal/wire"
)

// The plot: a learner says that it has accepted the last epoch there could be. The leader
// hangs up on it, and leads the next one with the others.
func TestALearnerCannotUseUpTheEpochs(t *testing.T) {
	for _, accepted := range []zoo.Epoch{epochEnd, epochEnd + 1, 1<<32 - 1} {
		m := newMember(t, 1, 3)
		l := NewLeader(0, m.cfg, m.history, m.journal, &m.epochs, &m.out)
		for _, id := range []zoo.ServerID{2, 3} {
			info := wire.LearnerInfo{ServerID: id, ProtocolVersion: wire.LearnerProtocolVersion}
			l.Connected(0, LinkID(id))
			l.Receive(0, LinkID(id), packet(wire.PacketFollowerInfo, accepted.Start(),
				info.AppendTo(nil)))
			accepted = 4
		}
		if len(m.out.Hangup) != 1 || m.out.Hangup[0] != 2 || l.Epoch() != 5 {
			t.Errorf("hung up on %v, epoch %d", m.out.Hangup, l.Epoch())
		}
	}
}

func TestALearnerFollowsNobodyIntoAnImpossibleEpoch(t *testing.T) {
	m, x := follow(t, 2, 3)
	info := wire.LeaderInfo{ProtocolVersion: wire.LearnerProtocolVersion}
	x.Receive(0, packet(wire.PacketLeaderInfo, epochEnd.Start(), info.AppendTo(nil)))
	if x.Failed() == "" || m.epochs.Accepted != 0 {
		t.Fatalf("failed %q, accepted %d", x.Failed(), m.epochs.Accepted)
	}
}
