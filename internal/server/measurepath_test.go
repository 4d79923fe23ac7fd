package server

import (
	"testing"
	"time"

	"zoo"
	"zoo/internal/ops/metrics"
	"zoo/internal/txn"
)

// The plot: three entries go to the log together, and two more before they are applied. The
// third is followed, and the next one that is logged after it.
func TestOneTransactionAtATimeIsFollowedToTheTree(t *testing.T) {
	h := metrics.NewSet().Histogram("commit_seconds", "", metrics.Nanoseconds)
	at := func(counters ...uint32) (list []txn.Entry) {
		for _, c := range counters {
			list = append(list, txn.Entry{Zxid: zoo.MakeZxid(1, c)})
		}
		return list
	}
	var f followed
	f.logged(nil, 1*time.Second)
	f.logged(at(1, 2, 3), 2*time.Second)
	f.logged(at(4, 5), 3*time.Second)
	f.applied(zoo.MakeZxid(1, 2), 4*time.Second, h)
	if n := h.Distribution().Count; n != 0 {
		t.Fatalf("%d times before it is applied", n)
	}
	f.applied(zoo.MakeZxid(1, 3), 6*time.Second, h)
	f.applied(zoo.MakeZxid(1, 5), 7*time.Second, h)
	if d := h.Distribution(); d.Count != 1 || d.Sum != 4 {
		t.Errorf("%d times, %v s; want one of 4", d.Count, d.Sum)
	}
	f.logged(at(6), 8*time.Second)
	f.applied(zoo.MakeZxid(2, 1), 9*time.Second, h) // the leader that proposed it is gone
	f.logged(at(7), 10*time.Second)
	f.applied(zoo.MakeZxid(1, 7), 11*time.Second, h)
	if d := h.Distribution(); d.Count != 2 || d.Sum != 5 {
		t.Errorf("%d times, %v s; want another one of 1", d.Count, d.Sum)
	}
}
