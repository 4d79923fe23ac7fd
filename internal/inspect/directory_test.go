package inspect

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"zoo/internal/disk/store"
	"zoo/internal/disk/vfs"
	"zoo/internal/txn"
)

// run is a server's life on a disk: it appends the entries from..to, and after each
// tenth it writes a snapshot and rolls the log.
func (s *site) run(from, to uint32) {
	s.Helper()
	st, r, err := store.Config{FS: s.disk, DataDir: "data", PreallocateBytes: 4096}.Open()
	s.must(err)
	for _, e := range r.Tail {
		_, err := r.Tree.Apply(e)
		s.must(err)
	}
	for i := from; i <= to; i++ {
		e := entry(i)
		e.Bytes = e.Bytes[:len(e.Bytes)-12] // no digest: it would not be the tree's
		s.must(st.Append([]txn.Entry{e}))
		s.must(st.Sync())
		_, err := r.Tree.Apply(e)
		s.must(err)
		if i%10 == 0 {
			s.snapshot(r.Tree)
			s.must(st.Roll())
		}
	}
	s.must(st.SetAcceptedEpoch(1))
	s.must(st.SetCurrentEpoch(1))
	s.must(st.Close())
}

func (s *site) check() *DirReport {
	s.Helper()
	before := s.content()
	r, err := CheckDir(DirConfig{FS: s.disk, DataDir: "data"}, nil)
	s.must(err)
	if after := s.content(); after != before {
		s.Errorf("the check has changed the directory:\n%s\nwas\n%s", after, before)
	}
	return r
}

// content is the names and sizes of all files.
func (s *site) content() string {
	s.Helper()
	names, err := s.disk.List(s.dir)
	s.must(err)
	var b strings.Builder
	for _, name := range names {
		b.WriteString(name + " " + string(s.read(filepath.Join(s.dir, name))) + "\n")
	}
	return b.String()
}

func (r *DirReport) has(severity Severity, text string) bool {
	return slices.ContainsFunc(r.Findings, func(f Finding) bool {
		return f.Severity == severity && strings.Contains(f.String(), text)
	})
}

func TestAWholeDirectoryIsGood(t *testing.T) {
	s := newSite(t)
	s.run(1, 25)
	r := s.check()
	if !r.Good() || !r.Startable || r.Zxid != "0x100000019" || r.Base != "0x100000014" ||
		r.CurrentEpoch != 1 || r.Znodes != 4+25 || len(r.Advice) > 0 ||
		len(r.Snapshots) != 3 || len(r.Logs) != 3 {
		t.Errorf("%+v", r)
	}
}

// The plot: the power goes in the middle of a write. The check says what the next
// start will cut off, and does not do it.
func TestTheCheckTellsWhatAStartWouldHeal(t *testing.T) {
	s := newSite(t)
	s.run(1, 3)
	whole := filepath.Join(s.dir, "log.100000001")
	size := int64(len(s.read(whole)))
	last := s.places(whole)[2]
	s.write(whole, last.Offset+last.Size/2, make([]byte, size-last.Offset-last.Size/2))
	s.write(filepath.Join(s.dir, "log.100000001"), size-1, []byte{0})
	r := s.check()
	if !r.Good() || r.Zxid != "0x100000002" || !r.has(SeverityNote, "at the next start") ||
		len(r.Advice) > 0 {
		t.Errorf("%+v", r)
	}
}

// places are where the entries of a log are.
func (s *site) places(path string) []Record {
	s.Helper()
	var places []Record
	s.must(Dump(s.disk, []string{path}, DumpOptions{}, func(r Record) error {
		places = append(places, r)
		return nil
	}))
	return places
}

// Damage that the next start needs is an error with advice; damage in what an older
// snapshot would need is a warning.
func TestDamageIsJudgedByWhatAStartNeeds(t *testing.T) {
	s := newSite(t)
	s.run(1, 25)
	old := filepath.Join(s.dir, "log.100000001")
	s.flip(old, s.places(old)[4].Offset+60)
	r := s.check()
	if !r.Good() || !r.has(SeverityWarning, "DAMAGE") || len(r.Advice) != 1 {
		t.Errorf("old log: %+v", r)
	}
	newest := filepath.Join(s.dir, "log.100000015")
	at := s.places(newest)[1]
	s.flip(newest, at.Offset+60)
	r = s.check()
	if r.Good() || r.Startable || !r.has(SeverityError, "refuses to start: open data directory "+
		"data: corrupt data/version-2/log.100000015 at offset 1") || len(r.Advice) != 3 ||
		!strings.Contains(r.Advice[0], "put data/version-2") {
		t.Errorf("new log: %+v", r)
	}
}

func TestEpochsAndLeftoversAreToldOf(t *testing.T) {
	s := newSite(t)
	s.run(1, 3)
	put := func(name, text string) {
		f, err := s.disk.Create(filepath.Join(s.dir, name))
		s.must(err)
		_, err = f.Write([]byte(text))
		s.must(err)
		s.must(f.Close())
	}
	put("kept-log.1", "")
	put("unfinished-snapshot.5", "half")
	put("zoo.plan", "truncate 100000002\n")
	put("notes", "")
	r := s.check()
	for _, text := range []string{"kept by a tool", "never finished", "was interrupted",
		"not known to zoo", "myid: missing"} {
		if !r.has(SeverityNote, text) {
			t.Errorf("no %q in %v", text, r.Findings)
		}
	}
	if r.Zxid != "0x100000002" {
		t.Errorf("the plan was not rehearsed: %s", r.Zxid)
	}
	put("currentEpoch", "7")
	if r := s.check(); r.Good() || !r.has(SeverityError, "acceptedEpoch") {
		t.Errorf("%+v", r.Findings)
	}
}

func TestADirectoryThatIsNotThereIsAnError(t *testing.T) {
	if _, err := CheckDir(DirConfig{FS: vfs.NewMem(), DataDir: "none"}, nil); err == nil {
		t.Error("it was checked")
	}
}
