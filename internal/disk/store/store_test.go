package store_test

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"zoo"
	"zoo/internal/disk/snapshot"
	"zoo/internal/disk/store"
	"zoo/internal/disk/txnlog"
	"zoo/internal/disk/vfs"
)

func newWorld(t *testing.T) (*world, *vfs.Mem) {
	disk := vfs.NewMem()
	w := &world{t: t}
	w.open(disk)
	return w, disk
}

// write puts a file on a disk, durably.
func write(t *testing.T, disk vfs.FS, name, content string) {
	t.Helper()
	must(t, disk.MkdirAll(filepath.Dir(name)))
	f, err := disk.Create(name)
	must(t, err)
	_, err = f.Write([]byte(content))
	must(t, err)
	must(t, f.Sync())
	must(t, f.Close())
	must(t, disk.SyncDir(filepath.Dir(name)))
}

func contentOf(t *testing.T, disk vfs.FS, name string) string {
	t.Helper()
	f, err := disk.Open(name)
	must(t, err)
	defer f.Close()
	p, err := io.ReadAll(f)
	must(t, err)
	return string(p)
}

func TestTheFirstStartWritesTheEmptyTree(t *testing.T) {
	disk := vfs.NewMem()
	s, r, err := store.Open(disk, "/d", "")
	must(t, err)
	if !r.Empty || r.Zxid != 0 || len(r.Tail) > 0 || len(r.Notes) > 0 {
		t.Fatalf("recovered %+v", r)
	}
	must(t, s.Close())
	if err := s.Append(creates(1, 1, "a")); !errors.Is(err, store.ErrClosed) {
		t.Fatalf("a closed store says %v", err)
	}
	names, _ := disk.List("/d/version-2")
	want := []string{"acceptedEpoch", "currentEpoch", "snapshot.0"}
	if !slices.Equal(names, want) {
		t.Fatalf("the directory holds %q", names)
	}
	if _, r, err = store.Open(disk, "/d", ""); err != nil || r.Empty {
		t.Fatalf("the second start: empty %v, %v", r.Empty, err)
	}
}

func TestWithoutInitializeAnEmptyServerDoesNotVote(t *testing.T) {
	disk := vfs.NewMem()
	c := config(disk)
	c.RequireInitialize = true
	s, r, err := c.Open()
	must(t, err)
	if !r.Empty || r.Zxid != zoo.ZxidNone {
		t.Fatalf("recovered %+v", r)
	}
	must(t, s.Close())
	write(t, disk, "/logs/initialize", "")
	if _, r, err = c.Open(); err != nil || r.Zxid != 0 {
		t.Fatalf("with the initialize file: %v, %v", r.Zxid, err)
	}
	if _, err := disk.Stat("/logs/initialize"); err == nil {
		t.Fatal("the initialize file is still there")
	}
}

func TestASecondServerIsKeptOut(t *testing.T) {
	dir := t.TempDir()
	s, _, err := store.Open(vfs.OS{}, dir, "")
	must(t, err)
	if _, _, err := store.Open(vfs.OS{}, dir, ""); err == nil {
		t.Fatal("two servers share a directory")
	}
	must(t, s.Append(creates(1, 3, "a")))
	must(t, s.Close())
	s, r, err := store.Open(vfs.OS{}, dir, "")
	if err != nil || r.Zxid != 3 || len(r.Tail) != 3 {
		t.Fatalf("reopened at %v, %v", r.Zxid, err)
	}
	must(t, s.Close())
}

// ambiguity is one way to break a directory; the store must say what is wrong.
type ambiguity struct {
	name    string
	damage  func(t *testing.T, disk *vfs.Mem)
	file    string
	message string
}

