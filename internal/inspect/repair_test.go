package inspect

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"zoo"
	"zoo/internal/disk/vfs"
	"zoo/internal/disk/vfs/vfstest"
)

func (s *site) repair(path string, o RepairOptions) *Surgery {
	s.Helper()
	before := s.content()
	plan, err := PlanRepair(s.disk, path, o)
	s.must(err)
	if s.content() != before {
		s.Error("the plan has changed something")
	}
	return plan
}

func lostOf(s *Surgery) string {
	var lines []string
	for _, l := range s.Lost {
		lines = append(lines, l.From+".."+l.To)
	}
	return strings.Join(lines, " ")
}

// The plot: an entry in the middle is broken, and no snapshot has it. What is before
// it is kept; the rest, and the newer file, is of no use to a server, is named, and
// lies beside. Then a server starts.
func TestRepairKeepsWhatAServerCanApply(t *testing.T) {
	s := newSite(t)
	s.run(1, 9)
	s.run(10, 12)
	path := filepath.Join(s.dir, "log.100000001")
	s.must(s.disk.Remove(filepath.Join(s.dir, "snapshot.10000000a")))
	s.must(s.disk.SyncDir(s.dir))
	s.flip(path, s.places(path)[4].Offset+60)
	before := string(s.read(path))
	plan := s.repair(path, RepairOptions{})
	if plan.Kept != 4 || plan.KeptLast != "0x100000004" || len(plan.Aside) != 2 ||
		lostOf(plan) != "0x100000005..0x100000005 0x100000006..0x100000009 "+
			"0x10000000b.. 0x10000000a.." {
		t.Fatalf("%s\n%+v", lostOf(plan), plan)
	}
	s.must(plan.Execute())
	if kept := string(s.read(plan.Rewrite.KeptAs)); kept != before {
		t.Error("the original is not kept")
	}
	if r := s.check(); !r.Good() || r.Zxid != "0x100000004" {
		t.Errorf("%+v", r.Findings)
	}
	if again := s.repair(path, RepairOptions{}); again.Needed() {
		t.Errorf("again: %+v", again)
	}
}

// The same damage where a snapshot has the broken entry: nothing else is given up,
// and the server has its whole history.
func TestRepairGivesNothingUpThatASnapshotCovers(t *testing.T) {
	s := newSite(t)
	path, _ := s.log(1, 12)
	made := grow(t) // a snapshot at 0x10000000b
	s.snapshot(made)
	s.flip(path, s.places(path)[4].Offset+60)
	if r := s.check(); r.Startable {
		t.Fatal("a server starts with the damage")
	}
	plan := s.repair(path, RepairOptions{})
	if plan.Kept != 11 || lostOf(plan) != "0x100000005..0x100000005" || len(plan.Aside) > 0 ||
		!strings.Contains(plan.Lost[0].Why, "snapshot 0x10000000b has it") {
		t.Fatalf("%+v", plan)
	}
	s.must(plan.Execute())
	if r := s.check(); !r.Startable || r.Zxid != "0x10000000c" {
		t.Errorf("%+v", r.Findings)
	}
}

// Damage behind the last entry of a file that a newer one continues costs nothing.
func TestRepairOfDamageBehindTheLastEntry(t *testing.T) {
	s := newSite(t)
	path, _ := s.log(1, 4)
	s.log(5, 6)
	last := s.places(path)[3]
	s.write(path, last.Offset+last.Size, []byte("garbage"))
	plan := s.repair(path, RepairOptions{})
	if plan.Kept != 4 || len(plan.Lost) > 0 || len(plan.Aside) > 0 || !plan.Needed() {
		t.Fatalf("%+v", plan)
	}
}

var errInterrupted = errors.New("interrupted")

// At every operation of the disk the repair can be interrupted: a server then either
// refuses to start, or has the history that the repair promises; it never has less
// without anyone having been told. Doing it again finishes it.
func TestAnInterruptedRepairLosesNothing(t *testing.T) {
	for n := 0; ; n++ {
		s := newSite(t)
		s.run(1, 9)
		s.run(10, 12)
		path := filepath.Join(s.dir, "log.100000001")
		s.must(s.disk.Remove(filepath.Join(s.dir, "snapshot.10000000a")))
		s.must(s.disk.SyncDir(s.dir))
		s.flip(path, s.places(path)[4].Offset+60)
		plan := s.repair(path, RepairOptions{})
		plan.disk = vfs.NewFaulty(s.disk, func(at int, _ vfs.Op) error {
			if at >= n {
				return errInterrupted
			}
			return nil
		})
		interrupted := plan.Execute() != nil
		s.disk = s.disk.Crash(uint64(n))
		if r := s.check(); r.Startable && r.Zxid != "0x100000004" {
			t.Fatalf("interrupted at %d: a server would start with %s", n, r.Zxid)
		}
		s.must(s.repair(path, RepairOptions{}).Execute())
		if r := s.check(); !r.Startable || r.Zxid != "0x100000004" {
			t.Fatalf("interrupted at %d and repaired again: %+v", n, r.Findings)
		}
		if !interrupted {
			return
		}
	}
}

func TestTruncateEndsTheHistory(t *testing.T) {
	s := newSite(t)
	s.run(1, 25)
	cfg := DirConfig{FS: s.disk, DataDir: "data"}
	plan, err := PlanTruncate(cfg, zoo.MakeZxid(1, 13), nil)
	s.must(err)
	var moves []string
	for _, m := range plan.Aside {
		moves = append(moves, filepath.Base(m.From)+">"+filepath.Base(m.To))
	}
	want := "snapshot.100000014>kept-snapshot.100000014 log.100000015>kept-log.100000015"
	if got := strings.Join(moves, " "); got != want || plan.KeptLast != "0x10000000d" ||
		lostOf(plan) != "0x10000000e.." {
		t.Fatalf("%s\n%+v", got, plan)
	}
	s.must(plan.Execute())
	if r := s.check(); !r.Good() || r.Zxid != "0x10000000d" {
		t.Errorf("%+v", r.Findings)
	}
	for _, z := range []zoo.Zxid{zoo.MakeZxid(1, 26), zoo.MakeZxid(2, 1)} {
		if _, err := PlanTruncate(cfg, z, nil); !errors.Is(err, ErrZxid) {
			t.Errorf("truncate to %v: %v", z, err)
		}
	}
	same, err := PlanTruncate(cfg, zoo.MakeZxid(1, 13), nil)
	if err != nil || same.Needed() {
		t.Errorf("again: %+v %v", same, err)
	}
}

func TestADirectoryThatAServerHasIsNotChanged(t *testing.T) {
	dir := t.TempDir()
	vfstest.Must(t, vfs.OS{}.MkdirAll(filepath.Join(dir, "version-2")))
	unlock, err := Lock(vfs.OS{}, dir)
	vfstest.Must(t, err)
	file := filepath.Join(dir, "version-2", "log.1")
	_, err = Lock(vfs.OS{}, file)
	if err == nil || !strings.Contains(err.Error(), "stop the server") {
		t.Errorf("%v", err)
	}
	if !Served(vfs.OS{}, dir) {
		t.Error("nobody is told of the server")
	}
	vfstest.Must(t, unlock())
	if Served(vfs.OS{}, dir) {
		t.Error("the server is gone")
	}
}
