package session

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
	"zoo"
)

const tick = 2 * time.Second

func at(seconds float64) time.Duration { return time.Duration(seconds * float64(time.Second)) }

// The plot: two sessions with the same timeout come within one tick. Both get at
// least their timeout, and they go together at the end of a tick.
func TestSessionsOfOneTickExpireTogether(t *testing.T) {
	tracker := NewTracker(tick)
	tracker.Add(2, 4000, at(0.5))
	tracker.Add(1, 4000, at(1.5))
	for _, now := range []float64{2, 4, 5.9} {
		if ids := tracker.Expire(at(now)); ids != nil {
			t.Fatalf("at %v s: %v expired", now, ids)
		}
	}
	if ids := tracker.Expire(at(6)); !slices.Equal(ids, []zoo.SessionID{1, 2}) {
		t.Fatalf("at 6 s: %v", ids)
	}
	if !tracker.Closing(1) || tracker.Touch(1, 4000, at(6)) || tracker.Len() != 2 {
		t.Fatal("an expired session must stay, closing, until its end is committed")
	}
	tracker.Remove(1)
	if tracker.Len() != 1 || tracker.Closing(1) {
		t.Fatal("a removed session is still there")
	}
}

func TestTouchUsesTheNewTimeoutAndKeepsTheStoredOne(t *testing.T) {
	tracker := NewTracker(tick)
	tracker.Add(1, 4000, 0)
	tracker.Touch(1, 8000, 0)
	tracker.Expire(at(2))
	tracker.Expire(at(4))
	tracker.Expire(at(6))
	if ids := tracker.Expire(at(8)); ids != nil {
		t.Fatalf("expired %v by its old timeout", ids)
	}
	if timeout, _ := tracker.Timeout(1); timeout != 4000 {
		t.Fatalf("stored timeout %d", timeout)
	}
	if tracker.Touch(2, 4000, 0) {
		t.Fatal("touched a session that nobody added")
	}
}

// A replicated timeout is believed, also where it is nonsense; the session must not
// fall into a bucket of the past, where it would live for ever.
func TestANegativeTimeoutExpiresAtOnceRatherThanNever(t *testing.T) {
	tracker := NewTracker(tick)
	tracker.Add(1, -60000, at(100))
	if ids := tracker.Expire(at(102)); !slices.Equal(ids, []zoo.SessionID{1}) {
		t.Fatalf("expired %v", ids)
	}
}

// The plot: the server sleeps for a minute (a debugger, a suspended machine). The
// clients have pinged all the while, but nobody read their pings. They must not
// pay for it: the sessions live on for as long as they would have without the sleep.
func TestAStalledServerExpiresNobodyForIt(t *testing.T) {
	tracker := NewTracker(tick)
	tracker.Add(1, 4000, 0)
	tracker.Expire(at(2))
	if ids := tracker.Expire(at(62)); ids != nil {
		t.Fatalf("%v expired in the sleep", ids)
	}
	if ids := tracker.Expire(at(63.9)); ids != nil {
		t.Fatalf("%v got less than its timeout", ids)
	}
	if ids := tracker.Expire(at(64)); !slices.Equal(ids, []zoo.SessionID{1}) {
		t.Fatalf("two waking ticks later: %v", ids)
	}
}

func TestWritesOfAnOldOwnerAreRefusedAfterAMove(t *testing.T) {
	tracker := NewTracker(tick)
	expect := func(title string, owner Owner, want zoo.Code) {
		t.Helper()
		if got := tracker.CheckOwner(1, owner); got != want {
			t.Errorf("%s: got %v, want %v", title, got, want)
		}
	}
	expect("nobody knows it", 7, zoo.CodeUnknownSession)
	tracker.Add(1, 4000, 0)
	expect("the first comer owns it", 7, zoo.CodeOK)
	expect("the owner may write", 7, zoo.CodeOK)
	expect("another may not", 8, zoo.CodeSessionMoved)
	tracker.SetOwner(1, 8)
	expect("after the move the old one may not", 7, zoo.CodeSessionMoved)
	expect("after the move the new one may", 8, zoo.CodeOK)
	tracker.Close(1)
	expect("a closing session writes no more", 8, zoo.CodeSessionExpired)
	if owner, ok := tracker.Owner(1); owner != 8 || !ok || tracker.SetOwner(1, 9) {
		t.Errorf("a closing session went to %d", owner)
	}
}

