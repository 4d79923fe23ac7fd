package store_test

import (
	"path/filepath"
	"slices"
	"testing"

	"zoo"
	"zoo/internal/disk/store"
	"zoo/internal/disk/vfs"
)

// refusals are directories that must not be served, each with a log that a start would
// cut, epochs that it would write, or no snapshot.
var refusals = map[string]func(t *testing.T, disk *vfs.Mem){
	"a log that begins later, and the empty tree trusted": func(t *testing.T, disk *vfs.Mem) {
		must(t, disk.Remove("/data/version-2/snapshot.0"))
		must(t, disk.Remove("/logs/version-2/log.1"))
		must(t, disk.Remove("/data/version-2/currentEpoch"))
		write(t, disk, accepted, "no number")
	},
	"no snapshot, and an accepted epoch of no bytes": func(t *testing.T, disk *vfs.Mem) {
		must(t, disk.Remove("/data/version-2/snapshot.0"))
		write(t, disk, accepted, "")
	},
	"a torn log, and epochs that contradict it": func(t *testing.T, disk *vfs.Mem) {
		write(t, disk, "/logs/version-2/log.4", "ZKLG\x00\x00")
		write(t, disk, "/data/version-2/currentEpoch", "9")
	},
	"a gap in the log, and no snapshot": func(t *testing.T, disk *vfs.Mem) {
		must(t, disk.Remove("/data/version-2/snapshot.0"))
		must(t, disk.Remove("/data/version-2/currentEpoch"))
		must(t, disk.Remove("/logs/version-2/log.3"))
	},
}

// A start that is refused leaves the directory as it was, so that a second one, or the
// operator, finds what the first one has found.
func TestARefusedStartChangesNothing(t *testing.T) {
	for name, spoil := range refusals {
		t.Run(name, func(t *testing.T) {
			w, disk := newWorld(t)
			for z := range zoo.Zxid(5) {
				w.append(creates(z+1, z+1, "a")...)
				w.sync()
				w.roll()
			}
			must(t, w.store.Close())
			spoil(t, disk)
			before := filesOf(t, disk)
			for range 2 {
				c := config(disk)
				c.TrustEmptySnapshot = true
				s, _, err := c.Open()
				if err == nil {
					must(t, s.Close())
					t.Fatal("it was served")
				}
			}
			if after := filesOf(t, disk); !slices.Equal(before, after) {
				t.Errorf("there was\n%q\nand now there is\n%q", before, after)
			}
		})
	}
}

// filesOf are the names and contents of a directory's files.
func filesOf(t *testing.T, disk *vfs.Mem) (files []string) {
	for _, dir := range []string{store.VersionDir("/data"), store.VersionDir("/logs")} {
		names, err := disk.List(dir)
		must(t, err)
		for _, name := range names {
			path := filepath.Join(dir, name)
			files = append(files, path+" "+contentOf(t, disk, path))
		}
	}
	return files
}
