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
		return &learner{id: id, stage: synced, upToDate: true, extends: true, drain: drain}
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
		busy := &learner{link: 7, id: 2, stage: synced, upToDate: true, extends: true, clients: 90}
		l := &Leader{out: out, cfg: Config{
			ID: 1, TickTime: time.Second, Attendance: &Attendance{},
			Balance: balance.Rule{TolerancePercent: 20, RoundMax: 50},
		}, learners: []*learner{busy, {id: 3, stage: synced, upToDate: true, extends: !java}}}
		l.balance(time.Minute)
		if told := len(out.Send) == 1 && out.Send[0].Link == 7; told == java {
			t.Errorf("a server of Java's is there: %v; packets %+v", java, out.Send)
		}
	}
}
