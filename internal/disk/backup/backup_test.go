package backup_test

import (
	"errors"
	"strings"
	"syscall"
	"testing"
	"time"

	"filippo.io/age"

	"zoo"
	"zoo/internal/core/tree"
	"zoo/internal/disk/backup"
	"zoo/internal/disk/store"
	"zoo/internal/disk/vfs"
)

// A history of several epochs is archived bit by bit, with bases in between. The tree
// of any of its transactions comes back exactly as it was.
func TestRestoreGoesToAnyTransaction(t *testing.T) {
	w := newWorld(t)
	r, _ := w.vault(backup.Keys{})
	for range 4 {
		w.grow(40)
		_, err := r.Create(t.Context(), w.source())
		must(t, err)
		w.grow(30)
		w.snapshot()
		w.grow(30)
		_, err = r.Archive(t.Context(), w.source(), 0)
		must(t, err)
		w.elect()
	}
	for range 20 {
		want := w.log[w.random.IntN(len(w.log))].Zxid
		got := replay(t, r, backup.Point{Zxid: want})
		if got.Zxid != want || got.Tree.Fingerprint() != w.prints[want] {
			t.Fatalf("the tree of %v is another one: %v", want, got.Zxid)
		}
	}
}

// A time means the last transaction that is not later.
func TestRestoreGoesToATime(t *testing.T) {
	w := newWorld(t)
	r, _ := w.vault(backup.Keys{})
	_, err := r.Create(t.Context(), w.source())
	must(t, err)
	w.grow(100)
	_, err = r.Archive(t.Context(), w.source(), 0)
	must(t, err)
	got := replay(t, r, backup.Point{Time: started.Add(41*time.Second + 500*time.Millisecond)})
	if want := w.log[41].Zxid; got.Zxid != want || got.Tree.Fingerprint() != w.prints[want] {
		t.Fatalf("restored %v, want %v", got.Zxid, want)
	}
	catalog, err := r.Catalog(t.Context())
	must(t, err)
	_, err = catalog.Plan(backup.Point{Time: started.Add(time.Hour)})
	if !errors.Is(err, backup.ErrUnreachable) {
		t.Fatalf("a time that nobody has seen: %v", err)
	}
}

// Whoever waits sees how far it is: each job counts up to its total.
func TestProgressIsToldUpToTheEnd(t *testing.T) {
	w := newWorld(t)
	r, _ := w.vault(backup.Keys{})
	var last, all int64
	r.Tell(func(done, total int64) {
		if done < last && total == all || done > total {
			t.Errorf("%d of %d after %d of %d", done, total, last, all)
		}
		last, all = done, total
	})
	ended := func(job string) {
		t.Helper()
		if all == 0 || last != all {
			t.Errorf("%s ended at %d of %d", job, last, all)
		}
		last, all = 0, 0
	}
	w.grow(20)
	w.snapshot()
	_, err := r.Create(t.Context(), w.source())
	must(t, err)
	ended("create")
	w.grow(20)
	_, err = r.Archive(t.Context(), w.source(), 0)
	must(t, err)
	replay(t, r, backup.Point{})
	ended("restore")
	_, err = r.Verify(t.Context(), backup.Full)
	must(t, err)
	ended("verify")
}

// No transaction has the number 0. Who asks for it does not get the latest.
func TestNothingIsBeforeTheFirstTransaction(t *testing.T) {
	w := newWorld(t)
	r, _ := w.vault(backup.Keys{})
	w.grow(20)
	_, err := r.Create(t.Context(), w.source())
	must(t, err)
	catalog, err := r.Catalog(t.Context())
	must(t, err)
	if _, err := catalog.Plan(backup.Point{Given: true}); !errors.Is(
		err, backup.ErrUnreachable) {
		t.Fatalf("restored 0x0: %v", err)
	}
}

// One backup of a directory, whose snapshot is old: a time after the snapshot and long
// before the backup can be restored.
func TestOneBackupReachesBackToItsSnapshot(t *testing.T) {
	w := newWorld(t)
	r, _ := w.vault(backup.Keys{})
	w.grow(20)
	w.snapshot()
	w.grow(80)
	_, err := r.Create(t.Context(), w.source())
	must(t, err)
	got := replay(t, r, backup.Point{Time: started.Add(50 * time.Second)})
	if want := w.log[50].Zxid; got.Zxid != want {
		t.Fatalf("restored %v, want %v", got.Zxid, want)
	}
}

