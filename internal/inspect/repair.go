package inspect

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"zoo"
	"zoo/internal/disk/snapshot"
	"zoo/internal/disk/txnlog"
	"zoo/internal/disk/vfs"
)

// Lost is a range of transactions that a log will not have any more.
type Lost struct {
	From string `json:"fromZxid"`
	// To is "" where nobody can tell how many there were.
	To  string `json:"toZxid,omitempty"`
	Why string `json:"why"`
}

// String is the range on one line.
func (l Lost) String() string {
	if l.To == "" {
		return fmt.Sprintf("LOST %s and perhaps what followed it: %s", l.From, l.Why)
	}
	return fmt.Sprintf("LOST %s to %s: %s", l.From, l.To, l.Why)
}

// RepairOptions say how to repair.
type RepairOptions struct {
	// SnapDir is where the snapshots are; "" is the directory of the log.
	SnapDir string
	// Across keeps what is behind a gap, too: for looking at it, because no server
	// starts with a gap that no snapshot covers.
	Across   bool
	Progress Progress
}

// PlanRepair says what of a damaged log file can be kept, and what is lost. Nothing
// is changed before the plan is executed.
func PlanRepair(disk vfs.FS, path string, o RepairOptions) (*Surgery, error) {
	if o.SnapDir == "" {
		o.SnapDir = filepath.Dir(path)
	}
	covered, err := newestGood(disk, o.SnapDir)
	if err != nil {
		return nil, err
	}
	r := &repairer{path: path, covered: covered, across: o.Across,
		Surgery: &Surgery{disk: disk, Dir: filepath.Dir(path), Damages: []Damage{},
			Lost: []Lost{}, Aside: []Move{}}}
	if first, ok := txnlog.ParseName(filepath.Base(path)); ok && first > 0 {
		r.expected = first
	}
	if err := r.neighbours(); err != nil {
		return nil, err
	}
	size, err := survey(meter(disk, o.Progress, path), path, r.place)
	if err != nil {
		return nil, err
	}
	r.end(size)
	if len(r.Damages) == 0 && len(r.Lost) == 0 {
		return r.Surgery, nil
	}
	return r.Surgery, r.plan()
}

// newestGood is the zxid of the newest snapshot that can be loaded, or 0.
func newestGood(disk vfs.FS, dir string) (zoo.Zxid, error) {
	files, err := listed(snapshot.List(disk, dir))
	if err != nil {
		return 0, err
	}
	for _, file := range files {
		l, err := load(disk, file)
		if err != nil {
			return 0, err
		}
		if l.report.Good() {
			return file.Zxid, nil
		}
	}
	return 0, nil
}

// repairer walks a log file and chooses.
type repairer struct {
	*Surgery
	path     string
	covered  zoo.Zxid // a snapshot has everything up to here
	across   bool
	keep     []piece
	expected zoo.Zxid // what must come next; 0 is not known
	last     zoo.Zxid // the last whole entry, kept or not
	broken   bool     // a gap that no snapshot covers was met: the rest is of no use
	unusable Lost
	claimed  zoo.Zxid // what the last damaged entry calls itself
	damaged  bool     // there is damage since the last whole entry
	newer    []txnlog.Segment
}

// neighbours finds the files that continue this one, if it has its own name.
func (r *repairer) neighbours() error {
	segments, err := listed(txnlog.Segments(r.disk, r.Dir))
	self := slices.IndexFunc(segments, func(s txnlog.Segment) bool {
		return filepath.Clean(s.Path) == filepath.Clean(r.path)
	})
	if self >= 0 {
		r.newer = segments[self+1:]
	}
	return err
}

func (r *repairer) place(p txnlog.Place) error {
	described := record(r.path, p, HideData)
	if described.Damage != nil {
		r.Damages = append(r.Damages, *described.Damage)
		r.damaged = true
		if p.Damage != nil {
			r.claimed = max(r.claimed, p.Damage.Claimed)
		}
		return nil
	}
	z := p.Entry.Zxid
	r.missing(z)
	r.last, r.expected, r.damaged, r.claimed = z, z+1, false, 0
	if r.broken {
		if r.unusable.From == "" {
			r.unusable.From = z.String()
		}
		r.unusable.To = z.String()
		return nil
	}
	r.Kept++
	r.KeptLast = z.String()
	r.keep = append(r.keep, piece{p.Offset, p.Size})
	return nil
}

// missing notes what should have come before z.
func (r *repairer) missing(z zoo.Zxid) {
	if r.expected == 0 || z <= r.expected && z.Epoch() == r.expected.Epoch() ||
		z.Epoch() != r.expected.Epoch() && z.Counter() == 1 && !r.damaged {
		return
	}
	why := "damaged"
	if !r.damaged {
		why = "not in the file"
	}
	lost := Lost{From: r.expected.String(), To: (z - 1).String(), Why: why}
	if z.Epoch() != r.expected.Epoch() {
		lost.To = ""
	}
	if z-1 <= r.covered {
		lost.Why += fmt.Sprintf("; snapshot %v has it: a server does not need it", r.covered)
	} else if !r.across {
		r.broken = true
	}
	r.Lost = append(r.Lost, lost)
}

