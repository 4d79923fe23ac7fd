package store_test

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"zoo"
	"zoo/internal/disk/store"
	"zoo/internal/disk/vfs"
)

// fault is an error that a disk gives, once or from some call on for ever.
type fault struct {
	name    string
	err     error
	lasting bool
}

// A sector may become unreadable and be well again, a disk may be gone, and it may be
// full: then what takes no space still works, and a write happens in part.
var faults = []fault{
	{"an I/O error", syscall.EIO, false},
	{"a dead disk", syscall.EIO, true},
	{"a full disk", syscall.ENOSPC, true},
}

func (f fault) hits(op vfs.Op) bool {
	if f.err != syscall.ENOSPC {
		return true
	}
	switch op.Kind {
	case vfs.OpRead, vfs.OpOpen, vfs.OpList, vfs.OpStat, vfs.OpSize, vfs.OpClose, vfs.OpLock:
		return false
	}
	return true
}

// at makes a disk that gives the error at call n. As the system does it tells which file
// it was.
func (f fault) at(disk vfs.FS, n int) (faulty *vfs.Faulty, struck *vfs.Op) {
	struck = new(vfs.Op)
	seen := 0
	return vfs.NewFaulty(disk, func(_ int, op vfs.Op) error {
		if !f.hits(op) {
			return nil
		}
		seen++
		if seen <= n || seen > n+1 && !f.lasting {
			return nil
		}
		if seen == n+1 {
			*struck = op
		}
		err := error(&fs.PathError{Op: string(op.Kind), Path: op.Name, Err: f.err})
		if op.Kind == vfs.OpWrite && f.err == syscall.ENOSPC {
			return &vfs.ShortWrite{Bytes: int(op.Len) / 2, Err: err}
		}
		return err
	}), struck
}

// stopping is a fataler for a server that an injected error may end.
type stopping struct {
	checking
	fault error
}

// stopped is what its Fatal panics with.
type stopped struct{ err error }

func (s stopping) Fatal(args ...any) {
	s.Helper()
	if err, ok := args[0].(error); ok && errors.Is(err, s.fault) {
		panic(stopped{err})
	}
	s.checking.Fatal(args...)
}

// endure runs play and gives the error that it ended with, nil if it came to its end.
func endure(play func()) (err error) {
	defer func() {
		if r := recover(); r != nil {
			s, ok := r.(stopped)
			if !ok {
				panic(r)
			}
			err = s.err
		}
	}()
	play()
	return nil
}

// The plot: at each call that the store makes to the disk, in turn, the disk fails. The
// server stops with a message that names the file, and acknowledges nothing more; or it
// goes on, because what failed was a snapshot. Whatever it acknowledged is there after
// the next start, in all the ways in which the disk may come back.
func TestAFaultAtAnyFileOperationLosesNothingAcknowledged(t *testing.T) {
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			ended := 0
			for n := 0; ; n++ {
				disk := vfs.NewMem()
				faulty, struck := f.at(disk, n)
				w := &world{tolerable: f.err}
				c := checking{t, fmt.Sprintf("%s at call %d", f.name, n)}
				w.t = stopping{c, f.err}
				err := endure(func() { w.open(faulty); scenario(w) })
				if struck.Kind == "" {
					t.Logf("%d calls, %d ended the store", n, ended)
					return
				}
				c.where = fmt.Sprintf("%s at call %d (%v)", f.name, n, struck)
				w.t = c
				if err != nil {
					ended++
					w.wantEnded(c, err)
				}
				w.wantAllAfter(c, disk)
				if err == nil {
					f.thenCrash(c, n)
				}
			}
		})
	}
}

// thenCrash is for a fault that the store has lived with: the power goes soon after it.
func (f fault) thenCrash(t checking, n int) {
	for _, later := range []int{0, 1, 2, 4, 8, 16, 32} {
		disk := vfs.NewMem()
		faulty, struck := f.at(disk, n)
		since := 0
		failing := vfs.NewFaulty(faulty, func(_ int, op vfs.Op) error {
			if struck.Kind == "" || !op.Mutates() {
				return nil
			}
			if since++; since > later {
				panic(crashed{op})
			}
			return nil
		})
		w := &world{tolerable: f.err}
		c := checking{t.T, fmt.Sprintf("%s, and power lost %d operations later", t.where, later)}
		w.t = stopping{c, f.err}
		survive(func() { endure(func() { w.open(failing); scenario(w) }) })
		w.wantAllAfter(c, disk)
	}
}

// wantEnded checks the message, and that the store does nothing more.
func (w *world) wantEnded(t checking, err error) {
	if text := err.Error(); !strings.Contains(text, "/version-2") &&
		!strings.Contains(text, "/zoo.lock") && !strings.Contains(text, "/initialize") {
		t.Fatalf("the message names no file: %v", err)
	}
	if w.store == nil {
		return
	}
	for i, after := range []error{
		w.store.Append(creates(w.last()+1, w.last()+1, "x")), w.store.Sync(), w.store.Roll(),
		w.store.SetAcceptedEpoch(w.accepted + 9), w.store.InstallSnapshot(frozen(w.tree)),
		w.store.PurgeStep(),
	} {
		if after == nil {
			t.Fatalf("ended by %v, and call %d goes on", err, i)
		}
	}
}

