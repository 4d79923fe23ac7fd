package store_test

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	"zoo"
	"zoo/internal/core/tree"
	"zoo/internal/disk/snapshot"
	"zoo/internal/disk/store"
	"zoo/internal/disk/vfs"
)

// grown is a world with snapshots 0, 2, 4, 6, 8 and the log files 1, 3, 5, 7, 9.
func grown(t *testing.T) (*world, *vfs.Mem) {
	t.Helper()
	w, disk := newWorld(t)
	for z := zoo.Zxid(1); z < 10; z += 2 {
		w.append(creates(z, min(z+1, 9), "a")...)
		w.sync()
		if z < 9 {
			w.snapshot()
			w.roll()
		}
	}
	return w, disk
}

func files(t *testing.T, disk vfs.FS) string {
	t.Helper()
	var all []string
	for _, dir := range []string{"/data/version-2", "/logs/version-2"} {
		names, err := disk.List(dir)
		must(t, err)
		all = append(all, names...)
	}
	return strings.Join(slices.DeleteFunc(all, func(name string) bool {
		return strings.HasSuffix(name, "Epoch")
	}), " ")
}

func TestAPurgeLeavesWhatTheRetentionSays(t *testing.T) {
	w, disk := grown(t)
	plan, err := w.store.BeginPurge(time.Time{}, store.Retention{Snapshots: 3})
	must(t, err)
	for w.store.Purging() {
		must(t, w.store.PurgeStep())
	}
	if got := files(t, disk); got != "snapshot.4 snapshot.6 snapshot.8 log.3 log.5 log.7 log.9" {
		t.Fatalf("left are %s", got)
	}
	if plan.Oldest != 4 || len(plan.Remove) != 3 || plan.Bytes == 0 {
		t.Fatalf("planned %+v", plan)
	}
	if plan, err = w.store.BeginPurge(time.Time{}, store.Retention{Snapshots: 3}); err != nil ||
		len(plan.Remove) > 0 || w.store.Purging() {
		t.Fatalf("planned once more: %+v, %v", plan, err)
	}
	w.open(disk)
}

// After a start only the newest snapshot is known to be good. An audit finds the
// others out, at the pace that it is given, and says which is broken.
func TestAnAuditFindsTheSnapshotsThatCount(t *testing.T) {
	w, disk := grown(t)
	whole := contentOf(t, disk, "/data/version-2/snapshot.6")
	write(t, disk, "/data/version-2/snapshot.6", whole[:len(whole)-1]+"?")
	w.open(disk)
	if plan, err := w.store.BeginPurge(time.Time{}, store.Retention{Snapshots: 3}); err != nil ||
		len(plan.Remove) > 0 {
		t.Fatalf("purged before anything was verified: %+v, %v", plan, err)
	}
	audit, err := w.store.Audit(3)
	must(t, err)
	bytes, broken := 0, 0
	for audit.More() {
		err := audit.Step(func(n int) error { bytes += n; return nil })
		if err != nil && !strings.Contains(err.Error(), "snapshot.6") {
			t.Fatal(err)
		}
		if err != nil {
			broken++
		}
	}
	if bytes == 0 || broken != 1 {
		t.Fatalf("%d bytes read, %d snapshots broken", bytes, broken)
	}
	w.purge(3)
	got := files(t, disk)
	if !strings.HasPrefix(got, "snapshot.2 snapshot.4 snapshot.6 snapshot.8 ") {
		t.Fatalf("left are %s", got)
	}
}

func TestAnAuditCanBeStopped(t *testing.T) {
	w, disk := grown(t)
	w.open(disk)
	audit, err := w.store.Audit(3)
	must(t, err)
	stop := errors.New("stop")
	for audit.More() {
		if err := audit.Step(func(int) error { return stop }); !errors.Is(err, stop) {
			t.Fatalf("a stopped audit says %v", err)
		}
	}
	if plan, err := w.store.BeginPurge(time.Time{}, store.Retention{Snapshots: 3}); err != nil ||
		len(plan.Remove) > 0 {
		t.Fatalf("a snapshot counts that was not read: %+v, %v", plan, err)
	}
}