// end notes what is lost at the end of the file.
func (r *repairer) end(size int64) {
	r.size = size
	if r.unusable.From != "" {
		r.unusable.Why = "whole, but behind the gap: no server can apply it"
		r.Lost = append(r.Lost, r.unusable)
	}
	if !r.damaged || r.continued() {
		return
	}
	from := cmp.Or(r.expected, r.claimed)
	lost := Lost{From: from.String(), Why: "damaged, at the end of the file"}
	switch {
	case len(r.newer) > 0 && r.newer[0].First.Epoch() == r.last.Epoch():
		lost.To = (r.newer[0].First - 1).String()
	case r.claimed >= r.expected:
		lost.To = r.claimed.String()
	}
	if torn := r.Damages[len(r.Damages)-1].Torn; torn && len(r.newer) == 0 {
		lost.Why = "torn at the end of the file: a write that was probably never synced"
	}
	r.Lost = append(r.Lost, lost)
	r.broken = r.broken || !r.across
}

// continued tells whether the next file goes on where the last whole entry ends, so
// that the damage behind that has cost nothing.
func (r *repairer) continued() bool {
	return len(r.newer) > 0 && r.last != 0 && r.newer[0].First == r.last+1
}

// plan says which files change. What a file that nothing can follow is followed by
// goes aside.
func (r *repairer) plan() error {
	r.Rewrite = &Rewrite{File: r.path, pieces: r.keep}
	if !r.broken {
		return r.names()
	}
	if len(r.newer) > 0 && r.newer[0].First-1 <= r.covered {
		return r.names() // what is missing before the next file is not needed
	}
	for _, s := range slices.Backward(r.newer) {
		r.Aside = append(r.Aside, Move{From: s.Path})
		r.Lost = append(r.Lost, Lost{From: s.First.String(),
			Why: "in " + s.Path + ", behind the gap: no server can apply it"})
	}
	return r.names()
}

// ErrZxid means a zxid that the history cannot end with.
var ErrZxid = errors.New("the history cannot end there")

// PlanTruncate says what must change for a data directory's history to end with z.
func PlanTruncate(cfg DirConfig, z zoo.Zxid, tell Progress) (*Surgery, error) {
	if cfg.LogDir == "" {
		cfg.LogDir = cfg.DataDir
	}
	disk := cfg.FS
	snapDir, _, err := place(disk, cfg.DataDir)
	if err != nil {
		return nil, err
	}
	logDir, _, err := place(disk, cfg.LogDir)
	if err != nil {
		return nil, err
	}
	t := &truncater{z: z, Surgery: &Surgery{disk: disk, Dir: logDir, SnapDir: snapDir,
		Damages: []Damage{}, Lost: []Lost{}, Aside: []Move{}}}
	if err := t.snapshots(snapDir, tell); err != nil {
		return nil, err
	}
	if err := t.logs(logDir, tell); err != nil {
		return nil, err
	}
	return t.Surgery, t.names()
}

// truncater looks for the end of a history.
type truncater struct {
	*Surgery
	z     zoo.Zxid
	base  zoo.Zxid // the newest snapshot that stays
	found bool     // the history has z
	newer zoo.Zxid // the first transaction beyond it
}

// snapshots puts aside those that hold more than z, newest first.
func (t *truncater) snapshots(dir string, tell Progress) error {
	files, err := snapshot.List(t.disk, dir)
	if err != nil {
		return err
	}
	for _, file := range files {
		if file.Zxid > t.z {
			t.Aside = append(t.Aside, Move{From: file.Path})
			continue
		}
		l, err := load(meter(t.disk, tell, file.Path), file)
		if err != nil {
			return err
		}
		if newest := max(l.newest, l.info.LastZxid); l.report.Good() && newest <= t.z {
			t.base, t.found = file.Zxid, file.Zxid == t.z
			return nil
		}
		t.Aside = append(t.Aside, Move{From: file.Path})
	}
	return fmt.Errorf("truncate to %v: no whole snapshot in %s is as old as that: %w",
		t.z, dir, ErrZxid)
}

func (t *truncater) logs(dir string, tell Progress) error {
	segments, err := txnlog.Segments(t.disk, dir)
	if err != nil {
		return err
	}
	for _, s := range slices.Backward(segments) {
		if s.First > t.z {
			t.Aside = append(t.Aside, Move{From: s.Path})
			t.newer = s.First
			continue
		}
		if err := t.cut(s, tell); err != nil {
			return err
		}
		break
	}
	if !t.found {
		return fmt.Errorf("truncate to %v: neither a snapshot nor the log has this zxid "+
			"(next is %v): %w", t.z, t.newer, ErrZxid)
	}
	if t.newer != 0 {
		t.Lost = append(t.Lost, Lost{From: t.newer.String(), Why: "beyond " + t.z.String()})
	}
	return nil
}

// cut keeps what of a file is not beyond z.
func (t *truncater) cut(s txnlog.Segment, tell Progress) error {
	r := &Rewrite{File: s.Path}
	beyond := false
	size, err := survey(meter(t.disk, tell, s.Path), s.Path, func(p txnlog.Place) error {
		switch {
		case p.Damage != nil && !beyond:
			return fmt.Errorf("%v: repair it first: %w", damageOf(s.Path, p), ErrZxid)
		case p.Damage != nil:
		case p.Entry.Zxid > t.z && !beyond:
			beyond, t.newer = true, p.Entry.Zxid
		case !beyond:
			t.found = t.found || p.Entry.Zxid == t.z
			t.Kept++
			t.KeptLast = p.Entry.Zxid.String()
			r.pieces = append(r.pieces, piece{p.Offset, p.Size})
		}
		return nil
	})
	if t.size = size; beyond {
		t.Rewrite = r
	}
	return err
}
