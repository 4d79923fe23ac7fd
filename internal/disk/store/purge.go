package store

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"zoo"
	"zoo/internal/disk/snapshot"
	"zoo/internal/disk/txnlog"
	"zoo/internal/disk/vfs"
)

// purgeStep is a part of a purge, short enough to be done between two appends.
type purgeStep func() error

// BeginPurge plans a purge and makes the plan durable; PurgeStep carries it out. A
// plan without files was not begun, nor is one while another is under way.
func (s *Store) BeginPurge(now time.Time, keep Retention) (PurgePlan, error) {
	if s.err != nil || s.purging != nil {
		return PurgePlan{}, s.err
	}
	h, err := hold(s.disk, s.snapDir, s.logDir, s.isVerified)
	if err != nil {
		return PurgePlan{}, s.keep(err)
	}
	h.Now = now
	p := PlanPurge(h, keep)
	if len(p.Remove) == 0 {
		return p, nil
	}
	written := plan{verb: verbPurge, zxid: p.Oldest}
	err = replaceFile(s.disk, s.snapDir, planName, written.String())
	if vfs.IsNoSpace(err) {
		return p, err // Nothing is lost by not purging.
	}
	if err != nil {
		return p, s.keep(err)
	}
	s.purging = s.purgeSteps(p.Remove)
	return p, nil
}

// Purging tells whether PurgeStep has something to do.
func (s *Store) Purging() bool { return len(s.purging) > 0 }

// PurgeStep does a part of the purge under way, such as removing one file.
func (s *Store) PurgeStep() error {
	if s.err != nil || !s.Purging() {
		return s.err
	}
	if err := s.purging[0](); err != nil {
		return s.keep(fmt.Errorf("purge: %w", err))
	}
	if s.purging = s.purging[1:]; len(s.purging) == 0 {
		s.purging = nil
	}
	return nil
}

func (s *Store) finishPurge() error {
	for s.Purging() {
		if err := s.PurgeStep(); err != nil {
			return err
		}
	}
	return nil
}

// purgeSteps removes files one by one and then forgets the plan.
func (s *Store) purgeSteps(files []HeldFile) []purgeStep {
	var steps []purgeStep
	for _, file := range files {
		steps = append(steps, func() error { return s.release(file.Path) })
	}
	return append(steps,
		func() error { return s.disk.SyncDir(s.snapDir) },
		func() error { return s.disk.SyncDir(s.logDir) },
		s.forgetPlan)
}

// release removes a file as removeHeld does, and has its room given back by whoever does
// not hold up the log meanwhile.
func (s *Store) release(path string) error {
	if s.cfg.Release == nil {
		return removeHeld(s.disk, path)
	}
	content := vfs.Hold(s.disk, path)
	err := removeHeld(s.disk, path)
	if content != nil {
		s.cfg.Release(content)
	}
	return err
}

