package election

import (
	"testing"

	"zoo"
	"zoo/internal/core/quorum"
	"zoo/internal/wire"
)

// ZOOKEEPER-1732: 2 leads and 1 follows, but 1 came late and tells a round and a zxid of
// its own. 3 must join them all the same, for they agree on the leader and the epoch.
func TestALateServerJoinsWhoTellOtherRoundsOfOneLeadership(t *testing.T) {
	view, err := quorum.NewView([]quorum.Member{{ID: 1}, {ID: 2}, {ID: 3}}, 0)
	if err != nil {
		t.Fatal(err)
	}
	for epoch, joins := range map[zoo.Epoch]bool{5: true, 4: false} {
		m := New(Config{ID: 3, View: view})
		m.Look(0, 0, 0)
		leading := wire.Notification{State: wire.Leading, Leader: 2, Round: 9, PeerEpoch: 5}
		m.Receive(0, 2, leading)
		m.Receive(0, 1, wire.Notification{
			State: wire.Following, Leader: 2, Round: 1, Zxid: 0x400000007, PeerEpoch: epoch,
		})
		v, decided := m.Outcome()
		if decided != joins || decided && v.Leader != 2 {
			t.Errorf("with a follower of epoch %d: decided %v for %d", epoch, decided, v.Leader)
		}
	}
}
