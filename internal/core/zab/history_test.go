package zab

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"zoo"
	"zoo/internal/txn"
)

// twin holds a history and the same as a child would write it: a list and two
// counters.
type twin struct {
	history            *History
	zxids              []zoo.Zxid
	committed, applied int
	last               zoo.Zxid
}

// Random appends, commits, applications, cuts and trims: the history tells what a
// plain list tells, however much of its beginning it has forgotten.
func TestHistoryIsAListWithTwoMarks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &twin{history: NewHistory(0, nil), last: zoo.MakeZxid(1, 0)}
		t.Repeat(rapid.StateMachineActions(w))
	})
}

// Append continues the epoch, or begins a later one.
func (w *twin) Append(t *rapid.T) {
	if rapid.IntRange(0, 9).Draw(t, "new epoch") == 0 {
		w.last = (w.last.Epoch() + 1).Start()
	}
	w.last = w.last.Next()
	if !w.history.Follows(w.last) {
		t.Fatalf("%v does not follow %v", w.last, w.history.Last())
	}
	w.history.Append(logged(w.last)[0])
	w.zxids = append(w.zxids, w.last)
}

// Commit moves the mark of what is committed.
func (w *twin) Commit(t *rapid.T) {
	n := rapid.IntRange(w.committed, len(w.zxids)).Draw(t, "n")
	if n > 0 {
		w.history.Commit(w.zxids[n-1])
	}
	w.committed = n
}

// Apply takes the next committed entry.
func (w *twin) Apply(t *rapid.T) {
	e, ok := w.history.Next(w.last)
	if ok != (w.applied < w.committed) {
		t.Fatalf("next: %v, want %d of %d", ok, w.applied, w.committed)
	}
	if !ok {
		return
	}
	if e.Zxid != w.zxids[w.applied] {
		t.Fatalf("next is %v, want %v", e.Zxid, w.zxids[w.applied])
	}
	w.history.Advance()
	w.applied++
}

// Truncate cuts behind an entry; below what is applied it must refuse.
func (w *twin) Truncate(t *rapid.T) {
	n := rapid.IntRange(0, len(w.zxids)).Draw(t, "n")
	if n == 0 {
		return
	}
	if cut := w.history.Truncate(w.zxids[n-1]); cut != (n >= w.applied) {
		t.Fatalf("truncate to %d with %d applied: %v", n, w.applied, cut)
	}
	if n >= w.applied {
		w.zxids = slices.Clone(w.zxids[:n])
		w.committed, w.last = min(w.committed, n), w.zxids[n-1]
	}
}

// Trim forgets what nobody may ask for.
func (w *twin) Trim(t *rapid.T) {
	w.history.Trim(rapid.IntRange(0, 5).Draw(t, "keep"), 0)
}

// Check compares after every action.
func (w *twin) Check(t *rapid.T) {
	at := func(n int) zoo.Zxid {
		if n == 0 {
			return 0
		}
		return w.zxids[n-1]
	}
	h := w.history
	if h.Committed() != at(w.committed) || h.Applied() != at(w.applied) ||
		h.Last() != at(len(w.zxids)) {
		t.Fatalf("marks %v %v %v, want %v %v %v", h.Applied(), h.Committed(), h.Last(),
			at(w.applied), at(w.committed), at(len(w.zxids)))
	}
	same := func(e txn.Entry, z zoo.Zxid) bool { return e.Zxid == z }
	if !slices.EqualFunc(h.Tail(), w.zxids[w.committed:], same) {
		t.Fatalf("tail %d, want %d", len(h.Tail()), len(w.zxids)-w.committed)
	}
}

// A hole would be shipped to learners as if it were the history, so the history
// does not take one (ZOOKEEPER-4925).
func TestHistoryTakesNoHole(t *testing.T) {
	h := NewHistory(zoo.MakeZxid(1, 4), logged(zoo.MakeZxid(1, 5)))
	for z, follows := range map[zoo.Zxid]bool{
		zoo.MakeZxid(1, 5): false, zoo.MakeZxid(1, 6): true, zoo.MakeZxid(1, 7): false,
		zoo.MakeZxid(2, 1): true, zoo.MakeZxid(0, 9): false,
	} {
		if h.Follows(z) != follows {
			t.Errorf("%v after %v: %v", z, h.Last(), h.Follows(z))
		}
	}
}

// What is under way is what the tree has not got, committed or not.
func TestWhatIsNotAppliedIsCounted(t *testing.T) {
	h := NewHistory(0x100000000, nil)
	for z := zoo.Zxid(0x100000001); z <= 0x100000003; z++ {
		h.Append(txn.Entry{Zxid: z})
	}
	h.Commit(0x100000002)
	h.Advance()
	if n := h.Unapplied(); n != 2 {
		t.Errorf("%d entries are under way, want 2", n)
	}
}
