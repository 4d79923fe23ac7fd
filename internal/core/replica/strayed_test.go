package replica

import (
	"slices"
	"testing"

	"zoo"
	"zoo/internal/core/quorum"
	"zoo/internal/core/tree"
	"zoo/internal/core/zab"
	"zoo/internal/wire"
)

// The plot: 1 leads with 3, whose link is cut without a word, and its disk is slow. 3 says
// that it looks for a leader again while the link still seems to stand. Nobody is left, and
// nothing more may come to say so: the link counts for nothing, and the lead ends.
func TestALeadEndsWhenAVoterTurnsAwayAndItsLinkSeemsToStand(t *testing.T) {
	r, says := leadWithThree(t)
	says(wire.Looking, 3, r.Round()+1)
	if r.state == Leading {
		t.Fatal("1 waits for initLimit although nobody follows it")
	}
	if hangup := r.Drain().Hangup; !slices.Contains(hangup, 7) {
		t.Fatalf("the half open link stays: %v", hangup)
	}
}

// The plot: as above, but 2 could still come. 3 turns away, comes back and registers anew,
// and then its link breaks, and that to 2. Nobody says anything more: the lead ends with
// the last link.
func TestALeadEndsWithTheLinkOfAVoterThatHasTurnedAway(t *testing.T) {
	r, says := leadWithThree(t)
	r.Step(Now{}, ElectionUp{Peer: 2})
	says(wire.Looking, 3, r.Round()+1)
	if r.state != Leading {
		t.Fatal("2 does not count")
	}
	registerThree(r, 8)
	r.Step(Now{}, ElectionDown{Peer: 2})
	if r.state != Leading {
		t.Fatal("a voter that has come back does not count")
	}
	r.Step(Now{}, LinkDown{Link: 8})
	if r.state == Leading {
		t.Fatal("1 waits for initLimit although nobody follows it")
	}
}

// The plot: all start at once. 1 is linked with 3 before it is linked with 2, and leads by
// their two votes. 3, which hears 2 as well, turns to it before it has settled, in the same
// round; 2 could still come, but votes for itself. 1 looks again, and does not wait for
// initLimit while the others serve.
func TestALeadEndsWhenItsVoterTurnsAwayInTheSameRound(t *testing.T) {
	r, says := electedByThree(t)
	r.Step(Now{}, ElectionUp{Peer: 2})
	says(3, wire.Looking, 2, r.Round())
	if r.state != Leading {
		t.Fatal("2 does not count")
	}
	says(2, wire.Looking, 2, r.Round())
	if r.state == Leading {
		t.Fatal("1 waits for initLimit although nobody follows it")
	}
}

// The plot: 1 has led before, started again, and takes late words of that time for votes. 2 and
// 3 have another leader and say so: 1 looks again, and joins them.
func TestALeadEndsWhenTheOthersHaveAnotherLeader(t *testing.T) {
	r, says := electedByThree(t)
	r.Step(Now{}, ElectionUp{Peer: 2})
	says(3, wire.Following, 2, r.Round())
	if r.state != Leading {
		t.Fatal("2 does not count")
	}
	says(2, wire.Leading, 2, r.Round())
	if r.state == Leading {
		t.Fatal("1 waits for initLimit although the others have a leader")
	}
}

// leadWithThree is server 1 as it leads 3, of three, on link 7, and what 3 then says.
func leadWithThree(
	t *testing.T,
) (*Replica, func(wire.PeerState, zoo.ServerID, int64)) {
	t.Helper()
	r, says := electedByThree(t)
	registerThree(r, 7)
	return r, func(state wire.PeerState, leader zoo.ServerID, round int64) {
		says(3, state, leader, round)
	}
}

// electedByThree is server 1, of three, just elected by itself and 3, and what others then
// say.
func electedByThree(
	t *testing.T,
) (*Replica, func(zoo.ServerID, wire.PeerState, zoo.ServerID, int64)) {
	t.Helper()
	view, err := quorum.NewView([]quorum.Member{{ID: 1}, {ID: 2}, {ID: 3}}, 0)
	if err != nil {
		t.Fatal(err)
	}
	r := New(Config{ID: 1, View: view, Seed: 1}, Recovered{Tree: tree.New()})
	says := func(from zoo.ServerID, state wire.PeerState, leader zoo.ServerID, round int64) {
		r.Step(Now{}, Notified{Peer: from, Notification: wire.Notification{
			State: state, Leader: leader, Round: round, PeerEpoch: 1,
		}})
	}
	r.election.Look(0, 0, 1) // with a later epoch than 3
	r.Step(Now{}, ElectionUp{Peer: 3})
	says(3, wire.Looking, 1, r.Round())
	if r.state != Leading {
		t.Fatalf("1 is %v", r.state)
	}
	return r, says
}

func registerThree(r *Replica, link zab.LinkID) {
	info := wire.LearnerInfo{ServerID: 3, ProtocolVersion: wire.LearnerProtocolVersion}
	r.Step(Now{}, LinkUp{Link: link})
	r.Step(Now{}, Received{Link: link, Packets: []wire.QuorumPacket{
		{Type: wire.PacketFollowerInfo, Data: info.AppendTo(nil)}}})
}
