package zab

import (
	"testing"

	"zoo"
	"zoo/internal/core/tree"
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

// An observer spares its disk while an append is still on its way. What it takes in from
// then on counts as persisted, but not before what is on its way, and of the history
// nothing more is asked of the disk.
func TestAnUnloggedJournalSparesTheDisk(t *testing.T) {
	z := func(n uint32) zoo.Zxid { return zoo.MakeZxid(1, n) }
	j := NewJournal(0)
	j.Append(logged(z(1))[0])
	written := j.Drain()
	j.Unlog()
	j.Append(logged(z(2))[0])
	if j.Persisted() != 0 {
		t.Fatalf("persisted %v before the disk is done", j.Persisted())
	}
	j.Done(written[0].Seq)
	if j.Persisted() != z(2) {
		t.Fatalf("persisted %v, want all that is in memory", j.Persisted())
	}
	j.Append(logged(z(3))[0])
	j.Truncate(z(2))
	if j.Persisted() != z(2) {
		t.Fatalf("persisted %v after a cut", j.Persisted())
	}
	j.Install(tree.New(), z(7))
	if j.Persisted() != z(7) {
		t.Fatalf("persisted %v after a SNAP", j.Persisted())
	}
	promise, epoch := j.Accept(2), j.Enter(2)
	ops := j.Drain()
	if len(ops) != 2 || ops[0].Kind != DiskAcceptedEpoch || ops[1].Kind != DiskBarrier {
		t.Fatalf("the disk is asked for %+v", ops)
	}
	if j.Done(epoch); !j.Durable(promise) || !j.Idle() {
		t.Fatal("the disk owes something")
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

// The plot: three appends are under way at once, the disk is done with them one by one, and
// further ones come. What an operation holds stays as it is until the disk is done with it,
// although the journal uses the memory of the others again.
func TestEntriesStayUntilTheDiskIsDoneWithThem(t *testing.T) {
	j := NewJournal(0)
	var last zoo.Zxid
	next := func() DiskOp {
		for range 3 {
			last = max(last, zoo.Epoch(1).Start()).Next()
			j.Append(logged(last)[0])
		}
		return j.Drain()[0]
	}
	under := []DiskOp{next(), next(), next()}
	for want := zoo.MakeZxid(1, 1); want < zoo.MakeZxid(1, 3000); {
		for _, e := range under[0].Entries {
			if e.Zxid != want {
				t.Fatalf("the disk is to log %v, want %v", e.Zxid, want)
			}
			want = want.Next()
		}
		j.Done(under[0].Seq)
		under = append(under[1:], next())
	}
}
