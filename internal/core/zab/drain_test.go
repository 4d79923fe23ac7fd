package zab

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"zoo"
	"zoo/internal/core/balance"
	"zoo/internal/wire"
)

// Who may be drained depends on who else takes clients, and on whether that is known.
func TestALeaderKnowsWhoMayBeDrained(t *testing.T) {
	here := func(id zoo.ServerID, drain wire.Drain) *learner {
		return &learner{id: id, stage: synced, upToDate: true, answered: true, extends: true,
			drain: drain}
	}
	java := &learner{id: 3, stage: acknowledged, upToDate: true}
	late := &learner{id: 3, stage: syncing, extends: true}
	for _, c := range []struct {
		name     string
		own      wire.Drain
		alone    bool
		learners []*learner
		id       zoo.ServerID
		want     string
	}{
		{"the leader takes clients", 0, false, []*learner{here(2, 0)}, 2, ""},
		{"the leader keeps itself free", 0, true, []*learner{here(2, 0)}, 2, "nowhere to go"},
		{"the leader is drained", wire.DrainDone, false, []*learner{here(2, 0)}, 2,
			"nowhere to go"},
		{"another takes clients", wire.DrainDone, false,
			[]*learner{here(2, 0), here(3, wire.DrainAsked)}, 2, ""},
		{"all others are drained", wire.DrainDone, false,
			[]*learner{here(2, 0), here(3, wire.DrainDone)}, 2, "nowhere to go"},
		{"another is not in sync", wire.DrainDone, false, []*learner{here(2, 0), late}, 2,
			"nowhere to go"},
		{"the leader itself", 0, false, []*learner{here(2, 0)}, 1, ""},
		{"the leader alone", 0, false, nil, 1, "nowhere to go"},
		{"beside a server of Java's", 0, false, []*learner{here(2, 0), java}, 2, "Java"},
	} {
		l := &Leader{learners: c.learners, cfg: Config{ID: 1, LeaderAlone: c.alone,
			Attendance: &Attendance{Drain: c.own}}}
		got := l.DrainRefusal(c.id)
		if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

// The plot: a leader that keeps itself free of clients is followed by server 2, which takes
// them, and server 3 comes back, which was drained before. Until server 3 has told that, server 2
// asks whether it may be drained: it may not, as nobody else is known to be there.
func TestALearnerThatMayBeDrainedIsNobodyToCountOn(t *testing.T) {
	for _, drain := range []wire.Drain{wire.DrainDone, wire.DrainNone} {
		m, l := lead(t, 3, 2)
		for range 2 { // NEWLEADER and UPTODATE
			l.Receive(0, 2, packet(wire.PacketAck, l.Epoch().Start(), nil))
		}
		l.cfg.LeaderAlone, l.learners[0].extends = true, true
		m.told(2)
		f, x := follow(t, 3, 3)
		x.cfg.Attendance = &Attendance{Drain: drain}
		l.Connected(0, 3)
		for x.phase != following {
			for _, p := range m.told(3) {
				x.Receive(0, &p)
			}
			f.disk()
			x.Persisted()
			if x.phase == following {
				break
			}
			for _, p := range f.told(3) {
				l.Receive(0, 3, &p)
			}
			if l.DrainRefusal(2) == "" {
				t.Fatalf("server 2 may be drained while server 3 is in phase %d", x.phase)
			}
		}
		last := f.told(3)
		for i, p := range last {
			l.Receive(0, 3, &p)
			refused := l.DrainRefusal(2) != ""
			if said := i == len(last)-1; refused != (drain == wire.DrainDone || !said) {
				t.Errorf("drain %d: behind %v of server 3 it is refused: %v", drain, p.Type,
					refused)
			}
		}
	}
}

// The plot: a leader has named its successor, which asks whether it may be drained. It leads
// first, and may ask again then.
func TestWhoIsToLeadIsNotDrained(t *testing.T) {
	l := &Leader{cfg: Config{ID: 1, Attendance: &Attendance{}}, transfer: transfer{to: 2}}
	if got := l.DrainRefusal(2); !strings.Contains(got, "try again") {
		t.Errorf("the successor is told %q", got)
	}
}

// The plot: an operator asks for a drain and takes it back, twice, and what the leader has
// answered to the first question is taken for the answer to the second. When the second answer
// arrives the learner takes clients, and says so: the leader thinks that it does not.
func TestALearnerThatTakesClientsSaysSoWhenItIsGrantedADrain(t *testing.T) {
	out := &Output{}
	l := &Learner{out: out, phase: following, extends: true,
		cfg: Config{ID: 1, Attendance: &Attendance{}}}
	l.AskDrain()
	l.EndDrain()
	l.AskDrain()
	refused, granted := drainPacket("nobody else is there"), drainPacket("")
	l.hearDrain(&refused)
	out.Send = nil
	l.hearDrain(&granted)
	want := wire.Clients{Drain: wire.DrainNone}
	if len(out.Send) != 1 || !bytes.Equal(out.Send[0].Packet.Data, want.AppendTo(nil)) {
		t.Errorf("the leader hears %+v", out.Send)
	}
}

// Clients are sent from one server to another only while the number of all is known.
func TestClientsAreNotBalancedBesideAServerOfJavas(t *testing.T) {
	for _, java := range []bool{false, true} {
		out := &Output{}
		busy := &learner{link: 7, id: 2, stage: synced, upToDate: true, answered: true,
			extends: true, clients: 90}
		l := &Leader{out: out, cfg: Config{
			ID: 1, TickTime: time.Second, Attendance: &Attendance{},
			Balance: balance.Rule{TolerancePercent: 20, RoundMax: 50},
		}, learners: []*learner{busy, {id: 3, stage: synced, upToDate: true, answered: true,
			extends: !java}}}
		l.balance(time.Minute)
		if told := len(out.Send) == 1 && out.Send[0].Link == 7; told == java {
			t.Errorf("a server of Java's is there: %v; packets %+v", java, out.Send)
		}
	}
}