// A directory is restored, a server of it starts, goes on, and is archived into the
// same repository: both branches of the history stay apart.
func TestARestoredDirectoryBeginsAHistoryOfItsOwn(t *testing.T) {
	w := newWorld(t)
	r, _ := w.vault(backup.Keys{})
	_, err := r.Create(t.Context(), w.source())
	must(t, err)
	w.grow(60)
	_, err = r.Archive(t.Context(), w.source(), 0)
	must(t, err)
	point := w.log[30].Zxid
	catalog, err := r.Catalog(t.Context())
	must(t, err)
	plan, err := catalog.Plan(backup.Point{Zxid: point})
	must(t, err)
	done, err := r.Replay(t.Context(), plan)
	must(t, err)

	w.disk = vfs.NewMem()
	_, err = backup.DataDir{FS: w.disk, Path: "/data"}.Write(done.Tree, plan.Epoch)
	must(t, err)
	old := w.log
	w.tree, w.log, w.zxid = done.Tree, w.log[:31:31], plan.Epoch.Start()
	w.open()
	w.paths, w.opened = nil, nil
	w.tree.EachSession(func(id zoo.SessionID, _ int32) { w.opened = append(w.opened, id) })
	w.grow(20)
	if _, err := r.Archive(t.Context(), w.source(), 0); !errors.Is(err, backup.ErrGone) {
		t.Fatalf("the archive went on into another history: %v", err)
	}
	_, err = r.Create(t.Context(), w.source())
	must(t, err)
	for _, e := range append(old[len(old)-1:], w.log[len(w.log)-1]) {
		got := replay(t, r, backup.Point{Zxid: e.Zxid})
		if got.Tree.Fingerprint() != w.prints[e.Zxid] {
			t.Fatalf("the tree of %v is another one", e.Zxid)
		}
	}
}

// The store of a server opens what was restored: with the tree, in the new epoch.
func TestAServerStartsFromARestoredDirectory(t *testing.T) {
	w := newWorld(t)
	w.grow(80)
	disk := vfs.NewMem()
	place := backup.DataDir{FS: disk, Path: "/new", LogPath: "/log"}
	want := w.tree.Digest()
	done, err := place.Write(w.tree, 7)
	must(t, err)
	s, r, err := store.Open(disk, "/new", "/log")
	must(t, err)
	defer s.Close()
	if r.CurrentEpoch != 7 || r.AcceptedEpoch != 7 || r.Zxid != zoo.Epoch(7).Start() ||
		r.Tree.Digest() != want || done.Znodes != r.Tree.Len() {
		t.Fatalf("recovered %v in epoch %d, digest %x", r.Zxid, r.CurrentEpoch, r.Tree.Digest())
	}
	_, err = place.Write(w.tree, 8)
	if !errors.Is(err, backup.ErrNotEmpty) {
		t.Fatalf("restored into a directory in use: %v", err)
	}
}

// The power fails at any moment of a restore: what is left starts with all, or is
// refused, and never passes for a new server.
func TestACrashInARestoreLeavesNothingThatStartsEmpty(t *testing.T) {
	w := newWorld(t)
	w.grow(30)
	for n := 0; ; n++ {
		mem := vfs.NewMem()
		fails := vfs.NewFaulty(mem, func(i int, _ vfs.Op) error {
			if i >= n {
				return errors.New("the power is gone")
			}
			return nil
		})
		_, err := backup.DataDir{FS: fails, Path: "/new"}.Write(w.tree, 7)
		for seed := range uint64(8) {
			s, r, opened := store.Open(mem.Crash(seed), "/new", "")
			if opened != nil {
				continue
			}
			if r.Tree.Len() != w.tree.Len() && r.CurrentEpoch != 0 {
				t.Fatalf("after operation %d a server starts with %d znodes in epoch %d",
					n, r.Tree.Len(), r.CurrentEpoch)
			}
			must(t, s.Close())
		}
		if err == nil {
			return
		}
	}
}

// The disk is full in the middle of a restore. Once there is room the restore can be
// done again.
func TestAFailedRestoreCanBeDoneAgain(t *testing.T) {
	w := newWorld(t)
	w.grow(30)
	for n := 0; ; n++ {
		mem := vfs.NewMem()
		fails := vfs.NewFaulty(mem, func(i int, op vfs.Op) error {
			if i == n {
				return syscall.ENOSPC
			}
			return nil
		})
		_, err := backup.DataDir{FS: fails, Path: "/new"}.Write(w.tree, 7)
		if err == nil {
			break
		}
		if _, err := (backup.DataDir{FS: mem, Path: "/new"}).Write(w.tree, 7); err != nil {
			t.Fatalf("after operation %d failed: %v", n, err)
		}
	}
}

