package store

import (
	"errors"
	"fmt"
	"path/filepath"

	"zoo"
	"zoo/internal/core/tree"
	"zoo/internal/disk/snapshot"
	"zoo/internal/disk/txnlog"
)

const (
	adviceMoved = "move it to the other directory, or correct dataDir and dataLogDir"
	adviceNoTop = "run zoo backup restore; or, if the history is known to begin with the " +
		"oldest log file (zoo log dump shows it), start this server once with " +
		"-Dzookeeper.snapshot.trust.empty=true"
	adviceEmpty = "run zoo backup restore; or, if another server has the history, remove " +
		"currentEpoch and acceptedEpoch, too, and this one will fetch it"
	adviceNoInstall = "if other servers have the data, empty this one's and let it fetch a " +
		"snapshot; if not, put the file back, or run zoo backup restore; or, to go on with " +
		"what was there before the installation, move zoo.plan away and run zoo dir check"
	adviceFetch = "run zoo dir check on the data directory; if other servers have the data, " +
		"empty this one's and let it fetch a snapshot; if none has, run zoo backup restore"
)

func (r *Recovered) note(format string, args ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
}

// checkPlacement refuses a snapshot among the logs, or a log among the snapshots,
// if the directories differ: somebody has confused them.
func (s *Store) checkPlacement() error {
	if s.snapDir == s.logDir {
		return nil
	}
	snapshots, err := snapshot.List(s.disk, s.logDir)
	if err != nil {
		return err
	}
	logs, err := txnlog.Segments(s.disk, s.snapDir)
	if err != nil {
		return err
	}
	if len(snapshots) > 0 {
		return &CorruptError{File: snapshots[0].Path, Offset: -1, Advice: adviceMoved,
			Want: "only log files in dataLogDir", Got: "a snapshot"}
	}
	if len(logs) > 0 {
		return &CorruptError{File: logs[0].Path, Offset: -1, Advice: adviceMoved,
			Want: "only snapshots in dataDir", Got: "a log file"}
	}
	return nil
}

// removeUnfinished removes what a crash left of snapshots that were being written, and of a
// segment that was prepared.
func (s *Store) removeUnfinished() error {
	if err := txnlog.RemoveSpare(s.disk, s.logDir); err != nil {
		return err
	}
	names, err := s.disk.List(s.snapDir)
	if err != nil {
		return err
	}
	for _, name := range names {
		if snapshot.IsUnfinished(name) {
			if err := s.disk.Remove(filepath.Join(s.snapDir, name)); err != nil {
				return err
			}
		}
	}
	return nil
}

// recover reads snapshot, log and epochs, and makes durable what it has read. Nothing
// is changed before all of it was found good: whoever is refused may try again with
// what there was.
func (s *Store) recover() (Recovered, error) {
	defer s.dropAhead() // it is there only after an error
	r, ends, err := s.recoverHistory(exactly)
	if refusable(err) && s.doubted {
		s.dropAhead()
		s.mu.Lock()
		clear(s.verified) // none of them has led to the history
		s.mu.Unlock()
		r, ends, err = s.recoverHistory(anyhow)
	}
	if err != nil {
		return r, err
	}
	epochs, err := s.recoverEpochs(&r)
	if err != nil {
		return r, err
	}
	if err := s.settle(&r, ends, epochs); err != nil {
		return r, err
	}
	s.log = s.newLog(max(0, r.Zxid))
	s.mu.Lock()
	s.treeZxid = r.Tree.Zxid()
	s.mu.Unlock()
	return r, nil
}

// settle writes what a recovery has found to be missing.
func (s *Store) settle(r *Recovered, ends []txnlog.End, epochs []epochFile) error {
	if r.begins {
		if err := s.beginHistory(); err != nil {
			return err
		}
	}
	if err := txnlog.Repair(s.disk, s.logDir, ends); err != nil {
		return err
	}
	if err := s.settleEpochs(epochs); err != nil {
		return err
	}
	// The names of snapshot and epochs may be no more durable than the log was.
	return s.disk.SyncDir(s.snapDir)
}

// belief says what becomes of snapshots that are whole, but whose digest is not that of
// their znodes, though both are of one moment.
type belief uint8

const (
	// exactly passes them over, as if they were broken: an older one may have its log.
	exactly belief = iota
	// anyhow takes them, as Java does, where nothing else gives the history.
	anyhow
)

// recoverHistory reads the newest snapshot that is believed, and the log behind it.
func (s *Store) recoverHistory(b belief) (r Recovered, ends []txnlog.End, err error) {
	s.doubted = false
	refused, err := s.recoverTree(&r, b)
	if err != nil {
		return r, nil, err
	}
	if ends, err = s.recoverTail(&r); err != nil {
		return r, nil, err
	}
	if refused != nil && refused.Zxid > r.Zxid {
		return r, nil, &CorruptError{File: refused.Path, Offset: -1, Advice: adviceFetch,
			Want: fmt.Sprintf("a valid snapshot, as the log ends with %v", r.Zxid),
			Got:  r.Notes[0]}
	}
	return r, ends, nil
}

