package replica

import (
	"testing"
	"time"

	"zoo"
	"zoo/internal/core/quorum"
	"zoo/internal/core/tree"
	"zoo/internal/wire"
)

// The plot: 1 and 2 elect 3 again and again, and never come. 3 keeps out of elections for half
// the time that it has led, and twice as long each time, but never for longer than four times
// initLimit. It begins anew once it has served.
func TestALeaderThatNobodyFollowsStepsAsideForLonger(t *testing.T) {
	view, err := quorum.NewView([]quorum.Member{{ID: 1}, {ID: 2}, {ID: 3}}, 0)
	if err != nil {
		t.Fatal(err)
	}
	r := New(Config{ID: 3, View: view, TickTime: time.Second}, Recovered{Tree: tree.New()})
	for _, peer := range []zoo.ServerID{1, 2} {
		r.Step(r.now, ElectionUp{Peer: peer})
	}
	lead := func() time.Duration {
		for _, peer := range []zoo.ServerID{1, 2} {
			r.Step(r.now, Notified{Peer: peer, Notification: wire.Notification{
				State: wire.Looking, Leader: 3, Round: r.Round()}})
		}
		if r.state != Leading {
			t.Fatalf("3 is %v", r.state)
		}
		for r.state == Leading {
			r.Step(Now{Mono: r.Deadline()}, Tick{})
		}
		pause := r.reach.until - r.now.Mono
		for r.reach.until != 0 {
			r.Step(Now{Mono: r.Deadline()}, Tick{})
		}
		return pause
	}
	for _, want := range []time.Duration{5, 10, 20, 40, 40} {
		if pause := lead(); pause != want*time.Second {
			t.Errorf("3 keeps out for %v, want %v s", pause, want)
		}
	}
	r.reached()
	if pause := lead(); pause != 5*time.Second {
		t.Errorf("after it has served 3 keeps out for %v", pause)
	}
}

// The plot: 3 tells that it steps aside. What it says is no vote, and of a later round than
// that in which it was elected.
func TestWhoStepsAsideSaysSo(t *testing.T) {
	view, err := quorum.NewView([]quorum.Member{{ID: 1}, {ID: 2}, {ID: 3}}, 0)
	if err != nil {
		t.Fatal(err)
	}
	r := New(Config{ID: 3, View: view, TickTime: time.Second}, Recovered{Tree: tree.New()})
	for _, peer := range []zoo.ServerID{1, 2} {
		r.Step(r.now, ElectionUp{Peer: peer})
		r.Step(r.now, Notified{Peer: peer, Notification: wire.Notification{
			State: wire.Looking, Leader: 3, Round: r.Round()}})
	}
	elected := r.Round()
	r.Drain()
	for r.state == Leading {
		r.Step(Now{Mono: r.Deadline()}, Tick{})
	}
	said := r.Drain().Notify
	if len(said) != 2 {
		t.Fatalf("3 has told %v", said)
	}
	for _, n := range said {
		if n.Notification.State != wire.Looking || n.Notification.Zxid != zoo.ZxidNone ||
			n.Notification.Round <= elected {
			t.Errorf("3 has told %d %+v", n.To, n.Notification)
		}
	}
}
