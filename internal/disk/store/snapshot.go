package store

import (
	"errors"
	"fmt"

	"zoo"
	"zoo/internal/disk/snapshot"
)

// ErrBusy means that another snapshot is being written.
var ErrBusy = errors.New("a snapshot is in progress")

// ErrAbandoned means that the history was cut or replaced while the snapshot was
// being written.
var ErrAbandoned = errors.New("history has changed under the snapshot")

// Snapshot is a snapshot in progress. It may be written by a goroutine of its own.
type Snapshot struct {
	store      *Store
	writer     *snapshot.Writer
	generation uint64
	done       bool
}

// BeginSnapshot begins a snapshot of a frozen tree, whose history must be synced;
// Step writes it. The caller closes the frozen tree afterwards. One snapshot is
// written at a time.
func (s *Store) BeginSnapshot(from snapshot.Source) (*Snapshot, error) {
	if s.err != nil {
		return nil, s.err
	}
	z := from.Frozen.Zxid()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.writing != nil {
		return nil, fmt.Errorf("snapshot %v: %w", z, ErrBusy)
	}
	s.treeZxid = max(s.treeZxid, z)
	s.writing = &Snapshot{
		store: s, generation: s.generation,
		writer: s.cfg.Snapshots.NewWriter(
			s.disk, s.snapDir, snapshot.UnfinishedName(z), from),
	}
	return s.writing, nil
}

// Zxid is the history that the snapshot contains.
func (p *Snapshot) Zxid() zoo.Zxid { return p.writer.Zxid() }

// Bytes is the size of what was written so far.
func (p *Snapshot) Bytes() int64 { return p.writer.Bytes() }

// Moved is how many bytes were written so far, and a share of what was read back.
func (p *Snapshot) Moved() int64 { return p.writer.Moved() }

// Waiting is how much memory changed znodes take that are yet to be written.
func (p *Snapshot) Waiting() int64 { return p.writer.Waiting() }

// Step writes up to limit more znodes; the last step publishes the snapshot. An
// error ends the snapshot, not the store: history is safe in the log.
func (p *Snapshot) Step(limit int) (done bool, err error) {
	if p.done {
		return true, nil
	}
	done, err = p.writer.Step(limit)
	if err == nil && done {
		err = p.publish()
	}
	if err != nil {
		p.writer.Abort() // its remains are removed by the next start at the latest
	}
	if err != nil || done {
		p.leave()
	}
	p.done = p.done || done && err == nil
	return p.done, err
}

// publish gives the snapshot its name unless the history has changed: then what
// it holds may have been cut off (ZOOKEEPER-4837, ZOOKEEPER-4712).
func (p *Snapshot) publish() error {
	p.store.mu.Lock()
	defer p.store.mu.Unlock()
	if p.generation != p.store.generation {
		return fmt.Errorf("snapshot %v: %w", p.Zxid(), ErrAbandoned)
	}
	if err := p.writer.Publish(); err != nil {
		return err
	}
	p.store.verified[p.Zxid()] = true
	return nil
}

// Abandon ends a snapshot before its last step.
func (p *Snapshot) Abandon() error {
	if p.done {
		return nil
	}
	defer p.leave()
	return p.writer.Abort()
}

func (p *Snapshot) leave() {
	p.store.mu.Lock()
	defer p.store.mu.Unlock()
	if p.store.writing == p {
		p.store.writing = nil
	}
}

// InstallSnapshot makes the frozen tree the whole history: recovery gives exactly
// it, and an empty tail, whether it is older or newer than what was here. Until
// the plan is durable a crash leaves the history before, then the new one.
func (s *Store) InstallSnapshot(from snapshot.Source) error {
	if err := s.Roll(); err != nil {
		return err
	}
	z := from.Frozen.Zxid()
	if err := s.install(z, from); err != nil {
		return s.keep(fmt.Errorf("install snapshot %v: %w", z, err))
	}
	s.restart(z)
	return nil
}

// install writes the snapshot in full, and its name too, before the plan: a plan
// must never be found without what it needs.
func (s *Store) install(z zoo.Zxid, from snapshot.Source) error {
	p := plan{verbInstall, z, s.cfg.Snapshots.Compression}
	w := s.cfg.Snapshots.NewWriter(s.disk, s.snapDir, p.installName(), from)
	if err := w.Finish(); err != nil {
		return err
	}
	if err := s.disk.SyncDir(s.snapDir); err != nil {
		return err
	}
	return s.publish(p)
}