func (c ambiguity) check(t *testing.T) {
	w, disk := newWorld(t)
	w.append(creates(1, 4, "a")...)
	w.snapshot()
	w.roll()
	w.append(creates(5, 6, "a")...)
	must(t, w.store.Close())
	c.damage(t, disk)
	_, _, err := config(disk).Open()
	var corrupt *store.CorruptError
	if !errors.As(err, &corrupt) || corrupt.File != c.file || corrupt.Advice == "" ||
		!strings.Contains(err.Error(), c.message) {
		t.Fatalf("got %v", err)
	}
}

func TestADirectoryThatLostHistoryIsRefused(t *testing.T) {
	for _, c := range []ambiguity{
		{"a log without a snapshot", func(t *testing.T, disk *vfs.Mem) {
			must(t, disk.Remove("/data/version-2/snapshot.0"))
			must(t, disk.Remove("/data/version-2/snapshot.4"))
		}, "/logs/version-2/log.1", "trust.empty"},
		{"neither log nor snapshot, but an epoch", func(t *testing.T, disk *vfs.Mem) {
			write(t, disk, "/data/version-2/currentEpoch", "1")
			for _, name := range []string{"/data/version-2/snapshot.0",
				"/data/version-2/snapshot.4", "/logs/version-2/log.1", "/logs/version-2/log.5"} {
				must(t, disk.Remove(name))
			}
		}, "/data/version-2", "currentEpoch is 1"},
		{"a gap between snapshot and log", func(t *testing.T, disk *vfs.Mem) {
			must(t, disk.Remove("/data/version-2/snapshot.4"))
			must(t, disk.Remove("/logs/version-2/log.1"))
		}, "/logs/version-2/log.5", "the transaction after 0x0"},
		{"no valid snapshot", func(t *testing.T, disk *vfs.Mem) {
			write(t, disk, "/data/version-2/snapshot.0", "")
			write(t, disk, "/data/version-2/snapshot.4", "ZKSN")
		}, "/data/version-2/snapshot.4", "no other"},
		{"an invalid snapshot that the log does not reach", func(t *testing.T, disk *vfs.Mem) {
			write(t, disk, "/data/version-2/snapshot.9", "ZKSN")
		}, "/data/version-2/snapshot.9", "ends with 0x6"},
	} {
		t.Run(c.name, c.check)
	}
}

func TestADirectoryThatContradictsItselfIsRefused(t *testing.T) {
	for _, c := range []ambiguity{
		{"an epoch older than the history", func(t *testing.T, disk *vfs.Mem) {
			w := txnlog.NewWriter(disk, "/logs/version-2", 6, txnlog.Config{})
			must(t, w.Append(creates(0x300000001, 0x300000001, "a")))
			must(t, w.Close())
		}, "/data/version-2/currentEpoch", "epoch 3"},
		{"an accepted epoch older than the current one", func(t *testing.T, disk *vfs.Mem) {
			write(t, disk, "/data/version-2/currentEpoch", "2")
		}, "/data/version-2/acceptedEpoch", "epoch 2"},
		{"an epoch that is no number", func(t *testing.T, disk *vfs.Mem) {
			write(t, disk, "/data/version-2/currentEpoch", "two")
		}, "/data/version-2/currentEpoch", "decimal"},
		{"a log among the snapshots", func(t *testing.T, disk *vfs.Mem) {
			write(t, disk, "/data/version-2/log.9", "")
		}, "/data/version-2/log.9", "dataLogDir"},
		{"a snapshot among the logs", func(t *testing.T, disk *vfs.Mem) {
			write(t, disk, "/logs/version-2/snapshot.9", "")
		}, "/logs/version-2/snapshot.9", "dataLogDir"},
		{"a plan that cannot be read", func(t *testing.T, disk *vfs.Mem) {
			write(t, disk, "/data/version-2/zoo.plan", "erase everything")
		}, "/data/version-2/zoo.plan", "truncate or install"},
	} {
		t.Run(c.name, c.check)
	}
}

