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