// wantAllAfter starts again on what is left of the disk.
func (w *world) wantAllAfter(t checking, disk *vfs.Mem) {
	for how, after := range map[string]*vfs.Mem{
		"process dies": disk.Clone(), "all lost": disk.CrashLosingAll(),
		"seed 1": disk.Crash(1), "seed 2": disk.Crash(2),
	} {
		found := *w
		found.t = checking{t.T, t.where + ", " + how}
		found.recoverAndGoOn(after)
	}
}

// The plot: the power has gone; the disk that comes back fails once more, while it is
// read. Then the start fails with a message that names the file, or it was harmless;
// another start finds everything.
func TestAFaultDuringRecoveryChangesNothing(t *testing.T) {
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			for n := 0; ; n += 11 {
				disk := vfs.NewMem()
				w := &world{t: t}
				op, lost := survive(func() {
					w.open(crashAt(disk, n))
					scenario(w)
				})
				where := fmt.Sprintf("crash before operation %d (%v)", n, op)
				f.strikeRecovery(checking{t, where}, *w, disk.Crash(uint64(n)))
				if !lost {
					return
				}
			}
		})
	}
}

func (f fault) strikeRecovery(t checking, w world, disk *vfs.Mem) {
	for n := 0; ; n++ {
		again := disk.Clone()
		faulty, struck := f.at(again, n)
		found := w
		c := checking{t.T, fmt.Sprintf("%s, then %s at call %d", t.where, f.name, n)}
		found.t = stopping{c, f.err}
		found.store = nil
		err := endure(func() { found.open(faulty) })
		if struck.Kind == "" {
			return
		}
		c.where += fmt.Sprintf(" (%v)", struck)
		if err != nil {
			found.wantEnded(c, err)
		}
		found.t = c
		if err == nil { // then what it has said of the disk is durable
			again = again.CrashLosingAll()
		}
		found.open(again)
	}
}

// The plot: the log cannot be synced for want of space. The system shows what it has not
// written and has forgotten that it should, so that whoever opens the directory next would
// believe it, and acknowledge it, and the next power loss would take it. The store that has
// failed cuts it off, as soon as the disk lets it; what was synced before is there.
func TestWhatAFailedSyncHasLeftIsNotBelieved(t *testing.T) {
	for _, stillFull := range []bool{false, true} {
		w, disk := newWorld(t)
		w.append(creates(1, 3, "a")...)
		w.sync()
		w.append(creates(4, 5, "a")...)
		disk.FailSyncs(syscall.ENOSPC)
		if err := w.store.Sync(); !vfs.IsNoSpace(err) {
			t.Fatalf("the sync says %v", err)
		}
		if stillFull {
			if err := w.store.CutUnsynced(); !vfs.IsNoSpace(err) {
				t.Fatalf("the cut says %v", err)
			}
		}
		disk.FailSyncs(nil)
		must(t, w.store.CutUnsynced())
		must(t, w.store.Close())
		w.open(disk)
		if w.last() != 3 {
			t.Fatalf("after the failure the history ends with %v", w.last())
		}
		w.append(create(4, "b"))
		w.sync()
		w.open(disk.CrashLosingAll())
	}
}

// A store that is closed after such a failure, as when the server ends, does the same.
func TestAStoreThatFailedClosesWithWhatItHasSynced(t *testing.T) {
	w, disk := newWorld(t)
	w.append(creates(1, 3, "a")...)
	w.sync()
	w.roll()
	w.append(creates(4, 5, "a")...)
	disk.FailSyncs(syscall.EIO)
	if err := w.store.Sync(); !errors.Is(err, syscall.EIO) {
		t.Fatalf("the sync says %v", err)
	}
	disk.FailSyncs(nil)
	if err := w.store.Close(); !errors.Is(err, syscall.EIO) {
		t.Fatalf("the end says %v", err)
	}
	w.open(disk)
	w.open(disk.CrashLosingAll())
	if w.last() != 3 {
		t.Fatalf("the history ends with %v", w.last())
	}
}

// The plot: one sector of the newest snapshot cannot be read for a moment. An older
// snapshot would do if the log behind it were there, but nobody knows that yet; the
// error is the disk's, and is told as such, not as a broken snapshot.
func TestAnUnreadableSnapshotIsNotABrokenOne(t *testing.T) {
	w, disk := newWorld(t)
	w.append(creates(1, 4, "a")...)
	w.sync()
	w.snapshot()
	must(t, w.store.Close())
	name := filepath.Join("/data/version-2", "snapshot.4")
	faulty := vfs.NewFaulty(disk, func(_ int, op vfs.Op) error {
		if op.Kind == vfs.OpRead && op.Name == name {
			return &fs.PathError{Op: "read", Path: op.Name, Err: syscall.EIO}
		}
		return nil
	})
	_, _, err := config(faulty).Open()
	var corrupt *store.CorruptError
	if !errors.Is(err, syscall.EIO) || errors.As(err, &corrupt) ||
		!strings.Contains(err.Error(), name) {
		t.Fatalf("got %v", err)
	}
	w.open(disk)
	if w.last() != zoo.Zxid(4) {
		t.Fatalf("recovered %v", w.last())
	}
}
