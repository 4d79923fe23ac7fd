package store_test

import (
	"errors"
	"testing"

	"zoo"
	"zoo/internal/disk/store"
	"zoo/internal/disk/vfs"
)

// A bound on a log file is passed by the entries that reach it, and the next ones
// begin a new file; recovery reads them all.
func TestALogFileEndsAtItsBound(t *testing.T) {
	disk := vfs.NewMem()
	cfg := store.Config{FS: disk, DataDir: "/d", LogBytesMax: 200}
	s, _, err := cfg.Open()
	must(t, err)
	for z := zoo.Zxid(1); z <= 6; z++ {
		must(t, s.Append(creates(z, z, "a")))
		must(t, s.Sync())
	}
	must(t, s.Close())
	logs := 0
	names, err := disk.List("/d/version-2")
	must(t, err)
	for _, name := range names {
		if len(name) > 4 && name[:4] == "log." {
			logs++
		}
	}
	if logs < 2 || logs == 6 {
		t.Fatalf("%d files of the log: %v", logs, names)
	}
	_, r, err := cfg.Open()
	must(t, err)
	if len(r.Tail) != 6 {
		t.Fatalf("%d entries were recovered", len(r.Tail))
	}
}

// With forceSync=no the log is the system's to write: a crash that loses what was
// not synced loses what Sync returned for. That is why it is warned of.
func TestAnUnsyncedLogIsLostWithThePower(t *testing.T) {
	for _, unsynced := range []bool{false, true} {
		disk := vfs.NewMem()
		cfg := store.Config{FS: disk, DataDir: "/d", LogUnsynced: unsynced}
		s, _, err := cfg.Open()
		must(t, err)
		must(t, s.Append(creates(1, 1, "a")))
		must(t, s.Sync())
		crashed := cfg
		crashed.FS = disk.CrashLosingAll()
		_, r, err := crashed.Open()
		must(t, err)
		if lost := len(r.Tail) == 0; lost != unsynced {
			t.Errorf("unsynced %v: %d entries were recovered", unsynced, len(r.Tail))
		}
	}
}

func TestMissingDirectoriesAreNotMadeWhenTheyAreExpected(t *testing.T) {
	disk := vfs.NewMem()
	_, _, err := store.Config{FS: disk, DataDir: "/d", DirsExpected: true}.Open()
	if !errors.Is(err, store.ErrDir) {
		t.Fatalf("got %v", err)
	}
	must(t, disk.MkdirAll("/d/version-2"))
	_, _, err = store.Config{FS: disk, DataDir: "/d", DirsExpected: true}.Open()
	must(t, err)
}
