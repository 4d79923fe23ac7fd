package store

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"

	"zoo"
	"zoo/internal/disk/snapshot"
	"zoo/internal/disk/txnlog"
)

// A plan is what must become true of several files, written down before the first
// of them is touched. Carrying it out twice does no harm, so that a crash at any
// point is mended by doing it again. The file is zoo.plan beside the snapshots:
//
//	truncate 100000005      history ends with this zxid: remove newer snapshots,
//	                        and all entries beyond it
//	install 200000000       this snapshot is all there is: give the file
//	                        unfinished-snapshot.<zxid>.install its name, remove
//	                        all other snapshots and the whole log
//	install 200000000.gz    the same, where both files have .gz (or .snappy)
//	                        behind their names
//	purge 300000000         nothing before this snapshot is needed: remove older
//	                        snapshots, and what of the log only they need
//
// While a plan to truncate or install is there nothing is appended and nothing is
// read, so that no half-done state is ever taken for a history. A purge takes only
// what nobody needs, so that the server works on meanwhile.
const planName = "zoo.plan"

type plan struct {
	verb string
	zxid zoo.Zxid
	form snapshot.Compression // of an installed snapshot
}

const (
	verbTruncate = "truncate"
	verbInstall  = "install"
	verbPurge    = "purge"
)

func (p plan) String() string {
	return fmt.Sprintf("%s %x%s\n", p.verb, uint64(p.zxid), p.form.Suffix())
}

// parsePlan reads what String makes.
func parsePlan(text string) (plan, bool) {
	verb, digits, _ := strings.Cut(strings.TrimSpace(text), " ")
	form := snapshot.CompressionOf(digits)
	z, err := strconv.ParseUint(strings.TrimSuffix(digits, form.Suffix()), 16, 64)
	known := verb == verbInstall ||
		(verb == verbTruncate || verb == verbPurge) && form == snapshot.Plain
	return plan{verb, zoo.Zxid(z), form}, err == nil && known
}

// installName is the unfinished name of a snapshot to be installed. It differs
// from that of a snapshot which the background writes at the same zxid.
func (p plan) installName() string {
	return snapshot.UnfinishedName(p.zxid) + ".install" + p.form.Suffix()
}

// installedName is its name afterwards.
func (p plan) installedName() string {
	return snapshot.Format{Compression: p.form}.Name(p.zxid)
}

// resumePlan finishes what a crash has interrupted.
func (s *Store) resumePlan() error {
	path := filepath.Join(s.snapDir, planName)
	text, found, err := readFile(s.disk, path)
	if err != nil {
		return err
	}
	if err := removeExisting(s.disk, path+replaceSuffix); err != nil || !found {
		return err
	}
	p, ok := parsePlan(text)
	if !ok {
		return &CorruptError{File: path, Offset: 0, Advice: adviceFetch,
			Want: "truncate or install or purge, and a zxid", Got: strconv.Quote(text)}
	}
	return s.execute(p)
}

// carryOut persists a plan and executes it. A purge that is under way ends first:
// there is one plan at a time.
func (s *Store) carryOut(p plan) error {
	if err := s.finishPurge(); err != nil {
		return err
	}
	if err := replaceFile(s.disk, s.snapDir, planName, p.String()); err != nil {
		return err
	}
	return s.execute(p)
}

// execute makes the plan true and forgets it.
func (s *Store) execute(p plan) error {
	var err error
	switch p.verb {
	case verbTruncate:
		err = s.executeTruncate(p.zxid)
	case verbInstall:
		err = s.executeInstall(p)
	case verbPurge:
		err = s.executePurge(p.zxid)
	}
	if err != nil {
		return fmt.Errorf("%s to %v: %w", p.verb, p.zxid, err)
	}
	return s.forgetPlan()
}

// forgetPlan ends a plan that has become true, durably.
func (s *Store) forgetPlan() error {
	if err := s.disk.Remove(filepath.Join(s.snapDir, planName)); err != nil {
		return err
	}
	return s.disk.SyncDir(s.snapDir)
}

// executeTruncate removes snapshots that hold what the log loses, too
// (ZOOKEEPER-4837), before the log.
func (s *Store) executeTruncate(z zoo.Zxid) error {
	err := s.removeSnapshots(func(f snapshot.File) bool { return f.Zxid > z })
	if err != nil {
		return err
	}
	return txnlog.Truncate(s.disk, s.logDir, z)
}

func (s *Store) executeInstall(p plan) error {
	unfinished := filepath.Join(s.snapDir, p.installName())
	installed := filepath.Join(s.snapDir, p.installedName())
	err := s.disk.Rename(unfinished, installed)
	if errors.Is(err, fs.ErrNotExist) {
		_, err = s.disk.Stat(installed) // renamed before the crash
	}
	if errors.Is(err, fs.ErrNotExist) {
		return &CorruptError{File: filepath.Join(s.snapDir, planName), Offset: -1,
			Advice: adviceNoInstall, Got: "neither file",
			Want: fmt.Sprintf("%s or %s, which the plan installs", unfinished, installed)}
	}
	if err != nil {
		return err
	}
	if err := s.disk.SyncDir(s.snapDir); err != nil {
		return err
	}
	err = s.removeSnapshots(func(f snapshot.File) bool { return f.Path != installed })
	if err != nil {
		return err
	}
	return s.removeLog()
}

// removeSnapshots removes those that are doomed, durably.
func (s *Store) removeSnapshots(doomed func(snapshot.File) bool) error {
	files, err := snapshot.List(s.disk, s.snapDir)
	if err != nil {
		return err
	}
	for _, file := range files {
		if doomed(file) {
			if err := removeHeld(s.disk, file.Path); err != nil {
				return err
			}
		}
	}
	return s.disk.SyncDir(s.snapDir)
}

func (s *Store) removeLog() error {
	segments, err := txnlog.Segments(s.disk, s.logDir)
	if err != nil {
		return err
	}
	for _, segment := range segments {
		if err := removeHeld(s.disk, segment.Path); err != nil {
			return err
		}
	}
	return s.disk.SyncDir(s.logDir)
}

// restart continues the log after z, once the history has changed. A snapshot
// that is being written belongs to the history before, and will not be published.
func (s *Store) restart(z zoo.Zxid) {
	s.log = s.newLog(z)
}

// lastInLog reads the log after a snapshot, up to limit, and gives the last zxid.
func (s *Store) lastInLog(base, limit zoo.Zxid) (zoo.Zxid, error) {
	reader, err := txnlog.NewReader(s.disk, s.logDir, base)
	if err != nil {
		return 0, err
	}
	defer reader.Close()
	for last := base; ; {
		e, err := reader.Next()
		if errors.Is(err, io.EOF) || err == nil && e.Zxid > limit {
			return last, nil
		}
		if err != nil {
			return 0, err
		}
		last = e.Zxid
	}
}
