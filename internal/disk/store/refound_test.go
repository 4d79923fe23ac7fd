package store_test

import (
	"errors"
	"testing"
	"time"

	"zoo"
	"zoo/internal/core/tree"
	"zoo/internal/disk/store"
	"zoo/internal/disk/vfs"
)

// old is a directory whose ensemble is lost: ten transactions, a torn epoch, a snapshot.
func old(t *testing.T) (*world, *vfs.Mem) {
	w, disk := newWorld(t)
	w.setAccepted(3)
	w.append(creates(0x300000001, 0x300000004, "a")...)
	w.sync()
	w.setCurrent(3)
	w.snapshot()
	w.roll()
	w.append(creates(0x300000005, 0x300000009, "a")...)
	w.sync()
	w.setAccepted(5)
	must(t, w.store.Close())
	return w, disk
}

// Everything that the survivor had is there, behind it a transaction that changes
// nothing, in an epoch far above all that it knew.
func TestARefoundedHistoryBeginsANewEpoch(t *testing.T) {
	w, disk := old(t)
	s, r, err := config(disk).Open()
	must(t, err)
	p, err := store.PlanRefounding(&r, 0)
	must(t, err)
	if p.Epoch < 1_000_000 || p.First != p.Epoch.Start()+1 || p.Last != 0x300000009 {
		t.Fatalf("planned %+v", p)
	}
	must(t, s.Refound(p, time.UnixMilli(1)))
	must(t, s.Close())
	_, r, err = config(disk.CrashLosingAll()).Open()
	must(t, err)
	if r.Zxid != p.First || r.CurrentEpoch != p.Epoch || r.AcceptedEpoch != p.Epoch {
		t.Fatalf("recovered %+v", r)
	}
	if got := applied(t, r); got.Digest() != w.tree.Digest() || got.Len() != w.tree.Len() {
		t.Error("the znodes are not the same")
	}
}

func applied(t *testing.T, r store.Recovered) *tree.Tree {
	t.Helper()
	for _, e := range r.Tail {
		_, err := r.Tree.Apply(e)
		must(t, err)
	}
	return r.Tree
}

func TestARefoundingNeedsAHigherEpochAndAHistory(t *testing.T) {
	_, disk := old(t)
	_, r, err := config(disk).Open()
	must(t, err)
	for _, e := range []zoo.Epoch{1, 5, 1 << 31} {
		if _, err := store.PlanRefounding(&r, e); !errors.Is(err, store.ErrRefound) {
			t.Errorf("epoch %d: %v", e, err)
		}
	}
	if p, err := store.PlanRefounding(&r, 6); err != nil || p.Epoch != 6 {
		t.Errorf("epoch 6: %+v, %v", p, err)
	}
	_, r, err = config(vfs.NewMem()).Open()
	must(t, err)
	if _, err := store.PlanRefounding(&r, 0); !errors.Is(err, store.ErrRefound) {
		t.Errorf("an empty directory: %v", err)
	}
}

// A crash at any operation leaves the old history or the new one, and another run
// finishes it.
func TestACrashInARefoundingIsMendedByAnother(t *testing.T) {
	for n := 0; ; n++ {
		_, disk := old(t)
		_, lost := survive(func() { refound(t, crashAt(disk, n)) })
		for seed := range uint64(3) {
			after := disk.Crash(seed)
			refound(t, after)
			_, r, err := config(after).Open()
			must(t, err)
			if applied(t, r).Len() != 9+treeOf(t, nil).Len() || r.Zxid.Epoch() != r.CurrentEpoch {
				t.Fatalf("crash before operation %d: recovered %v", n, r.Zxid)
			}
		}
		if !lost {
			return
		}
	}
}

func refound(t *testing.T, disk vfs.FS) {
	s, r, err := config(disk).Open()
	must(t, err)
	p, err := store.PlanRefounding(&r, 0)
	must(t, err)
	must(t, s.Refound(p, time.UnixMilli(1)))
	must(t, s.Close())
}

// What a start does to a directory, such as ending an unfinished job, can be tried on an
// overlay: the result is the same and the directory is not.
func TestADirectoryCanBeOpenedWithoutChangingIt(t *testing.T) {
	for n := 0; ; n += 7 {
		disk := vfs.NewMem()
		w := &world{t: t}
		_, lost := survive(func() {
			w.open(crashAt(disk, n))
			scenario(w)
		})
		disk = disk.Crash(uint64(n))
		untouched := vfs.NewFaulty(disk, func(_ int, op vfs.Op) error {
			if op.Mutates() {
				t.Fatalf("crash before operation %d: trying does %v", n, op)
			}
			return nil
		})
		_, tried, err := config(vfs.NewOverlay(untouched)).Open()
		must(t, err)
		_, real, err := config(disk).Open()
		must(t, err)
		if tried.Zxid != real.Zxid || tried.CurrentEpoch != real.CurrentEpoch ||
			tried.AcceptedEpoch != real.AcceptedEpoch ||
			applied(t, tried).Fingerprint() != applied(t, real).Fingerprint() {
			t.Fatalf("crash before operation %d: %v, tried %v", n, real.Zxid, tried.Zxid)
		}
		if !lost {
			return
		}
	}
}
