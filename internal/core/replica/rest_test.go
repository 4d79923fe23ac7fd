package replica

import (
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"zoo/internal/core/quorum"
	"zoo/internal/core/tree"
)

// patience reads how long servers try and rest.
func (w *world) patience(d *datadriven.TestData) Patience {
	read := func(key string) time.Duration {
		arg, given := d.Arg(key)
		if !given {
			return 0
		}
		t, err := time.ParseDuration(arg.Vals[0])
		if err != nil {
			w.t.Fatal(err)
		}
		return t
	}
	return Patience{ObserverReconnect: read("rest"), Connect: read("connect"),
		EpochWait: read("epoch-wait")}
}

// learnerOf makes a server that is to follow server 2, which does not listen.
func learnerOf(t *testing.T, p Patience) *Replica {
	t.Helper()
	view, err := quorum.NewView([]quorum.Member{{ID: 1}, {ID: 2}, {ID: 3}}, 0)
	if err != nil {
		t.Fatal(err)
	}
	r := New(Config{ID: 1, View: view, Patience: p}, Recovered{Tree: tree.New()})
	r.becomeLearner(2)
	r.Drain()
	return r
}

// Nobody listens where the leader should be. The learner makes nine attempts, or tries for
// as long as connectToLearnerMasterLimit says, and looks for a leader then.
func TestALearnerTriesForAsLongAsIsConfigured(t *testing.T) {
	for _, row := range []struct{ limit, low, high time.Duration }{
		{0, 300 * time.Millisecond, time.Second},
		{50 * time.Millisecond, 50 * time.Millisecond, 51 * time.Millisecond},
		{5 * time.Second, 5 * time.Second, 5001 * time.Millisecond},
		{50 * time.Second, 50 * time.Second, 50001 * time.Millisecond}, // Above initLimit.
	} {
		r := learnerOf(t, Patience{Connect: row.limit})
		for r.learner != nil && r.now.Mono < time.Minute {
			if r.Step(r.now, DialFailed{2}); r.learner != nil {
				r.Step(Now{Mono: r.Deadline()}, Tick{})
			}
		}
		if r.now.Mono < row.low || r.now.Mono > row.high {
			t.Errorf("with a limit of %v it has tried for %v", row.limit, r.now.Mono)
		}
	}
}

// Nobody listens where the leader should be. The pauses between two attempts grow to the
// one that is configured, and not beyond.
func TestThePauseBetweenAttemptsIsConfigured(t *testing.T) {
	for _, longest := range []time.Duration{20 * time.Millisecond, time.Second} {
		r := learnerOf(t, Patience{Connect: 10 * time.Second, ConnectPause: longest})
		var pause time.Duration
		for range 12 {
			r.Step(r.now, DialFailed{2})
			pause = r.dialing.at - r.now.Mono
			if pause <= 0 || pause > longest {
				t.Fatalf("the next attempt is %v away, at most %v should be", pause, longest)
			}
			r.Step(Now{Mono: r.dialing.at}, Tick{})
		}
		if pause != longest {
			t.Errorf("the pause has grown to %v, want %v", pause, longest)
		}
	}
}
