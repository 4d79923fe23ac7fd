package quorum

import (
	"testing"

	"pgregory.net/rapid"

	"zoo"
)

// The plot: some of an ensemble of random groups and weights are there. A stupid twin takes
// every set of them away and asks the rest whether it decides.
func TestSpareIsTheSmallestLossThatStopsTheEnsembleLessOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		view := randomView(t)
		n := len(view.Voters())
		present := uint(rapid.IntRange(0, 1<<n-1).Draw(t, "present"))
		among := func(set uint) func(zoo.ServerID) bool {
			return func(id zoo.ServerID) bool { return set>>(id-1)&1 == 1 }
		}
		want := n
		for left := range uint(1 << n) {
			if left&^present == 0 && !view.Decides(among(left)) {
				want = min(want, size(present&^left)-1)
			}
		}
		if got := view.Spare(among(present)); got != want {
			t.Fatalf("%d may be lost of %b, not %d", want, present, got)
		}
	})
}

func size(set uint) (n int) {
	for ; set != 0; set &= set - 1 {
		n++
	}
	return n
}

// randomView has voters 1 to n: a majority, or groups and weights by which they can decide.
func randomView(t *rapid.T) *View {
	n := rapid.IntRange(1, 7).Draw(t, "voters")
	h := Hierarchy{Groups: make([]Group, 3), Weights: map[zoo.ServerID]int64{}}
	var members []Member
	for id := zoo.ServerID(1); id <= zoo.ServerID(n); id++ {
		members = append(members, Member{ID: id})
		group := &h.Groups[rapid.IntRange(0, 2).Draw(t, "group")]
		group.Members = append(group.Members, id)
		h.Weights[id] = int64(rapid.IntRange(0, 3).Draw(t, "weight"))
	}
	for i := range h.Groups {
		h.Groups[i].Number = int64(i + 1)
	}
	if view, err := NewHierarchicalView(members, h, 1); err == nil {
		return view
	}
	view, err := NewView(members, 1)
	if err != nil {
		t.Fatal(err)
	}
	return view
}