// removeHeld removes a file that somebody else may have removed, as a script does
// that runs now and then.
func removeHeld(disk vfs.FS, path string) error {
	err := disk.Remove(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// executePurge finishes a purge that a crash has interrupted, unless the snapshot is
// gone or broken that the plan relies on: then all there is may be needed.
func (s *Store) executePurge(cut zoo.Zxid) error {
	good, err := s.restsOn(cut)
	if err != nil || !good {
		return err
	}
	return s.removeBefore(cut)
}

// restsOn tells whether a history can rest on the snapshot with this zxid: that it is there
// and good.
func (s *Store) restsOn(cut zoo.Zxid) (bool, error) {
	files, err := snapshot.List(s.disk, s.snapDir)
	if err != nil {
		return false, err
	}
	for _, file := range files {
		if file.Zxid != cut {
			continue
		}
		_, err := snapshot.Check(s.disk, file)
		if err == nil || !refusable(err) {
			return err == nil, err
		}
	}
	return false, nil
}

func (s *Store) removeBefore(cut zoo.Zxid) error {
	h, err := hold(s.disk, s.snapDir, s.logDir, s.isVerified)
	if err != nil {
		return err
	}
	for _, file := range append(h.snapshotsBefore(cut), h.logBefore(cut)...) {
		if err := removeHeld(s.disk, file.Path); err != nil {
			return err
		}
	}
	if err := s.disk.SyncDir(s.snapDir); err != nil {
		return err
	}
	return s.disk.SyncDir(s.logDir)
}

// hold looks at the directories. A file that goes meanwhile was not there.
func hold(disk vfs.FS, snapDir, logDir string, verified func(zoo.Zxid) bool) (Holding, error) {
	var h Holding
	snapshots, err := snapshot.List(disk, snapDir)
	if err != nil {
		return h, err
	}
	segments, err := txnlog.Segments(disk, logDir)
	if err != nil {
		return h, err
	}
	for _, f := range snapshots {
		held := HeldFile{Path: f.Path, Zxid: f.Zxid, Verified: verified(f.Zxid)}
		if h.Snapshots, err = appendHeld(h.Snapshots, disk, held); err != nil {
			return h, err
		}
	}
	for _, f := range segments {
		held := HeldFile{Path: f.Path, Zxid: f.First}
		if h.Log, err = appendHeld(h.Log, disk, held); err != nil {
			return h, err
		}
	}
	return h, nil
}

func appendHeld(list []HeldFile, disk vfs.FS, file HeldFile) ([]HeldFile, error) {
	info, err := disk.Stat(file.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return list, nil
	}
	file.Bytes, file.Modified = info.Size, info.Modified
	return append(list, file), err
}

// Audit reads snapshots of which nobody knows yet whether they are good. It may run
// in a goroutine of its own.
type Audit struct {
	store      *Store
	generation uint64
	files      []snapshot.File
	want       int
}

// Audit is what a purge that keeps count snapshots needs to be done first: none if
// so many are known to be good, or there are no more.
func (s *Store) Audit(count int) (*Audit, error) {
	if s.err != nil {
		return nil, s.err
	}
	files, err := snapshot.List(s.disk, s.snapDir)
	if err != nil {
		return nil, s.keep(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	a := &Audit{store: s, generation: s.generation, want: max(count, 1)}
	for _, file := range files {
		if s.verified[file.Zxid] {
			a.want--
		} else {
			a.files = append(a.files, file)
		}
	}
	return a, nil
}

// More tells whether a snapshot is left to be read.
func (a *Audit) More() bool { return a.want > 0 && len(a.files) > 0 }

// Step reads the next snapshot at a pace, as vfs.Paced knows it. The error is why the
// snapshot is not good; others may be.
func (a *Audit) Step(pace func(n int) error) error {
	file := a.files[0]
	a.files = a.files[1:]
	if _, err := snapshot.Check(vfs.Paced{FS: a.store.disk, Pace: pace}, file); err != nil {
		return err
	}
	a.want--
	a.store.mu.Lock()
	defer a.store.mu.Unlock()
	if a.generation == a.store.generation {
		a.store.verified[file.Zxid] = true
	}
	return nil
}

// PlanPurge looks at a directory that no Store has open and plans a purge. The
// snapshots that are to stay are read; Notes are those that are not good.
func (c Config) PlanPurge(now time.Time, keep Retention) (p PurgePlan, notes []string, err error) {
	c = c.withLogDir()
	good := make(map[zoo.Zxid]bool)
	files, err := snapshot.List(c.FS, VersionDir(c.DataDir))
	if err != nil {
		return p, nil, err
	}
	for _, file := range files {
		if len(good) >= max(keep.Snapshots, 1) {
			break
		}
		_, err := snapshot.Check(c.FS, file)
		if err != nil && !refusable(err) {
			return p, notes, err
		}
		if err != nil {
			notes = append(notes, err.Error())
			continue
		}
		good[file.Zxid] = true
	}
	h, err := hold(c.FS, VersionDir(c.DataDir), VersionDir(c.LogDir),
		func(z zoo.Zxid) bool { return good[z] })
	if err != nil {
		return p, notes, err
	}
	h.Now = now
	return PlanPurge(h, keep), notes, nil
}

// Purge carries out a plan of PlanPurge, and tells each file that it has removed. A
// server may run on the directory meanwhile: what goes is needed by nobody. Without
// one the plan is made durable first, so that the next start ends what was begun.
func (c Config) Purge(p PurgePlan, removed func(HeldFile)) error {
	c = c.withLogDir()
	s := &Store{cfg: c, disk: c.FS, snapDir: VersionDir(c.DataDir), logDir: VersionDir(c.LogDir)}
	alone := s.lock() == nil
	err := s.purgeOffline(p, alone, removed)
	if err != nil {
		err = fmt.Errorf("purge %s: %w", c.DataDir, err)
	}
	return errors.Join(err, s.unlock())
}

// errUnfinished means that the plan of a purge no longer fits the directory.
var errUnfinished = errors.New("another job on it is unfinished; start the server once, " +
	"or plan the purge again when it is done")

// errOutdated means that the snapshot is gone or broken that a plan would leave.
var errOutdated = errors.New("the oldest snapshot that was to stay is gone or broken; " +
	"plan the purge again")

func (s *Store) purgeOffline(p PurgePlan, alone bool, removed func(HeldFile)) error {
	if len(p.Remove) == 0 {
		return nil
	}
	_, found, err := readFile(s.disk, filepath.Join(s.snapDir, planName))
	if err != nil || found {
		return errors.Join(err, errUnfinished)
	}
	// With the lock: a server may have changed the history since the plan was made.
	if good, err := s.restsOn(p.Oldest); err != nil || !good {
		return errors.Join(err, errOutdated)
	}
	if alone {
		written := plan{verb: verbPurge, zxid: p.Oldest}
		if err := replaceFile(s.disk, s.snapDir, planName, written.String()); err != nil {
			return err
		}
	}
	for _, file := range p.Remove {
		if err := removeHeld(s.disk, file.Path); err != nil {
			return err
		}
		removed(file)
	}
	err = errors.Join(s.disk.SyncDir(s.snapDir), s.disk.SyncDir(s.logDir))
	if err == nil && alone {
		err = s.forgetPlan()
	}
	return err
}
