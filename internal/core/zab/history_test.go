package zab

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"zoo"
	"zoo/internal/txn"
)

// twin is the history as a child would write it: a list, and two counters.
type twin struct {
	zxids              []zoo.Zxid
	committed, applied int
}

// Random appends, commits, applications, cuts and trims: the history tells what a
// plain list tells, however much of its beginning it has forgotten.
func TestHistoryIsAListWithTwoMarks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := NewHistory(0, nil)
		var list twin
		last := zoo.MakeZxid(1, 0)
		steps := map[string]func(*rapid.T){
			"append": func(t *rapid.T) {
				if rapid.IntRange(0, 9).Draw(t, "new epoch") == 0 {
					last = (last.Epoch() + 1).Start()
				}
				last = last.Next()
				if !h.Follows(last) {
					t.Fatalf("%v does not follow %v", last, h.Last())
				}
				h.Append(logged(last)[0])
				list.zxids = append(list.zxids, last)
			},
			"commit": func(t *rapid.T) {
				n := rapid.IntRange(list.committed, len(list.zxids)).Draw(t, "n")
				if n > 0 {
					h.Commit(list.zxids[n-1])
				}
				list.committed = n
			},
			"apply": func(t *rapid.T) {
				e, ok := h.Next(last)
				if ok != (list.applied < list.committed) {
					t.Fatalf("next: %v, want %d of %d", ok, list.applied, list.committed)
				}
				if ok {
					if e.Zxid != list.zxids[list.applied] {
						t.Fatalf("next is %v, want %v", e.Zxid, list.zxids[list.applied])
					}
					h.Advance()
					list.applied++
				}
			},
			"truncate": func(t *rapid.T) {
				n := rapid.IntRange(0, len(list.zxids)).Draw(t, "n")
				if n == 0 {
					return
				}
				if cut := h.Truncate(list.zxids[n-1]); cut != (n >= list.applied) {
					t.Fatalf("truncate to %d with %d applied: %v", n, list.applied, cut)
				}
				if n >= list.applied {
					list.zxids = slices.Clone(list.zxids[:n])
					list.committed, last = min(list.committed, n), list.zxids[n-1]
				}
			},
			"trim": func(t *rapid.T) { h.Trim(rapid.IntRange(0, 5).Draw(t, "keep"), 0) },
			"": func(t *rapid.T) {
				at := func(n int) zoo.Zxid {
					if n == 0 {
						return 0
					}
					return list.zxids[n-1]
				}
				if h.Committed() != at(list.committed) || h.Applied() != at(list.applied) ||
					h.Last() != at(len(list.zxids)) {
					t.Fatalf("marks %v %v %v, want %v %v %v", h.Applied(), h.Committed(),
						h.Last(), at(list.applied), at(list.committed), at(len(list.zxids)))
				}
				tail := func(e txn.Entry, z zoo.Zxid) bool { return e.Zxid == z }
				if !slices.EqualFunc(h.Tail(), list.zxids[list.committed:], tail) {
					t.Fatalf("tail %d, want %d", len(h.Tail()), len(list.zxids)-list.committed)
				}
			},
		}
		t.Repeat(steps)
	})
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