func TestAnInvalidSnapshotIsPassedOverWithANote(t *testing.T) {
	w, disk := newWorld(t)
	w.append(creates(1, 4, "a")...)
	w.sync()
	w.snapshot()
	whole := contentOf(t, disk, "/data/version-2/snapshot.4")
	write(t, disk, "/data/version-2/snapshot.4", whole[:len(whole)/2])
	r := w.open(disk)
	if r.Tree.Zxid() != 0 || len(r.Tail) != 4 || len(r.Notes) != 1 ||
		!strings.Contains(r.Notes[0], "snapshot.4") {
		t.Fatalf("snapshot %v, tail %d, notes %q", r.Tree.Zxid(), len(r.Tail), r.Notes)
	}
}

func TestALogWithoutASnapshotCanBeTrusted(t *testing.T) {
	w, disk := newWorld(t)
	w.append(creates(1, 4, "a")...)
	w.sync()
	must(t, disk.Remove("/data/version-2/snapshot.0"))
	c := config(disk)
	c.TrustEmptySnapshot = true
	_, r, err := c.Open()
	if err != nil || r.Empty || len(r.Tail) != 4 {
		t.Fatalf("recovered %d entries, %v", len(r.Tail), err)
	}
	w.open(disk) // and has its snapshot now
}

func TestAReplacementOfCurrentEpochIsFinished(t *testing.T) {
	w, disk := newWorld(t)
	w.setAccepted(3)
	w.append(create(0x300000001, "a"))
	w.sync()
	write(t, disk, "/data/version-2/currentEpoch.tmp", "3")
	w.nextCurrent = 3
	w.open(disk)
	if w.current != 3 || contentOf(t, disk, "/data/version-2/currentEpoch") != "3" {
		t.Fatalf("the current epoch is %d", w.current)
	}
}

func TestRemainsOfAnEpochDoNotExplainALaterOne(t *testing.T) {
	w, disk := newWorld(t)
	write(t, disk, "/data/version-2/currentEpoch.tmp", "3")
	w.open(disk)
	if _, err := disk.Stat("/data/version-2/currentEpoch.tmp"); err == nil {
		t.Fatal("the remains are still there")
	}
}

// ZOOKEEPER-4837: the snapshot holds what the cut takes away.
func TestTruncateRemovesNewerSnapshotsAndAsksForAReload(t *testing.T) {
	w, disk := newWorld(t)
	w.append(creates(1, 4, "a")...)
	w.sync()
	w.snapshot()
	w.append(creates(5, 9, "a")...)
	if w.truncate(6) {
		t.Fatal("a reload for a cut beyond the snapshot")
	}
	if !w.truncate(2) {
		t.Fatal("no reload for a cut below the snapshot")
	}
	r, err := w.store.Reload()
	must(t, err)
	if r.Tree.Zxid() != 0 || len(r.Tail) != 2 {
		t.Fatalf("reloaded %v and %d entries", r.Tree.Zxid(), len(r.Tail))
	}
	w.append(create(3, "b"))
	w.sync()
	w.open(disk)
}

func TestTruncateRefusesWhatTheHistoryDoesNotHold(t *testing.T) {
	w, disk := newWorld(t)
	w.setAccepted(1)
	w.append(creates(0x100000001, 0x100000004, "a")...)
	w.append(creates(0x300000001, 0x300000002, "a")...)
	w.sync()
	for _, z := range []zoo.Zxid{0x100000005, 0x200000001, 0x300000003, 1} {
		if _, err := w.store.Truncate(z); !errors.Is(err, store.ErrNotInLog) {
			t.Errorf("truncate to %v: %v", z, err)
		}
	}
	if _, err := w.store.Truncate(0x300000000); err != nil || w.store.Last() != 0x100000004 {
		t.Fatalf("truncate to the start of an epoch ends with %v, %v", w.store.Last(), err)
	}
	must(t, w.store.Append(creates(0x100000005, 0x100000005, "a")))
	must(t, w.store.Close())
	if _, r, err := config(disk).Open(); err != nil || r.Zxid != 0x100000005 {
		t.Fatalf("recovered %v, %v", r.Zxid, err)
	}
}