// The plot: power goes in a purge; before the next start somebody removes or breaks
// the snapshot that was to stay. Then the rest of the plan would take what is needed.
func TestAPurgeIsNotFinishedWithoutWhatItRestsOn(t *testing.T) {
	for _, content := range []string{"", "ZKSN"} {
		w, disk := grown(t)
		_, err := w.store.BeginPurge(time.Time{}, store.Retention{Snapshots: 1})
		must(t, err)
		must(t, disk.Remove("/data/version-2/snapshot.8"))
		if content != "" {
			write(t, disk, "/data/version-2/snapshot.8", content)
		}
		w.open(disk)
		if got := files(t, disk); !strings.Contains(got, "snapshot.0 snapshot.2") ||
			!strings.Contains(got, "log.1 log.3") || strings.Contains(got, "zoo.plan") {
			t.Fatalf("left are %s", got)
		}
	}
}

func TestAPurgeGoesOnWithoutWhatAnotherHandHasRemoved(t *testing.T) {
	w, disk := grown(t)
	_, err := w.store.BeginPurge(time.Time{}, store.Retention{Snapshots: 2})
	must(t, err)
	must(t, disk.Remove("/data/version-2/snapshot.0"))
	must(t, disk.Remove("/logs/version-2/log.1"))
	for w.store.Purging() {
		must(t, w.store.PurgeStep())
	}
	w.open(disk)
}

// A purge by hand reads the snapshots itself, and tells each file that goes.
func TestAClosedDirectoryCanBePurged(t *testing.T) {
	w, disk := grown(t)
	must(t, w.store.Close())
	write(t, disk, "/data/version-2/snapshot.8", "ZKSN")
	plan, notes, err := config(disk).PlanPurge(time.Time{}, store.Retention{Snapshots: 2})
	must(t, err)
	if len(notes) != 1 || !strings.Contains(notes[0], "snapshot.8") || plan.Oldest != 4 {
		t.Fatalf("planned %+v, %q", plan, notes)
	}
	var told []string
	must(t, config(disk).Purge(plan, func(f store.HeldFile) { told = append(told, f.Path) }))
	if len(told) != len(plan.Remove) || len(told) == 0 {
		t.Fatalf("told of %q", told)
	}
	got := files(t, disk)
	if strings.Contains(got, "snapshot.2") || strings.Contains(got, "plan") {
		t.Fatalf("left are %s", got)
	}
	w.open(disk)
}

func TestAPurgeByHandWaitsForAnUnfinishedJob(t *testing.T) {
	w, disk := grown(t)
	must(t, w.store.Close())
	plan, _, err := config(disk).PlanPurge(time.Time{}, store.Retention{Snapshots: 2})
	must(t, err)
	write(t, disk, "/data/version-2/zoo.plan", "truncate 3\n")
	err = config(disk).Purge(plan, func(f store.HeldFile) { t.Errorf("removed %s", f.Path) })
	if err == nil || !strings.Contains(err.Error(), "unfinished") {
		t.Fatalf("purge says %v", err)
	}
}

// A cron job may purge beside a running server, as with Java's.
func TestADirectoryInUseCanBePurgedByHand(t *testing.T) {
	dir := t.TempDir()
	c := store.Config{FS: vfs.OS{}, DataDir: dir, LogDir: dir}
	s, _, err := c.Open()
	must(t, err)
	w := &world{t: t, store: s, tree: treeOf(t, nil)}
	for z := zoo.Zxid(1); z < 6; z++ {
		w.append(create(z, "a"))
		w.sync()
		w.snapshot()
		w.roll()
	}
	plan, _, err := c.PlanPurge(time.Now(), store.Retention{Snapshots: 2})
	must(t, err)
	must(t, c.Purge(plan, func(store.HeldFile) {}))
	w.append(create(6, "a"))
	w.sync()
	must(t, s.Close())
	s, r, err := c.Open()
	must(t, err)
	if len(plan.Remove) == 0 || r.Zxid != 6 {
		t.Fatalf("planned %+v, recovered %v", plan, r.Zxid)
	}
	must(t, s.Close())
}

