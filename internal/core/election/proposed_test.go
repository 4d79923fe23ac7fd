package election

import (
	"testing"

	"zoo"
	"zoo/internal/core/quorum"
	"zoo/internal/wire"
)

// The plot: server 4 is to vote in a configuration that was proposed when all lost their
// power. 1 and 3 have heard of it, 2 has not, and would not vote for 4. With the same history
// 3 is preferred to 4, whom its higher id would make the leader of an election that never
// ends.
func TestWhoVotesInTheConfigurationInForceComesFirst(t *testing.T) {
	view := func(version zoo.Zxid, voters ...zoo.ServerID) *quorum.View {
		var members []quorum.Member
		for _, id := range voters {
			members = append(members, quorum.Member{ID: id})
		}
		v, err := quorum.NewView(members, version)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	m := New(Config{ID: 1, View: view(1, 1, 2, 3)})
	m.SetMembers(quorum.Ensemble{Current: view(1, 1, 2, 3), Next: view(9, 1, 2, 3, 4)})
	m.Look(0, 0x109, 1)
	for _, id := range []zoo.ServerID{4, 3} {
		m.Receive(0, id, wire.Notification{State: wire.Looking, Leader: id, Zxid: 0x109,
			PeerEpoch: 1, Round: m.Round()})
	}
	m.Receive(0, 4, wire.Notification{State: wire.Looking, Leader: 4, Zxid: 0x109,
		PeerEpoch: 1, Round: m.Round()})
	if m.current.Leader != 3 {
		t.Fatalf("1 votes for %d", m.current.Leader)
	}
	m.Receive(0, 4, wire.Notification{State: wire.Looking, Leader: 4, Zxid: 0x10a,
		PeerEpoch: 1, Round: m.Round()})
	if m.current.Leader != 4 {
		t.Fatalf("4 has more, and 1 votes for %d", m.current.Leader)
	}
}
