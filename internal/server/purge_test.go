package server

import (
	"strings"
	"testing"
	"time"

	"zoo"
	"zoo/internal/disk/store"
	"zoo/internal/disk/vfs"
	"zoo/internal/wire"
)

// snapshotsOn are the names of the snapshots of a server.
func snapshotsOn(t *testing.T, disk *vfs.Mem, dir string) []string {
	t.Helper()
	names, err := disk.List(store.VersionDir(dir))
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, name := range names {
		if strings.HasPrefix(name, "snapshot.") {
			all = append(all, name)
		}
	}
	return all
}

// writeUntil writes until the condition holds, which it must within patience.
func writeUntil(t *testing.T, c *client, holds func() bool) {
	t.Helper()
	for began := time.Now(); !holds(); {
		if time.Since(began) > patience {
			t.Fatal("it does not come about")
		}
		c.call(1, wire.OpSetData, &wire.SetDataRequest{Path: "/a", Version: -1}, zoo.CodeOK)
	}
}

// The plot: a server takes snapshots without end. It purges after each, so that there
// are never many; then it is started again, without knowing whether the old ones are
// good, finds that out, and goes on purging. Everything is there meanwhile.
func TestAServerPurgesWhatNobodyNeeds(t *testing.T) {
	disk := vfs.NewMem()
	cfg := standaloneConfig(disk)
	cfg.SnapCount, cfg.SnapPause = 10, time.Millisecond
	cfg.Purge = PurgeConfig{Retention: store.Retention{Snapshots: 3}, Interval: time.Hour}
	for life := range 2 {
		s := start(t, disk, cfg)
		c := s.connect()
		if life == 0 {
			c.create("/a", "0")
		}
		purged := func() bool { return s.meters.disk.purgedFiles.Count() > 20 }
		writeUntil(t, c, purged)
		if n := len(snapshotsOn(t, disk, cfg.Store.DataDir)); n < 3 || n > 10 {
			t.Errorf("life %d: %d snapshots", life, n)
		}
		c.call(2, wire.OpGetData, &wire.GetDataRequest{Path: "/a"}, zoo.CodeOK)
		if err := s.stop(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAServerWithoutAnIntervalPurgesNothing(t *testing.T) {
	disk := vfs.NewMem()
	cfg := standaloneConfig(disk)
	cfg.SnapCount, cfg.SnapPause = 10, time.Millisecond
	cfg.Purge = PurgeConfig{Retention: store.Retention{Snapshots: 1}}
	s := start(t, disk, cfg)
	c := s.connect()
	c.create("/a", "0")
	writeUntil(t, c, func() bool { return len(snapshotsOn(t, disk, cfg.Store.DataDir)) > 8 })
	if n := s.meters.disk.purgedFiles.Count(); n != 0 {
		t.Errorf("%d files were purged", n)
	}
}

func TestAPurgeComesWithTheInterval(t *testing.T) {
	disk := vfs.NewMem()
	cfg := standaloneConfig(disk)
	cfg.SnapCount, cfg.SnapPause = 10, time.Millisecond
	cfg.Purge = PurgeConfig{Retention: store.Retention{Snapshots: 1},
		Interval: time.Millisecond, IntervalOnly: true}
	s := start(t, disk, cfg)
	c := s.connect()
	c.create("/a", "0")
	writeUntil(t, c, func() bool { return s.meters.disk.purgedFiles.Count() > 4 })
}
