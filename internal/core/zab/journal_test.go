package zab

import (
	"testing"

	"zoo"
)

// A log of three entries is cut back to one while the appends are still under
// way. What the disk reports for them afterwards must not count beyond the cut,
// or a server would apply what is not in its log.
func TestPersistedNeverExceedsACutThatCameLater(t *testing.T) {
	z := func(n uint32) zoo.Zxid { return zoo.MakeZxid(1, n) }
	j := NewJournal(0)
	for _, e := range logged(z(1), z(2), z(3)) {
		j.Append(e)
	}
	appends := j.Drain()
	j.Truncate(z(1))
	j.Append(logged(zoo.MakeZxid(2, 1))[0])
	j.Done(appends[0].Seq)
	if j.Persisted() != z(1) {
		t.Fatalf("persisted %v after the cut to %v", j.Persisted(), z(1))
	}
	ops := j.Drain()
	j.Done(ops[len(ops)-1].Seq)
	if j.Persisted() != zoo.MakeZxid(2, 1) || !j.Idle() {
		t.Fatalf("persisted %v at the end", j.Persisted())
	}
}

// Entries that are proposed between two drains share one operation, hence one
// sync; an epoch between them keeps its place.
func TestAppendsShareAnOperationButNotAcrossAnEpoch(t *testing.T) {
	j := NewJournal(0)
	for _, e := range logged(zoo.MakeZxid(1, 1), zoo.MakeZxid(1, 2)) {
		j.Append(e)
	}
	j.Enter(2)
	j.Append(logged(zoo.MakeZxid(2, 1))[0])
	ops := j.Drain()
	if len(ops) != 3 || len(ops[0].Entries) != 2 || ops[1].Kind != DiskCurrentEpoch {
		t.Fatalf("got %+v", ops)
	}
}
