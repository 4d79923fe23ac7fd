package store_test

import (
	"slices"
	"testing"

	"zoo/internal/disk/snapshot"
	"zoo/internal/disk/store"
	"zoo/internal/disk/vfs"
)

// The plot: a plain snapshot is there, and another of the same zxid and another
// history is installed as gz. The power goes at any operation, and the next start is
// configured to write plain. It has the one history or the other, and once it has
// the new one, that stays.
func TestAnInstallIsFinishedInTheFormItWasBegunIn(t *testing.T) {
	older, newer := creates(1, 3, "a"), creates(1, 3, "b")
	before, after := treeOf(t, older).Fingerprint(), treeOf(t, newer).Fingerprint()
	for n := 0; ; n++ {
		disk := vfs.NewMem()
		s, _, err := config(disk).Open()
		must(t, err)
		must(t, s.InstallSnapshot(frozen(treeOf(t, older))))
		must(t, s.Close())
		op, lost := survive(func() {
			cfg := config(crashAt(disk, n))
			cfg.Snapshots = snapshot.Format{Compression: snapshot.Gzip}
			s, _, err := cfg.Open()
			must(t, err)
			must(t, s.InstallSnapshot(frozen(treeOf(t, newer))))
		})
		for how, found := range outcomes(disk) {
			possible := before // until it has been replaced
			if !lost {
				possible = after
			}
			for range 2 {
				s, r, err := config(found).Open()
				must(t, err)
				got := r.Tree.Fingerprint()
				if got != after && got != possible {
					t.Fatalf("before operation %d (%v), %s: another tree", n, op, how)
				}
				possible = got
				must(t, s.Close())
			}
		}
		if !lost {
			return
		}
	}
}

// Every form is recovered from, also when it is not the one that is configured.
func TestADirectoryOfAnyFormIsOpened(t *testing.T) {
	for _, word := range []string{"", "gz", "snappy"} {
		disk := vfs.NewMem()
		cfg := config(disk)
		cfg.Snapshots.Compression, _ = snapshot.ParseCompression(word)
		s, _, err := cfg.Open()
		must(t, err)
		kept := treeOf(t, creates(1, 3, "a"))
		must(t, s.InstallSnapshot(frozen(kept)))
		must(t, s.Close())
		names, err := disk.List(store.VersionDir(cfg.DataDir))
		must(t, err)
		want := cfg.Snapshots.Name(3)
		if !slices.Contains(names, want) {
			t.Errorf("%s is not among %v", want, names)
		}
		_, r, err := config(disk).Open()
		must(t, err)
		if r.Tree.Fingerprint() != kept.Fingerprint() {
			t.Errorf("%q: the tree is another", word)
		}
	}
}
