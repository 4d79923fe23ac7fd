package store_test

import (
	"errors"
	"strings"
	"testing"

	"zoo"
	"zoo/internal/disk/store"
	"zoo/internal/disk/vfs"
)

// prepared is a history of five znodes that ends with z, beside that of a world.
func prepared(t *testing.T, w *world, z zoo.Zxid) *store.Replacement {
	t.Helper()
	tr := treeOf(t, creates(1, 5, "b"))
	tr.SetZxid(z)
	r, err := w.store.PrepareReplacement(tr, func() error { return nil })
	must(t, err)
	return r
}

func TestAPreparedHistoryTakesThePlaceOfTheOldOne(t *testing.T) {
	w, disk := grown(t)
	_, err := w.store.Replace(prepared(t, w, 1000), true)
	must(t, err)
	must(t, w.store.Close())
	s, r, err := config(disk).Open()
	must(t, err)
	if got := files(t, disk); r.Zxid != 1000 || got != "snapshot.3e8" {
		t.Fatalf("recovered %v from %s", r.Zxid, got)
	}
	must(t, s.Close())
}

// The plot: a history is prepared; then the disk is full, and the directory is opened
// anew, which removes what was unfinished. The history from before is asked to take its
// place all the same: the answer is no, nothing has changed, and the store works on.
func TestAHistoryPreparedBeforeTheDirectoryWasOpenedAnewIsRefused(t *testing.T) {
	w, disk := grown(t)
	old := prepared(t, w, 1000)
	must(t, w.store.Close())
	w.open(disk)
	prepared(t, w, 1000) // of the same name, but another one
	w.expectRefused(t, disk, old)
}

func TestAPreparedHistoryWhoseFileHasGoneIsRefused(t *testing.T) {
	const name = "/data/version-2/unfinished-snapshot.3e8.install"
	for _, content := range []string{"", "ZKSN"} {
		w, disk := grown(t)
		r := prepared(t, w, 1000)
		must(t, disk.Remove(name))
		if content != "" {
			write(t, disk, name, content)
		}
		w.expectRefused(t, disk, r)
	}
}

func (w *world) expectRefused(t *testing.T, disk *vfs.Mem, r *store.Replacement) {
	t.Helper()
	if _, err := w.store.Replace(r, true); !errors.Is(err, store.ErrReplacement) {
		t.Fatalf("the store says %v", err)
	}
	if got := files(t, disk); strings.Contains(got, "zoo.plan") {
		t.Fatalf("a plan without its file: %s", got)
	}
	w.append(create(w.last()+1, "a"))
	w.sync()
	w.open(disk.CrashLosingAll())
}

// The plot: somebody has removed the snapshot that a plan is to install. The message
// names the plan, what is missing, and what to do; without the plan the old history is there.
func TestAPlanWhoseSnapshotIsMissingSaysWhatToDo(t *testing.T) {
	w, disk := grown(t)
	must(t, w.store.Close())
	const plan = "/data/version-2/zoo.plan"
	write(t, disk, plan, "install 3e8\n")
	_, _, err := config(disk).Open()
	var corrupt *store.CorruptError
	if !errors.As(err, &corrupt) || corrupt.File != plan ||
		!strings.Contains(corrupt.Want, "unfinished-snapshot.3e8.install") ||
		!strings.Contains(corrupt.Advice, "zoo.plan") {
		t.Fatalf("the start says %v", err)
	}
	must(t, disk.Remove(plan))
	w.open(disk)
}