// Whatever bit of the repository decays, no restore gives another tree: it fails, or
// does not need what decayed.
func TestEveryFlippedBitIsFound(t *testing.T) {
	w := newWorld(t)
	r, disk := w.vault(backup.Keys{})
	_, err := r.Create(t.Context(), w.source())
	must(t, err)
	w.grow(12)
	_, err = r.Archive(t.Context(), w.source(), 0)
	must(t, err)
	for _, dir := range []string{"/vault/bases", "/vault/log"} {
		names, err := disk.List(dir)
		must(t, err)
		for _, name := range names {
			eachFlip(t, disk, dir+"/"+name, func(bit int64) {
				report, err := r.Verify(t.Context(), backup.Full)
				must(t, err)
				if len(report.Damaged) == 0 {
					t.Fatalf("bit %d of %s was flipped and nobody noticed", bit, name)
				}
			})
		}
	}
}

// eachFlip flips bits of a file, one at a time: a different bit of each byte.
func eachFlip(t *testing.T, disk *vfs.Mem, path string, try func(bit int64)) {
	t.Helper()
	f, err := disk.OpenWrite(path)
	must(t, err)
	size, err := f.Size()
	must(t, err)
	for at := range size {
		var b [1]byte
		_, err := f.ReadAt(b[:], at)
		must(t, err)
		flipped := [1]byte{b[0] ^ 1<<(at%8)}
		_, err = f.WriteAt(flipped[:], at)
		must(t, err)
		try(at*8 + at%8)
		_, err = f.WriteAt(b[:], at)
		must(t, err)
	}
	must(t, f.Close())
}

// An encrypted repository holds nothing that can be read without the identity, and
// takes nothing that is not encrypted for the same.
func TestAnEncryptedRepositoryIsReadWithItsIdentityOnly(t *testing.T) {
	w := newWorld(t)
	identity, err := age.GenerateX25519Identity()
	must(t, err)
	r, disk := w.vault(backup.Keys{Recipients: []age.Recipient{identity.Recipient()}})
	w.grow(50)
	_, err = r.Create(t.Context(), w.source())
	must(t, err)
	target := backup.Dir{FS: disk, Path: "/vault"}
	if _, err := backup.OpenOrInit(t.Context(), target, backup.Keys{}); !errors.Is(
		err, backup.ErrRecipients) {
		t.Fatalf("opened for writing without keys: %v", err)
	}

	blind, err := backup.Open(t.Context(), target, backup.Keys{})
	must(t, err)
	report, err := blind.Verify(t.Context(), backup.Stored)
	must(t, err)
	if len(report.Damaged) > 0 || report.Objects < 2 {
		t.Fatalf("without a key: %+v", report)
	}
	catalog, err := blind.Catalog(t.Context())
	must(t, err)
	plan, err := catalog.Plan(backup.Point{})
	must(t, err)
	if _, err := blind.Replay(t.Context(), plan); !errors.Is(err, backup.ErrKey) {
		t.Fatalf("read without a key: %v", err)
	}

	r.Keys.Identities = []age.Identity{identity}
	got := replay(t, r, backup.Point{})
	if got.Tree.Fingerprint() != w.prints[w.zxid] {
		t.Fatal("with the key it is another tree")
	}
}

// Sessions end with the restore unless they are kept; of a subtree everything outside
// is left out but what leads to it.
func TestAChoiceLeavesOutSessionsAndWhatIsOutside(t *testing.T) {
	w := newWorld(t)
	w.grow(1)
	w.create("/a", false)
	w.create("/a/b", false)
	w.create("/a/b/c", false)
	w.create("/a/b/lock", true)
	w.create("/a/other", false)
	w.create("/ab", false)
	kept, err := backup.Select(w.tree, backup.Choice{Subtree: "/a/b", Sessions: true})
	must(t, err)
	if got := strings.Join(names(kept), " "); got != "/a /a/b /a/b/c /a/b/lock" ||
		kept.SessionCount() != 1 {
		t.Fatalf("kept %s", got)
	}
	dropped, err := backup.Select(kept, backup.Choice{})
	must(t, err)
	if got := strings.Join(names(dropped), " "); got != "/a /a/b /a/b/c" ||
		dropped.SessionCount() != 0 {
		t.Fatalf("kept %s", got)
	}
	if _, err := backup.Select(dropped, backup.Choice{Subtree: "/no"}); !errors.Is(
		err, backup.ErrNoSubtree) {
		t.Fatalf("chose what is not there: %v", err)
	}
}

// names is the paths outside /zookeeper.
func names(from *tree.Tree) []string {
	var paths []string
	from.EachNode(func(path string, _ tree.Node) bool {
		if path != "" && !strings.HasPrefix(path, "/zookeeper") {
			paths = append(paths, strings.Clone(path))
		}
		return true
	})
	return paths
}
