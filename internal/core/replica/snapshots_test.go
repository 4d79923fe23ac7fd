package replica

import (
	"testing"

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
