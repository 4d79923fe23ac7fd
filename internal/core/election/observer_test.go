package election

import (
	"testing"

	"zoo/internal/core/quorum"
	"zoo/internal/wire"
)

// Observer 4 has adopted the vote of 3, whom server 1 cannot hear. The two tell
// each other their votes once and not for ever: an observer's vote changes nobody.
func TestObserverAndVoterDoNotAnswerEachOtherForEver(t *testing.T) {
	view, err := quorum.NewView(
		[]quorum.Member{{ID: 1}, {ID: 2}, {ID: 3}, {ID: 4, Observer: true}}, 0)
	if err != nil {
		t.Fatal(err)
	}
	voter, observer := New(Config{ID: 1, View: view}), New(Config{ID: 4, View: view})
	voter.Look(0, 0, 0)
	observer.Look(0, 0, 0)
	observer.LinkUp(1)
	observer.Receive(0, 3, wire.Notification{State: wire.Looking, Leader: 3, Round: 1})
	voter.Drain()
	said := 0
	for busy := true; busy && said < 100; {
		busy = false
		for _, o := range observer.Drain() {
			if o.To == 1 {
				busy, said = true, said+1
				voter.Receive(0, 4, o.Notification)
			}
		}
		for _, o := range voter.Drain() {
			if o.To == 4 {
				busy, said = true, said+1
				observer.Receive(0, 1, o.Notification)
			}
		}
	}
	if said > 10 {
		t.Fatalf("%d messages without any time passing", said)
	}
}