func TestSessionsAreListedByDeadline(t *testing.T) {
	tracker := NewTracker(tick)
	tracker.Add(3, 4000, 0)
	tracker.Add(1, 10000, 0)
	tracker.Add(2, 4000, 0)
	var ids []zoo.SessionID
	var lefts []time.Duration
	tracker.Each(at(1), func(id zoo.SessionID, left time.Duration) {
		ids, lefts = append(ids, id), append(lefts, left)
	})
	if !slices.Equal(ids, []zoo.SessionID{2, 3, 1}) ||
		!slices.Equal(lefts, []time.Duration{at(5), at(5), at(11)}) {
		t.Fatalf("%v %v", ids, lefts)
	}
}

// listed is the stupid twin of a session: its deadline as a plain number.
type listed struct {
	deadline time.Duration
	closing  bool
}

// twin is a list of deadlines that is searched from end to end.
type twin struct {
	sessions      map[zoo.SessionID]*listed
	now, lastCall time.Duration
}

func (w *twin) touch(id zoo.SessionID, timeoutMillis int32) bool {
	s := w.sessions[id]
	if s == nil || s.closing {
		return false
	}
	end := w.now + time.Duration(timeoutMillis)*time.Millisecond
	s.deadline = end
	return true
}

// expire moves every deadline by the stall instead of remembering the stall.
func (w *twin) expire(stalledBefore *time.Duration) []zoo.SessionID {
	stall := max(0, w.now-w.lastCall-tick)
	*stalledBefore += stall
	w.lastCall = w.now
	var ids []zoo.SessionID
	for id, s := range w.sessions {
		s.deadline += stall
		// The end of the tick in which the deadline lies, on the clock of waking time.
		end := (s.deadline-*stalledBefore)/tick*tick + tick
		if !s.closing && w.now-*stalledBefore >= end {
			s.closing = true
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// race runs a tracker and its twin side by side; its methods are what may happen.
type race struct {
	tracker *Tracker
	model   *twin
	stalled time.Duration
}

func drawSession(t *rapid.T) (zoo.SessionID, int32) {
	id := zoo.SessionID(rapid.IntRange(1, 8).Draw(t, "id"))
	return id, rapid.Int32Range(100, 12000).Draw(t, "timeout")
}

func (r *race) TimePasses(t *rapid.T) {
	r.model.now += time.Duration(rapid.IntRange(1, 1500).Draw(t, "ms")) * time.Millisecond
}

func (r *race) TheServerStalls(t *rapid.T) {
	r.model.now += time.Duration(rapid.IntRange(1, 60).Draw(t, "s")) * time.Second
}

func (r *race) Add(t *rapid.T) {
	id, timeout := drawSession(t)
	if r.model.sessions[id] == nil {
		r.model.sessions[id] = &listed{}
	}
	r.model.touch(id, timeout)
	r.tracker.Add(id, timeout, r.model.now)
}

func (r *race) Touch(t *rapid.T) {
	id, timeout := drawSession(t)
	want := r.model.touch(id, timeout)
	if got := r.tracker.Touch(id, timeout, r.model.now); got != want {
		t.Fatalf("touch of %v gave %v", id, got)
	}
}

func (r *race) Close(t *rapid.T) {
	id, _ := drawSession(t)
	if s := r.model.sessions[id]; s != nil {
		s.closing = true
	}
	r.tracker.Close(id)
}

func (r *race) Remove(t *rapid.T) {
	id, _ := drawSession(t)
	delete(r.model.sessions, id)
	r.tracker.Remove(id)
}

func (r *race) Expire(t *rapid.T) {
	want := r.model.expire(&r.stalled)
	if got := r.tracker.Expire(r.model.now); !slices.Equal(got, want) {
		t.Fatalf("at %v: got %v, want %v", r.model.now, got, want)
	}
}

func (r *race) Check(t *rapid.T) {
	if r.tracker.Len() != len(r.model.sessions) {
		t.Fatalf("%d sessions, want %d", r.tracker.Len(), len(r.model.sessions))
	}
}

func TestDeadlinesAgreeWithAPlainList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		start := time.Duration(rapid.IntRange(0, 1e6).Draw(t, "start")) * time.Millisecond
		model := &twin{sessions: map[zoo.SessionID]*listed{}, now: start, lastCall: start}
		tracker := NewTracker(tick)
		tracker.Expire(start)
		t.Repeat(rapid.StateMachineActions(&race{tracker: tracker, model: model}))
	})
}