// ZOOKEEPER-3701: a cut that the disk refuses must end the server's part.
func TestAFailedTruncateIsFinal(t *testing.T) {
	full := errors.New("disk full")
	failing := false
	disk := vfs.NewFaulty(vfs.NewMem(), func(_ int, op vfs.Op) error {
		if failing && op.Kind == vfs.OpTruncate {
			return full
		}
		return nil
	})
	w := &world{t: t}
	w.open(disk)
	w.append(creates(1, 4, "a")...)
	w.sync()
	failing = true
	if _, err := w.store.Truncate(2); !errors.Is(err, full) {
		t.Fatalf("truncate says %v", err)
	}
	failing = false
	_, err := w.store.Truncate(2)
	for i, err := range []error{err, w.store.Append(creates(5, 5, "a")), w.store.Sync(),
		w.store.Roll(), w.store.SetAcceptedEpoch(1), w.store.InstallSnapshot(frozen(w.tree))} {
		if !errors.Is(err, full) {
			t.Errorf("call %d says %v", i, err)
		}
	}
	w.now = belief{w.now.history[:2], 2} // the plan is durable, so the next start cuts
	w.open(disk)
}

func TestASnapshotOfACutHistoryIsNotPublished(t *testing.T) {
	w, disk := newWorld(t)
	w.append(creates(1, 9, "a")...)
	w.sync()
	s, err := w.store.BeginSnapshot(frozen(w.tree))
	must(t, err)
	if _, err := w.store.BeginSnapshot(frozen(w.tree)); !errors.Is(err, store.ErrBusy) {
		t.Fatalf("a second snapshot at the same time: %v", err)
	}
	if !w.truncate(5) {
		t.Fatal("no reload, though a snapshot of the tree was begun")
	}
	if err := stepAll(s); !errors.Is(err, store.ErrAbandoned) {
		t.Fatalf("the snapshot says %v", err)
	}
	w.snapshot()
	names, _ := disk.List("/data/version-2")
	want := []string{"acceptedEpoch", "currentEpoch", "snapshot.0", "snapshot.5"}
	if !slices.Equal(names, want) {
		t.Fatalf("the directory holds %q", names)
	}
}

func stepAll(s *store.Snapshot) error {
	for {
		if done, err := s.Step(1); done || err != nil {
			return err
		}
	}
}

func TestAFailedSnapshotDoesNotEndTheStore(t *testing.T) {
	full := errors.New("disk full")
	disk := vfs.NewFaulty(vfs.NewMem(), func(_ int, op vfs.Op) error {
		if op.Kind == vfs.OpWrite && strings.HasSuffix(op.Name, snapshot.UnfinishedName(3)) {
			return full
		}
		return nil
	})
	w := &world{t: t}
	w.open(disk)
	w.append(creates(1, 3, "a")...)
	w.sync()
	s, err := w.store.BeginSnapshot(frozen(w.tree))
	must(t, err)
	if err := stepAll(s); !errors.Is(err, full) {
		t.Fatalf("the snapshot says %v", err)
	}
	w.append(create(4, "a"))
	w.sync()
	w.snapshot()
}

func BenchmarkAppendAndSync(b *testing.B) {
	for _, batch := range []int{1, 10, 100, 1000} {
		b.Run(fmt.Sprint(batch), func(b *testing.B) {
			s, _, err := store.Open(vfs.OS{}, b.TempDir(), "")
			must(b, err)
			defer s.Close()
			z := zoo.Zxid(0)
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				list := creates(z+1, z+zoo.Zxid(batch), strings.Repeat("x", 100))
				z += zoo.Zxid(batch)
				b.StartTimer()
				must(b, s.Append(list))
				must(b, s.Sync())
			}
			b.ReportMetric(float64(b.N*batch)/b.Elapsed().Seconds(), "entries/s")
		})
	}
}
