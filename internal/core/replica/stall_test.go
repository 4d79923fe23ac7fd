package replica

import (
	"testing"
	"time"

	"zoo/internal/core/quorum"
	"zoo/internal/core/tree"
	"zoo/internal/core/zab"
)

// owing makes a leader whose disk owes an answer, and may do so for five seconds.
func owing(t *testing.T) (r *Replica, answer DiskDone) {
	t.Helper()
	view, err := quorum.NewView([]quorum.Member{{ID: 1}, {ID: 2}, {ID: 3}}, 0)
	if err != nil {
		t.Fatal(err)
	}
	r = New(Config{ID: 1, View: view, TickTime: time.Second, InitLimit: 1000, SyncLimit: 5},
		Recovered{Tree: tree.New()})
	r.becomeLeader()
	r.journal.Roll()
	ops := r.Drain().Disk
	return r, DiskDone{Seq: ops[len(ops)-1].Seq}
}

// wakeUntil has an awake server take its turns, in each of which there is something to do
// besides the Tick, until it has given up the lead.
func wakeUntil(t *testing.T, r *Replica, limit time.Duration) time.Duration {
	t.Helper()
	for r.leader != nil {
		now := min(r.now.Mono+30*time.Millisecond, max(r.Deadline(), r.now.Mono))
		if now > limit {
			t.Fatalf("at %v it leads, and its disk has been silent for %v", now, r.stall.silent)
		}
		if r.turn(now, Touched{}); now >= r.Deadline() {
			r.turn(now, Tick{})
		}
	}
	return r.now.Mono
}

// turn takes one turn at an instant.
func (r *Replica) turn(at time.Duration, events ...Event) {
	for _, ev := range events {
		r.Step(Now{Mono: at}, ev)
	}
}

// awake passes time in which a server only waits for its disk.
func (r *Replica) awake(until time.Duration) {
	for r.now.Mono < until {
		r.turn(r.now.Mono+100*time.Millisecond, Tick{})
	}
}

// A leader whose disk hangs hands over when that has lasted for syncLimit, however much else it
// has to do, and not earlier.
func TestALeaderHandsOverWhenItsDiskHangs(t *testing.T) {
	r, _ := owing(t)
	if at := wakeUntil(t, r, 6*time.Second); at != 5*time.Second || !r.stall.aside {
		t.Errorf("it gives up the lead at %v, aside: %v", at, r.stall.aside)
	}
}

// The plot: the disk has been silent for nearly as long as it may when the leader itself falls
// asleep, once or over and over again. The disk answers meanwhile. When the leader wakes it finds
// the answer behind other things that have come, or a moment after its first turn. It has no
// reason to hand over.
func TestALeaderThatSleptWaitsForItsDisksWord(t *testing.T) {
	for _, c := range []struct {
		sleep time.Duration
		times int
	}{
		{time.Minute, 1}, {time.Minute, 5},
		{900 * time.Millisecond, 1}, {900 * time.Millisecond, 9},
	} {
		for _, wait := range []time.Duration{0, 10 * time.Millisecond} {
			r, answer := owing(t)
			r.awake(4900 * time.Millisecond)
			for range c.times - 1 {
				r.turn(r.now.Mono+c.sleep, Touched{}, Tick{})
			}
			woke := r.now.Mono + c.sleep
			if wait > 0 {
				r.turn(woke, Touched{}, Tick{})
			}
			r.turn(woke+wait, Touched{}, answer, Tick{})
			if r.leader == nil || r.stall.silent != 0 {
				t.Errorf("asleep for %v, %d times, it has its disk's word %v after: it leads: %v",
					c.sleep, c.times, wait, r.leader != nil)
			}
		}
	}
}

// The plot: the disk does not answer when the leader wakes. It hands over soon, as it would have
// without its sleep: half a tick later if the disk had been silent for long before, and never
// later than a leader that has only begun to wait.
func TestALeaderThatSleptHandsOverIfItsDiskStillHangs(t *testing.T) {
	for _, c := range []struct{ before, after time.Duration }{
		{4900 * time.Millisecond, 500 * time.Millisecond},
		{2 * time.Second, 3 * time.Second},
		{100 * time.Millisecond, 4900 * time.Millisecond},
	} {
		r, _ := owing(t)
		r.awake(c.before)
		r.turn(time.Minute, Touched{}, Tick{})
		if at := wakeUntil(t, r, 2*time.Minute); at != time.Minute+c.after {
			t.Errorf("silent for %v before, it hands over %v behind its sleep", c.before,
				at-time.Minute)
		}
	}
}

// What a disk takes counts from its last word on: a slow one is not silent.
func TestADiskThatIsSlowIsNotSilent(t *testing.T) {
	r, answer := owing(t)
	for range 10 {
		r.awake(r.now.Mono + 4900*time.Millisecond)
		r.journal.Roll()
		r.Step(r.now, answer)
		ops := r.Drain().Disk
		if r.leader == nil || len(ops) == 0 || ops[0].Kind != zab.DiskRoll {
			t.Fatalf("at %v: leads %v, asks the disk for %v", r.now.Mono, r.leader != nil, ops)
		}
		answer.Seq = ops[0].Seq
	}
}
