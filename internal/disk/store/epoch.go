package store

import (
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"zoo"
	"zoo/internal/check/invariant"
)

// An epoch file is the epoch in decimal and nothing else; readers look at the
// first line. It is replaced through a file with .tmp behind its name.
const (
	acceptedEpochName = "acceptedEpoch"
	currentEpochName  = "currentEpoch"
)

const adviceEpoch = "run zoo dir check on the data directory; if other servers have the data, " +
	"empty this one's and let it fetch a snapshot; if none has, write the epoch into the file"

// SetAcceptedEpoch makes durable that no leader of an epoch below e is followed.
func (s *Store) SetAcceptedEpoch(e zoo.Epoch) error {
	invariant.Holds(e >= s.accepted, "accepted epoch %d after %d", e, s.accepted)
	if err := s.setEpoch(acceptedEpochName, e); err != nil {
		return err
	}
	s.accepted = e
	return nil
}

// SetCurrentEpoch makes durable that the history on disk is that of the leader of
// epoch e. That history must have been synced before.
func (s *Store) SetCurrentEpoch(e zoo.Epoch) error {
	invariant.Holds(e >= s.current, "current epoch %d after %d", e, s.current)
	invariant.Holds(e <= s.accepted, "current epoch %d above accepted %d", e, s.accepted)
	if err := s.setEpoch(currentEpochName, e); err != nil {
		return err
	}
	s.current = e
	return nil
}

func (s *Store) setEpoch(name string, e zoo.Epoch) error {
	if s.err != nil {
		return s.err
	}
	return s.keep(replaceFile(s.disk, s.snapDir, name, strconv.FormatInt(int64(e), 10)))
}

// epochFile is an epoch that is to be written.
type epochFile struct {
	name  string
	epoch zoo.Epoch
}

// recoverEpochs reads the epochs, fills in missing ones from the history, and
// refuses what cannot be. It gives what is to be written for that.
func (s *Store) recoverEpochs(r *Recovered) ([]epochFile, error) {
	last := max(0, r.Zxid).Epoch()
	accepted, hasAccepted, err := s.readEpoch(acceptedEpochName)
	if err != nil {
		return nil, err
	}
	current, hasCurrent, err := s.readEpoch(currentEpochName)
	if err != nil {
		return nil, err
	}
	var list []epochFile
	if s.accepted = accepted; !hasAccepted {
		s.accepted = last
		list = append(list, epochFile{acceptedEpochName, last})
	}
	if s.current = current; !hasCurrent {
		s.current = last
		list = append(list, epochFile{currentEpochName, last})
	}
	if last > s.current {
		more, err := s.explainEpoch(r, last)
		if err != nil {
			return nil, err
		}
		list = append(list, more...)
	}
	if s.accepted < s.current {
		more, err := s.explainAccepted(r)
		if err != nil {
			return nil, err
		}
		list = append(list, more)
	}
	r.AcceptedEpoch, r.CurrentEpoch = s.accepted, s.current
	return list, nil
}

// settleEpochs writes what recoverEpochs gave.
func (s *Store) settleEpochs(list []epochFile) error {
	for _, e := range list {
		text := strconv.FormatInt(int64(e.epoch), 10)
		if err := replaceFile(s.disk, s.snapDir, e.name, text); err != nil {
			return err
		}
	}
	return s.removeEpochRemains()
}

// explainEpoch is for a history that is newer than the current epoch. There are
// two harmless ways to get there:
//
//  1. The server died while it replaced currentEpoch: the new number is in the
//     .tmp file, and counts, as in Java.
//  2. The server died in a synchronisation, with history of epoch 5 durable and
//     currentEpoch still 3: history goes before epoch. It had promised to accept
//     the leader, so acceptedEpoch is 5 at least. The current epoch stays 3: a
//     server that was not synchronised must not win an election as if it were.
//
// Java refuses to start in the second case.
func (s *Store) explainEpoch(r *Recovered, last zoo.Epoch) ([]epochFile, error) {
	unfinished, found, err := s.readEpoch(currentEpochName + replaceSuffix)
	if err == nil && found && unfinished >= last {
		r.note("currentEpoch %d was being replaced by %d; it is done now", s.current, unfinished)
		s.current = unfinished
		return []epochFile{{currentEpochName, unfinished}}, nil
	}
	if s.accepted >= last {
		r.note("currentEpoch %d is older than the last transaction %v: "+
			"the server stopped during a synchronisation", s.current, r.Zxid)
		return nil, nil
	}
	return nil, s.epochError(currentEpochName, last, s.current)
}

// explainAccepted is for a promise that is older than the current epoch. Java does not
// sync the directory after it has renamed acceptedEpoch.tmp, so that a power loss can
// undo that rename and leave the later one of currentEpoch. The number in the .tmp file
// was synced, and is the promise. Without it nobody knows what was promised beyond the
// current epoch, and to guess could make two leaders of one epoch.
func (s *Store) explainAccepted(r *Recovered) (epochFile, error) {
	promised, found, err := s.readEpoch(acceptedEpochName + replaceSuffix)
	if err != nil || !found || promised < s.current {
		return epochFile{},
			errors.Join(err, s.epochError(acceptedEpochName, s.current, s.accepted))
	}
	r.note("acceptedEpoch %d was being replaced by %d; it is done now", s.accepted, promised)
	s.accepted = promised
	return epochFile{acceptedEpochName, promised}, nil
}

func (s *Store) epochError(name string, want, got zoo.Epoch) error {
	return &CorruptError{
		File: filepath.Join(s.snapDir, name), Offset: -1, Advice: adviceEpoch,
		Want: fmt.Sprintf("epoch %d or later", want), Got: fmt.Sprint(int64(got)),
	}
}

func (s *Store) readEpoch(name string) (zoo.Epoch, bool, error) {
	path := filepath.Join(s.snapDir, name)
	text, found, err := readFile(s.disk, path)
	if err != nil || !found {
		return 0, false, err
	}
	line, _, _ := strings.Cut(text, "\n")
	// A zxid has 32 bits for its epoch; a larger one would become another.
	e, err := strconv.ParseUint(strings.TrimSpace(line), 10, 32)
	if err != nil {
		return 0, false, &CorruptError{File: path, Offset: 0, Advice: adviceEpoch,
			Want: "a decimal number of 32 bits", Got: strconv.Quote(line)}
	}
	return zoo.Epoch(e), true, nil
}

// removeEpochRemains removes what a crash left of earlier replacements: kept, it
// could explain a later state that it has nothing to do with.
func (s *Store) removeEpochRemains() error {
	for _, name := range []string{acceptedEpochName, currentEpochName} {
		err := removeExisting(s.disk, filepath.Join(s.snapDir, name+replaceSuffix))
		if err != nil {
			return err
		}
	}
	return nil
}
