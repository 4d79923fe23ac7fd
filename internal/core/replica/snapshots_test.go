package replica

import (
	"testing"
	"time"

	"zoo"
	"zoo/internal/core/tree"
)

// Large transactions make a snapshot due long before their number does: between
// half of the bound and all of it, so that servers do not meet.
func TestBytesOfTheLogMakeASnapshotDue(t *testing.T) {
	r := New(Config{ID: 1, Seed: 1, SnapLogBytes: 1000}, Recovered{Tree: tree.New()})
	r.Drain()
	r.snapshots.bytes = 499
	r.maybeSnapshot()
	if r.Drain().Snapshot {
		t.Fatal("a snapshot after less than half of the bound")
	}
	r.snapshots.bytes = 1000
	r.maybeSnapshot()
	if !r.Drain().Snapshot || r.snapshots.bytes != 0 {
		t.Fatal("no snapshot at the bound")
	}
	r.cfg.SnapLogBytes, r.snapshots.running = 0, false
	if _, due := r.snapshotDistance(); due != 0 {
		t.Fatalf("without a bound %d bytes are one", due)
	}
}

// What a server replays at its start counts for its next snapshot, so that one that is
// killed again and again does not replay ever more.
func TestALogReplayedMakesASnapshotDue(t *testing.T) {
	for replayed, due := range map[int]bool{4: false, 10: true} {
		r := New(Config{ID: 1, Seed: 1, SnapCount: 10},
			Recovered{Tree: tree.New(), Replayed: replayed})
		r.maybeSnapshot()
		if got := r.Drain().Snapshot; got != due {
			t.Errorf("a snapshot behind %d entries of 10: %v", replayed, got)
		}
	}
	r := New(Config{ID: 1, Seed: 1, SnapLogBytes: 1000},
		Recovered{Tree: tree.New(), Replayed: 1, ReplayedBytes: 1000})
	r.maybeSnapshot()
	if !r.Drain().Snapshot {
		t.Error("no snapshot behind as many bytes as are due")
	}
}

// At a hundred thousand writes a second a snapshot would be due each second. It waits
// until five seconds after the last one, or as long as that one took, if it is more.
func TestSnapshotsDoNotRunBackToBack(t *testing.T) {
	r := New(Config{ID: 1, Seed: 1, SnapCount: 100}, Recovered{Tree: tree.New()})
	asks := func(at time.Duration) bool {
		r.snapshots.since = 100
		r.Step(Now{Mono: at}, Tick{})
		return r.Drain().Snapshot
	}
	if !asks(time.Second) {
		t.Fatal("no first snapshot")
	}
	for _, took := range []time.Duration{time.Millisecond, 30 * time.Second} {
		ends := r.now.Mono + took
		if asks(ends) {
			t.Fatal("a second snapshot beside the first")
		}
		r.Step(Now{Mono: ends}, SnapshotDone{})
		next := ends + max(took/2, 2*time.Second)
		if asks(next - 1) {
			t.Fatalf("a snapshot %v after one that took %v", next-1-ends, took)
		}
		if !asks(next) {
			t.Fatalf("no snapshot %v after one that took %v", next-ends, took)
		}
	}
}

// SnapCount is drawn anew each time from its upper half, as in Java, so that the members
// of an ensemble, which apply the same transactions, do not meet.
func TestMembersTakeTheirSnapshotsAtDifferentTransactions(t *testing.T) {
	seen := map[int]bool{}
	for id := range 5 {
		r := New(Config{ID: zoo.ServerID(id + 1), Seed: 7}, Recovered{Tree: tree.New()})
		for range 20 {
			due, _ := r.snapshotDistance()
			if due < 50_000 || due >= 100_000 {
				t.Fatalf("a snapshot after %d transactions", due)
			}
			seen[due] = true
		}
	}
	if len(seen) < 95 {
		t.Fatalf("100 draws gave %d distances", len(seen))
	}
}