// recoverTree loads the newest valid snapshot, and tells the newest invalid one.
func (s *Store) recoverTree(r *Recovered, b belief) (refused *snapshot.File, err error) {
	files, err := snapshot.List(s.disk, s.snapDir)
	if err != nil {
		return nil, err
	}
	for i, file := range files {
		t, info, err := s.readSnapshot(file)
		good := err == nil && s.checkDigest(r, t, info)
		if err == nil && !good && info.Exact() && b == exactly {
			s.doubted = true
			s.dropAhead()
			err = &CorruptError{File: file.Path, Offset: -1, Advice: adviceFetch,
				Want: fmt.Sprintf("znodes with digest %#x", info.Digest),
				Got:  fmt.Sprintf("%#x", t.Digest())}
		}
		if err != nil && !refusable(err) {
			return nil, err
		}
		if err != nil {
			r.note("snapshot is passed over: %v", err)
			if refused == nil {
				refused = &files[i]
			}
			continue
		}
		r.Tree = t
		t.SetFuzzy(info.Fuzzy())
		if good || !info.Exact() {
			s.setVerified(file.Zxid)
		}
		return refused, syncFile(s.disk, file.Path)
	}
	if refused != nil {
		return refused, &CorruptError{File: refused.Path, Offset: -1, Advice: adviceFetch,
			Want: "a valid snapshot, as there is no other", Got: r.Notes[0]}
	}
	return nil, s.startEmpty(r)
}

// readSnapshot reads a snapshot, and if it is large the log behind it, too.
func (s *Store) readSnapshot(file snapshot.File) (*tree.Tree, snapshot.Info, error) {
	disk, err := s.meteredSnapshot(file)
	if err == nil {
		err = s.readAhead(file)
	}
	if err != nil {
		return nil, snapshot.Info{}, err
	}
	t, info, err := snapshot.Read(disk, file)
	if err != nil {
		s.dropAhead()
	}
	return t, info, err
}

// refusable tells errors that lie in the snapshot from errors of the disk: only
// the first make an older snapshot the better choice.
func refusable(err error) bool {
	var corrupt *CorruptError
	return errors.As(err, &corrupt)
}

// checkDigest compares the tree with its digest where both are of one moment. As
// in Java, a difference is told and not fatal.
func (s *Store) checkDigest(r *Recovered, t *tree.Tree, info snapshot.Info) (same bool) {
	if !info.Comparable() || info.Digest == t.Digest() {
		return true
	}
	r.note("snapshot %v has digest %#x, but its znodes have %#x",
		info.Zxid, info.Digest, t.Digest())
	return false
}

// startEmpty takes a history to begin here, if the directory really is empty.
func (s *Store) startEmpty(r *Recovered) error {
	logs, err := txnlog.Segments(s.disk, s.logDir)
	if err != nil {
		return err
	}
	if len(logs) > 0 && !s.cfg.TrustEmptySnapshot {
		return &CorruptError{File: logs[0].Path, Offset: -1, Advice: adviceNoTop,
			Want: "a snapshot that the log continues", Got: "none"}
	}
	if err := s.refuseLostHistory(); err != nil {
		return err
	}
	r.Empty = len(logs) == 0
	r.Tree = tree.New()
	_, initialized, err := readFile(s.disk, s.initializePath())
	if err != nil {
		return err
	}
	if r.Empty && s.cfg.RequireInitialize && !initialized {
		r.Tree.SetZxid(zoo.ZxidNone)
		return nil
	}
	r.begins = true
	return nil
}

func (s *Store) initializePath() string { return filepath.Join(s.cfg.LogDir, initializeName) }

// beginHistory writes the empty tree, before anything is served: a log without a
// snapshot below it is never ours. The tree in memory may have come further by now.
func (s *Store) beginHistory() error {
	empty := tree.New()
	if err := s.writeSnapshot(empty); err != nil {
		return err
	}
	s.setVerified(empty.Zxid())
	return removeExisting(s.disk, s.initializePath())
}

// refuseLostHistory refuses a directory that has followed a leader, so that it had
// a snapshot, and has none now. To vote from here as if new would be a lie.
func (s *Store) refuseLostHistory() error {
	current, found, err := s.readEpoch(currentEpochName)
	if err != nil || !found || current <= 0 || s.cfg.TrustEmptySnapshot {
		return err
	}
	return &CorruptError{File: s.snapDir, Offset: -1, Advice: adviceEmpty,
		Want: fmt.Sprintf("a snapshot, as currentEpoch is %d", current), Got: "none"}
}

// writeSnapshot publishes a snapshot of a tree that nobody else uses.
func (s *Store) writeSnapshot(t *tree.Tree) error {
	frozen := t.Freeze()
	defer frozen.Close()
	source := snapshot.Source{Frozen: frozen, Lock: snapshot.NoLock{}}
	return s.cfg.Snapshots.Write(s.disk, s.snapDir, source)
}

func (s *Store) setVerified(z zoo.Zxid) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.verified[z] = true
}
