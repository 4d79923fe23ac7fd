package server

import (
	"fmt"
	"testing"

	"zoo/internal/ops/metrics"
)

// sums are the readings of one part of a keyed summary.
func sums(set *metrics.Set, part string) map[string]string {
	found := map[string]string{}
	set.Each(func(_ string, v metrics.Value) {
		if v.Part == part {
			found[v.Key] = v.String()
		}
	})
	return found
}

// A client has made more top znodes than are told apart, and now reads below ones that
// came later: they count together, and a hold of the tree touches their summary once.
func TestReadsBelowTheTopZnodesOfTooManyAreStillSummedUp(t *testing.T) {
	set := metrics.NewSet()
	all := set.SummarySet("reads", "", metrics.Basic)
	for i := range 1024 {
		all.Of(fmt.Sprint(i)).Observe(1)
	}
	r := readTally{}
	for i := range 10 {
		r.note(all, fmt.Sprintf("/late%d/a", i), 5)
	}
	if got := sums(set, "cnt")[metrics.OthersKey]; got != "0" {
		t.Errorf("%q reads were told one by one", got)
	}
	r.flush()
	if got := sums(set, "sum")[metrics.OthersKey]; got != "50" {
		t.Errorf("got the sum %q", got)
	}
}

func TestReadsOfTheRootBelongToNoTopZnode(t *testing.T) {
	set := metrics.NewSet()
	all := set.SummarySet("reads", "", metrics.Basic)
	r := readTally{}
	for _, path := range []string{"/a", "/", "/a/b", "/b"} {
		r.note(all, path, 1)
	}
	r.flush()
	if got := sums(set, "cnt"); len(got) != 2 || got["a"] != "2" || got["b"] != "1" {
		t.Errorf("got %v", got)
	}
}

// A connection reads one top znode, before and after an operator begins all anew.
func TestReadsAreCountedAfterAReset(t *testing.T) {
	set := metrics.NewSet()
	all := set.SummarySet("reads", "", metrics.Basic)
	r := readTally{}
	r.note(all, "/a", 1)
	r.flush()
	set.Reset()
	r.note(all, "/a", 1)
	r.flush()
	if got := sums(set, "cnt")["a"]; got != "1" {
		t.Errorf("%q reads are counted", got)
	}
}
