package store_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"zoo"
	"zoo/internal/disk/snapshot"
	"zoo/internal/disk/store"
	"zoo/internal/disk/vfs"
	"zoo/internal/txn"
)

// heavy makes 30 transactions, whose tree is large enough for its log to be read beside
// its snapshot.
func heavy() []txn.Entry {
	return creates(1, 30, strings.Repeat("heavy", 10_000))
}

// heavyDisk has snapshots of the first 20 and 25 transactions, and all in the log.
func heavyDisk(t *testing.T) *vfs.Mem {
	t.Helper()
	disk, history := vfs.NewMem(), heavy()
	s, _, err := config(disk).Open()
	must(t, err)
	for i, at := range []int{20, 25, 30} {
		must(t, s.Append(history[[]int{0, 20, 25}[i]:at]))
		must(t, s.Sync())
		if at < 30 {
			p, err := s.BeginSnapshot(frozen(treeOf(t, history[:at])))
			must(t, err)
			for done := false; !done; {
				done, err = p.Step(1000)
				must(t, err)
			}
			must(t, s.Roll())
		}
	}
	must(t, s.Close())
	return disk
}

func wantRecovered(t *testing.T, r store.Recovered, snapshotAt zoo.Zxid, tail int) {
	t.Helper()
	want := treeOf(t, heavy()[:int(r.Tree.Zxid())])
	if r.Tree.Fingerprint() != want.Fingerprint() {
		t.Errorf("the tree is not that of %v", r.Tree.Zxid())
	}
	if r.Snapshot != snapshotAt || len(r.Tail) != tail || r.Zxid != 30 {
		t.Errorf("snapshot %v, %d entries behind it, up to %v; want %v, %d, 0x1e",
			r.Snapshot, len(r.Tail), r.Zxid, snapshotAt, tail)
	}
}

func TestTheLogIsReadBesideALargeSnapshot(t *testing.T) {
	s, r, err := config(heavyDisk(t)).Open()
	must(t, err)
	wantRecovered(t, r, 25, 5)
	must(t, s.Close())
}

// The plot: what is read of the log beside a snapshot proves to be too little, because
// the snapshot is damaged and an older one takes its place.
func TestADamagedSnapshotCostsTheLogReadBesideIt(t *testing.T) {
	disk := heavyDisk(t)
	name := store.VersionDir("/data") + "/" + snapshot.Name(25)
	info, err := disk.Stat(name)
	must(t, err)
	f, err := disk.OpenWrite(name)
	must(t, err)
	_, err = f.WriteAt([]byte{'x'}, info.Size-100_000)
	must(t, err)
	progress := new(store.Progress)
	cfg := config(disk)
	cfg.Progress = progress
	s, r, err := cfg.Open()
	must(t, err)
	wantRecovered(t, r, 20, 10)
	if len(r.Notes) != 1 {
		t.Errorf("noted: %q", r.Notes)
	}
	if read, total := progress.Bytes(); read != total || total < 3*info.Size/2 {
		t.Errorf("at the end %d of %d bytes are read", read, total)
	}
	must(t, s.Close())
}

// Alone a server applies its log as it reads it, and keeps nothing of it.
func TestACommittedLogGoesIntoTheTree(t *testing.T) {
	for _, disk := range []*vfs.Mem{heavyDisk(t), lightDisk(t)} {
		cfg := config(disk)
		cfg.LogCommitted = true
		s, r, err := cfg.Open()
		must(t, err)
		if r.Tree.Zxid() != 30 || r.Replayed != 30-int(r.Snapshot) || r.ReplayedBytes == 0 {
			t.Errorf("the tree is of %v, %d entries replayed", r.Tree.Zxid(), r.Replayed)
		}
		wantRecovered(t, r, r.Snapshot, 0)
		must(t, s.Append(creates(31, 31, "next")))
		must(t, s.Close())
	}
}

// lightDisk has all in the log behind the empty tree.
func lightDisk(t *testing.T) *vfs.Mem {
	t.Helper()
	disk := vfs.NewMem()
	s, _, err := config(disk).Open()
	must(t, err)
	must(t, s.Append(heavy()))
	must(t, s.Close())
	return disk
}

// An error of the log is told, whoever reads it, and the files are let go.
func TestAnErrorOfTheLogEndsALargeRecovery(t *testing.T) {
	for _, committed := range []bool{false, true} {
		broken := errors.New("unreadable")
		disk := vfs.NewFaulty(heavyDisk(t), func(_ int, op vfs.Op) error {
			if op.Kind == vfs.OpRead && strings.Contains(op.Name, "log.1a") {
				return broken
			}
			return nil
		})
		cfg := config(disk)
		cfg.LogCommitted = committed
		if _, _, err := cfg.Open(); !errors.Is(err, broken) {
			t.Errorf("committed %v: %v", committed, err)
		}
	}
}

func TestTheTimeLeftGoesByThePaceSoFar(t *testing.T) {
	for _, c := range []struct {
		read, total int64
		want        string
	}{
		{0, 100, "0s false"}, {0, 0, "0s false"}, {25, 100, "3m0s true"}, {100, 100, "0s true"},
		{1, 1 << 60, "0s false"},
	} {
		left, known := store.Left(c.read, c.total, time.Minute)
		if got := fmt.Sprint(left, known); got != c.want {
			t.Errorf("%d of %d: %s, want %s", c.read, c.total, got, c.want)
		}
	}
}
