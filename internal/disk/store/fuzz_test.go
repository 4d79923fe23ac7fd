package store_test

import (
	"errors"
	"testing"

	"zoo/internal/disk/store"
	"zoo/internal/disk/vfs"
)

// FuzzEpochFiles starts a server whose epoch files say anything. It refuses them
// with their names, or goes on with epochs that can be.
func FuzzEpochFiles(f *testing.F) {
	f.Add("1", "1", "")
	f.Add("5\n", " 4", "5")
	f.Add("-1", "-1", "x")
	f.Add("4294967296", "4294967295", "")
	f.Fuzz(func(t *testing.T, accepted, current, unfinished string) {
		disk := vfs.NewMem()
		s, _, err := store.Open(disk, "/d", "")
		must(t, err)
		must(t, s.Close())
		write(t, disk, "/d/version-2/acceptedEpoch", accepted)
		write(t, disk, "/d/version-2/currentEpoch", current)
		write(t, disk, "/d/version-2/currentEpoch.tmp", unfinished)
		s, r, err := store.Open(disk, "/d", "")
		var corrupt *vfs.CorruptError
		if errors.As(err, &corrupt) {
			return
		}
		must(t, err)
		if r.CurrentEpoch < 0 || r.AcceptedEpoch < r.CurrentEpoch ||
			r.AcceptedEpoch.Start().Epoch() != r.AcceptedEpoch {
			t.Fatalf("epochs %d and %d", r.AcceptedEpoch, r.CurrentEpoch)
		}
		must(t, s.Close())
	})
}
