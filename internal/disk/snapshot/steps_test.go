package snapshot_test

import (
	"strings"
	"testing"

	"zoo/internal/disk/snapshot"
	"zoo/internal/disk/vfs"
)

// A sync of the log waits for what the disk has queued before it. So a snapshot is synced
// while it grows, and then read back in parts.
func TestALargeSnapshotIsSyncedAndReadBackInParts(t *testing.T) {
	recorder := &vfs.Recorder{}
	disk := vfs.NewFaulty(newDisk(), recorder.Hook)
	w := snapshot.Format{}.NewWriter(disk, "/d", "unfinished", source(grow(t, 100_000)))
	var moved, step int64
	for done := false; !done; {
		var err error
		done, err = w.Step(128)
		must(t, err)
		step = max(step, w.Moved()-moved)
		moved = w.Moved()
	}
	must(t, w.Publish())
	if w.Bytes() < 5<<20 || moved != w.Bytes()*14/10 {
		t.Fatalf("%d bytes written, %d moved", w.Bytes(), moved)
	}
	if step > 1<<20 {
		t.Errorf("one step moves %d bytes", step)
	}
	var unsynced, most int
	for _, line := range recorder.Take() {
		switch {
		case strings.HasPrefix(line, "write"):
			unsynced++
			most = max(most, unsynced)
		case strings.HasPrefix(line, "sync"):
			unsynced = 0
		}
	}
	if most == 0 || most > 16 {
		t.Errorf("%d writes without a sync", most)
	}
}
