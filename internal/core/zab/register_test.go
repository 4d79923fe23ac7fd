package zab

import (
	"slices"
	"testing"

	"zoo"
	"zoo/internal/wire"
)

// The plot: server 2 has dialled the leader, and its FOLLOWERINFO is held up. It dials anew,
// follows, and then the old packet arrives. Of the two links the one that was accepted last
// stays, which is the one that server 2 holds. The other way round it has connected again.
func TestARegistrationThatComesLateDoesNotCostALearnerItsLink(t *testing.T) {
	for _, c := range []struct{ follows, late, dropped LinkID }{{8, 7, 7}, {7, 8, 7}} {
		m, l := lead(t, 3)
		info := wire.LearnerInfo{ServerID: 2, ProtocolVersion: wire.LearnerProtocolVersion}
		register := packet(wire.PacketFollowerInfo, 0, info.AppendTo(nil))
		l.Connected(0, min(c.follows, c.late))
		l.Connected(0, max(c.follows, c.late))
		l.Receive(0, c.follows, register)
		l.Receive(0, c.late, register)
		if want := []LinkID{c.dropped}; !slices.Equal(m.out.Hangup, want) {
			t.Errorf("the links of server 2 that are hung up are %v, not %v", m.out.Hangup, want)
		}
		if !l.Registered(2) {
			t.Error("server 2 does not follow any more")
		}
	}
}

// The same at an observer master.
func TestAnObserverThatRegistersLateKeepsItsLink(t *testing.T) {
	for _, c := range []struct{ follows, late, dropped LinkID }{{8, 7, 7}, {7, 8, 7}} {
		f, x := follow(t, 2, 3)
		m := NewMaster(0, x)
		info := wire.LearnerInfo{ServerID: 4, ProtocolVersion: wire.LearnerProtocolVersion}
		for _, link := range []LinkID{c.follows, c.late} {
			m.Connected(0, link)
			m.Receive(0, link, packet(wire.PacketObserverInfo, 0, info.AppendTo(nil)))
		}
		if want := []LinkID{c.dropped}; !slices.Equal(f.out.Hangup, want) {
			t.Errorf("the links of the observer that are hung up are %v, not %v",
				f.out.Hangup, want)
		}
		if ids := m.Observers(); len(ids) != 1 || ids[0].ID != zoo.ServerID(4) {
			t.Errorf("the observers are %+v", ids)
		}
	}
}
