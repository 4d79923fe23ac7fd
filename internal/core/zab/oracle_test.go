package zab

import (
	"testing"

	"zoo"
	"zoo/internal/wire"
)

// The plot: 1 is granted and chooses epoch 1 alone. Then 2 comes, which has promised epoch 1
// to itself when it last tried to lead, and whose word counts from now on: it cannot promise
// it again. 1 gives up at once, and chooses a later epoch the next time.
func TestALeaderThatChoseAnEpochAloneDoesNotWaitForWhoHasPromisedIt(t *testing.T) {
	m := newMember(t, 1, 2)
	l := NewLeader(0, m.cfg, m.history, m.journal, &m.epochs, &m.out)
	l.SetGranted(0, true)
	if l.Epoch() != 1 {
		t.Fatalf("1 chooses epoch %d", l.Epoch())
	}
	info := wire.LearnerInfo{ServerID: 2, ProtocolVersion: wire.LearnerProtocolVersion}
	l.Connected(0, 7)
	l.Receive(0, 7, packet(wire.PacketFollowerInfo, l.Epoch().Start(), info.AppendTo(nil)))
	if l.Resigned() == "" {
		t.Fatal("1 waits for initLimit")
	}
	l = NewLeader(0, m.cfg, m.history, m.journal, &m.epochs, &m.out)
	l.SetGranted(0, true)
	l.Connected(0, 8)
	l.Receive(0, 8, packet(wire.PacketFollowerInfo, zoo.Epoch(1).Start(), info.AppendTo(nil)))
	if l.Epoch() != 2 || l.Resigned() != "" {
		t.Fatalf("1 is in epoch %d: %s", l.Epoch(), l.Resigned())
	}
}
