package store

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"zoo/internal/check/invariant"
	"zoo/internal/core/tree"
	"zoo/internal/disk/snapshot"
)

// Replacement is a history that is on the disk in full, and waits for its name: a
// crash before Replace leaves nothing of it.
type Replacement struct {
	store  *Store
	plan   plan
	tree   *tree.Tree
	writer *snapshot.Writer
}

// ErrReplacement means that what was prepared is of no use, because the directory was
// opened anew since, or somebody has removed the file; nothing was changed.
var ErrReplacement = errors.New("the prepared history is not there any more")

// PrepareReplacement writes a tree that nobody else uses beside the history of the
// store, synced and read back. It may run on any goroutine, one at a time; when the
// store is closed meanwhile it was in vain. Pace is called between two steps, and an
// error of it ends the work.
func (s *Store) PrepareReplacement(t *tree.Tree, pace func() error) (*Replacement, error) {
	frozen := t.Freeze()
	defer frozen.Close()
	from := snapshot.Source{Frozen: frozen, Lock: snapshot.NoLock{}}
	p := plan{verbInstall, t.Zxid(), s.cfg.Snapshots.Compression}
	w := s.cfg.Snapshots.NewWriter(s.disk, s.snapDir, p.installName(), from)
	err := finishAt(w, pace)
	if err == nil {
		err = s.disk.SyncDir(s.snapDir)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("prepare history %v: %w", t.Zxid(), err), w.Abort())
	}
	return &Replacement{s, p, t, w}, nil
}

// finishAt writes a snapshot step by step.
func finishAt(w *snapshot.Writer, pace func() error) error {
	for {
		done, err := w.Step(replaceStepNodes)
		if done || err != nil {
			return err
		}
		if err := pace(); err != nil {
			return err
		}
	}
}

// replaceStepNodes is how many znodes are written in one step.
const replaceStepNodes = 4096

// Drop removes what was prepared.
func (r *Replacement) Drop() error { return r.writer.Abort() }

// Replace makes what was prepared the whole history, which must end behind what the
// log holds. Its epoch is accepted before, so that a crash in between leaves a
// directory that opens, and is current afterwards if nobody votes here. It is refused
// with ErrReplacement, before anything is written, if it was not prepared for this
// store or is not there: a plan without its file would never let the directory open.
func (s *Store) Replace(r *Replacement, alone bool) (Recovered, error) {
	z := r.tree.Zxid()
	invariant.Holds(z > s.log.Last(), "history %v replaces one that ends with %v", z, s.log.Last())
	if err := s.accepts(r); err != nil {
		return Recovered{}, err
	}
	if err := s.Roll(); err != nil {
		return Recovered{}, err
	}
	if z.Epoch() > s.accepted {
		if err := s.SetAcceptedEpoch(z.Epoch()); err != nil {
			return Recovered{}, err
		}
	}
	if err := s.publish(r.plan); err != nil {
		return Recovered{}, s.keep(fmt.Errorf("replace history by %v: %w", z, err))
	}
	s.restart(z)
	if alone && z.Epoch() > s.current {
		if err := s.SetCurrentEpoch(z.Epoch()); err != nil {
			return Recovered{}, err
		}
	}
	return Recovered{
		Tree: r.tree, Snapshot: z, Zxid: z,
		AcceptedEpoch: s.accepted, CurrentEpoch: s.current,
	}, nil
}

// accepts tells whether what was prepared belongs to this store, and is there.
func (s *Store) accepts(r *Replacement) error {
	if s.err != nil {
		return s.err
	}
	if r.store != s {
		return fmt.Errorf("the directory was opened anew: %w", ErrReplacement)
	}
	path := filepath.Join(s.snapDir, r.plan.installName())
	info, err := s.disk.Stat(path)
	if err == nil && info.Size == r.writer.Bytes() {
		return nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return s.keep(err)
	}
	return fmt.Errorf("%s has gone or changed: %w", path, ErrReplacement)
}

// publish makes an unfinished snapshot, which is complete and durable, the history.
func (s *Store) publish(p plan) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.generation++
	if err := s.carryOut(p); err != nil {
		return err
	}
	clear(s.verified)
	s.verified[p.zxid] = true
	s.treeZxid = p.zxid
	return nil
}

// Bytes is the size of the file.
func (r *Replacement) Bytes() int64 { return r.writer.Bytes() }
