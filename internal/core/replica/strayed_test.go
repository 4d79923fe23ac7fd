package replica

import (
	"testing"

	"zoo"
	"zoo/internal/core/quorum"
	"zoo/internal/core/tree"
	"zoo/internal/wire"
)

// The plot: 1 leads with 3, whose link is cut without a word, and its disk is slow. 3 says
// that it looks for a leader again while the link still seems to stand; then that breaks.
// Nobody is left, and nothing more may come to say so: the lead ends with the link.
func TestALeadEndsWithTheLinkOfAVoterThatHasTurnedAway(t *testing.T) {
	view, err := quorum.NewView([]quorum.Member{{ID: 1}, {ID: 2}, {ID: 3}}, 0)
	if err != nil {
		t.Fatal(err)
	}
	r := New(Config{ID: 1, View: view, Seed: 1}, Recovered{Tree: tree.New()})
	says := func(state wire.PeerState, leader zoo.ServerID, round int64) {
		r.Step(Now{}, Notified{Peer: 3, Notification: wire.Notification{
			State: state, Leader: leader, Round: round, PeerEpoch: 1,
		}})
	}
	r.election.Look(0, 0, 1) // with a later epoch than 3
	r.Step(Now{}, ElectionUp{Peer: 3})
	says(wire.Looking, 1, r.Round())
	if r.state != Leading {
		t.Fatalf("1 is %v", r.state)
	}
	info := wire.LearnerInfo{ServerID: 3, ProtocolVersion: wire.LearnerProtocolVersion}
	r.Step(Now{}, LinkUp{Link: 7})
	r.Step(Now{}, Received{Link: 7, Packets: []wire.QuorumPacket{
		{Type: wire.PacketFollowerInfo, Data: info.AppendTo(nil)}}})
	says(wire.Looking, 3, r.Round()+1)
	if r.state != Leading {
		t.Fatal("a voter with a link does not count")
	}
	r.Step(Now{}, LinkDown{Link: 7})
	if r.state == Leading {
		t.Fatal("1 waits for initLimit although nobody follows it")
	}
}
