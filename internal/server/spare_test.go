package server

import (
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"zoo/internal/disk/store"
	"zoo/internal/disk/txnlog"
	"zoo/internal/disk/vfs"
)

// The plot: a server writes and takes snapshots, each of which ends a file of the log. What is
// prepared in the background becomes the next file, and a server that stops leaves none.
func TestAServerPreparesTheNextFileOfItsLog(t *testing.T) {
	disk := vfs.NewMem()
	cfg := standaloneConfig(disk)
	cfg.SnapCount, cfg.SnapPause = 100, time.Millisecond
	cfg.Store.PreallocateBytes = 1 << 10
	spare := filepath.Join(store.VersionDir(cfg.Store.DataDir), txnlog.SpareName)
	var taken atomic.Int64
	cfg.Store.FS = vfs.NewFaulty(disk, func(_ int, op vfs.Op) error {
		if op.Kind == vfs.OpRename && op.Name == spare {
			taken.Add(1)
		}
		return nil
	})
	s := start(t, disk, cfg)
	c := s.connect()
	c.create("/a", "0")
	writeUntil(t, c, func() bool { return taken.Load() >= 3 })
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := disk.Stat(spare); err == nil {
		t.Error("a prepared file is left behind")
	}
}

// Where the room is short nothing is prepared: it is for those who must write.
func TestNothingIsPreparedWhereRoomIsShort(t *testing.T) {
	disk := vfs.NewMem()
	cfg := standaloneConfig(disk)
	cfg.SnapCount, cfg.SnapPause = 100, time.Millisecond
	cfg.Store.PreallocateBytes = 1 << 10
	disk.Limit(roomMin)
	s := start(t, disk, cfg)
	c := s.connect()
	c.create("/a", "0")
	writeUntil(t, c, func() bool { return len(snapshotsOn(t, disk, cfg.Store.DataDir)) > 3 })
	dir := store.VersionDir(cfg.Store.DataDir)
	if _, err := disk.Stat(filepath.Join(dir, txnlog.SpareName)); err == nil {
		t.Error("a file is prepared on a disk that is nearly full")
	}
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
}

// The plot: segments of the log that lasted for a moment, for eight seconds and for a day.
// The moral: the next one is prepared before it is needed, and no faster than that takes.
func TestASegmentIsPreparedAsSlowlyAsItMayBe(t *testing.T) {
	const size = 300 << 20
	for _, c := range []struct{ since, takes time.Duration }{
		{0, 3 * time.Second},
		{8 * time.Second, 6 * time.Second},
		{24 * time.Hour, 30 * time.Second},
	} {
		want := int64(size) * int64(time.Second) / int64(c.takes)
		if got := spareRate(size, c.since); got != want {
			t.Errorf("after %v: %d bytes a second, not %d", c.since, got, want)
		}
	}
}