// The plot: a purge has removed the oldest snapshot when the history is to be cut to a
// zxid that only the snapshots reach which the purge is about to take. Wherever the cut
// is, the directory opens afterwards, with what the answer says.
func TestACutUnderAPurgeRestsOnWhatThePurgeLeaves(t *testing.T) {
	for keep := zoo.Zxid(1); keep < 9; keep++ {
		for steps := range 7 {
			w, disk := grown(t)
			w.truncateUnderPurge(keep, steps)
			want := zoo.Zxid(9) // nothing is cut that no snapshot below it can begin
			if keep == 8 {
				want = 8
			}
			if got := w.last(); got != want {
				t.Fatalf("cut to %v after %d steps: the history ends with %v", keep, steps, got)
			}
			w.open(disk)
		}
	}
}

// The plot: a purge by hand is planned, and before it is carried out somebody removes or
// breaks the snapshot that was to stay. Nothing goes, and the message says what to do.
func TestAPurgeByHandLooksOnceMoreAtWhatStays(t *testing.T) {
	for _, content := range []string{"", "ZKSN"} {
		w, disk := grown(t)
		must(t, w.store.Close())
		plan, _, err := config(disk).PlanPurge(time.Time{}, store.Retention{Snapshots: 1})
		must(t, err)
		must(t, disk.Remove("/data/version-2/snapshot.8"))
		if content != "" {
			write(t, disk, "/data/version-2/snapshot.8", content)
		}
		err = config(disk).Purge(plan, func(f store.HeldFile) { t.Errorf("removed %s", f.Path) })
		if err == nil || !strings.Contains(err.Error(), "plan the purge again") {
			t.Fatalf("purge says %v", err)
		}
		w.open(disk)
	}
}

// What a purge removes may be hundreds of megabytes, which a system takes long to give back:
// the names go in the steps, between the appends, and the room whenever the owner says.
func TestAPurgeLeavesTheRoomToItsOwner(t *testing.T) {
	if vfs.Hold(vfs.OS{}, t.TempDir()) == nil {
		t.Skip("this system does not hold a file beyond its name")
	}
	var left []vfs.Held
	s, recovered, err := store.Config{FS: vfs.OS{}, DataDir: t.TempDir(),
		PreallocateBytes: 1 << 16,
		Release:          func(content vfs.Held) { left = append(left, content) }}.Open()
	must(t, err)
	tr := recovered.Tree
	for z := zoo.Zxid(1); z <= 3; z++ {
		must(t, s.Append(creates(z, z, "a")))
		must(t, s.Sync())
		tr.SetZxid(z)
		writeWhole(t, s, tr)
	}
	plan, err := s.BeginPurge(time.Now(), store.Retention{Snapshots: 1})
	must(t, err)
	for s.Purging() {
		must(t, s.PurgeStep())
	}
	if len(plan.Remove) == 0 || len(left) != len(plan.Remove) {
		t.Fatalf("%d files were to go, %d are held", len(plan.Remove), len(left))
	}
	for i, file := range plan.Remove {
		if _, err := (vfs.OS{}).Stat(file.Path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is still there: %v", file.Path, err)
		}
		must(t, left[i].Close())
	}
	must(t, s.Close())
}

func writeWhole(t *testing.T, s *store.Store, tr *tree.Tree) {
	t.Helper()
	frozen := tr.Freeze()
	defer frozen.Close()
	snap, err := s.BeginSnapshot(snapshot.Source{Frozen: frozen, Lock: snapshot.NoLock{}})
	must(t, err)
	for done := false; !done; {
		done, err = snap.Step(100)
		must(t, err)
	}
}
