package store

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"zoo"
	"zoo/internal/disk/snapshot"
)

// Truncate ends the history with z, durably: entries beyond it and snapshots that
// hold them are removed. With the start of an epoch, which names no entry, the
// history ends before that epoch; Last tells where. If z is not in the history
// the answer is ErrNotInLog and nothing has changed; any other error is final.
//
// Reload means that a snapshot newer than z existed, so that the tree in memory
// holds what is gone: recover once more, with the method of that name.
func (s *Store) Truncate(z zoo.Zxid) (reload bool, err error) {
	if err := s.Sync(); err != nil || z == s.log.Last() {
		return false, err
	}
	if err := s.Roll(); err != nil {
		return false, err
	}
	// Before anything is chosen: the purge may take the snapshot that would be.
	if err := s.finishPurge(); err != nil {
		return false, err
	}
	base, end, err := s.truncation(z)
	if errors.Is(err, ErrNotInLog) {
		return false, err
	}
	if err != nil {
		return false, s.keep(err)
	}
	s.mu.Lock()
	s.generation++
	reload = s.treeZxid > end
	err = s.truncate(base, end)
	s.mu.Unlock()
	if err != nil {
		return false, s.keep(fmt.Errorf("truncate to %v: %w", z, err))
	}
	s.restart(end)
	return reload, nil
}

// truncation finds the snapshot that the shorter history will rest on, which must
// be known to be good before newer ones go, and the last entry that stays.
func (s *Store) truncation(z zoo.Zxid) (base, end zoo.Zxid, err error) {
	base, err = s.baseOf(z)
	if err != nil {
		return 0, 0, err
	}
	end, err = s.lastInLog(base, z)
	if err == nil && end != z && z.Counter() != 0 {
		err = fmt.Errorf("truncate to %v, but the log holds %v: %w", z, end, ErrNotInLog)
	}
	return base, end, err
}

func (s *Store) baseOf(z zoo.Zxid) (zoo.Zxid, error) {
	files, err := snapshot.List(s.disk, s.snapDir)
	if err != nil {
		return 0, err
	}
	for _, file := range files {
		if file.Zxid > z {
			continue
		}
		if s.isVerified(file.Zxid) {
			return file.Zxid, nil
		}
		_, err := snapshot.Check(s.disk, file)
		if err == nil {
			return file.Zxid, nil
		}
		if !refusable(err) {
			return 0, err
		}
	}
	return 0, fmt.Errorf("truncate to %v, but all snapshots are newer: %w", z, ErrNotInLog)
}

func (s *Store) isVerified(z zoo.Zxid) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.verified[z]
}

// truncate carries the cut out and verifies it by reading again, because a cut
// that did not happen splits the ensemble's history (ZOOKEEPER-3701).
func (s *Store) truncate(base, end zoo.Zxid) error {
	if err := s.stillThere(base); err != nil {
		return err
	}
	if err := s.carryOut(plan{verb: verbTruncate, zxid: end}); err != nil {
		return err
	}
	for z := range s.verified {
		if z > end {
			delete(s.verified, z)
		}
	}
	s.treeZxid = min(s.treeZxid, end)
	last, err := s.lastInLog(base, math.MaxInt64)
	if err == nil && last != end {
		err = &CorruptError{File: s.logDir, Offset: -1, Advice: adviceFetch,
			Want: fmt.Sprintf("a log that ends with %v", end), Got: last.String()}
	}
	return err
}

// stillThere tells whether there is a snapshot with this zxid: somebody else may have
// purged it since it was chosen.
func (s *Store) stillThere(z zoo.Zxid) error {
	files, err := snapshot.List(s.disk, s.snapDir)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(files, func(f snapshot.File) bool { return f.Zxid == z }) {
		return fmt.Errorf("nothing was cut: snapshot %v, on which the history would rest, "+
			"has gone from %s", z, s.snapDir)
	}
	return nil
}
