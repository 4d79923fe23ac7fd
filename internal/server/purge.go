package server

import (
	"errors"
	"time"

	"zoo/internal/disk/store"
	"zoo/internal/disk/vfs"
)

// PurgeConfig says which snapshots and logs go, and when.
type PurgeConfig struct {
	store.Retention
	// Interval is the time between two purges; 0 is no purge at all.
	Interval time.Duration
	// IntervalOnly purges on the interval, and not after each snapshot, too.
	IntervalOnly bool
}

// auditBytesPerSecond is the rate at which an audit reads the snapshots that were there
// at the start.
const auditBytesPerSecond = 64 << 20

// purger is the log writer's part that removes what nobody needs. It belongs to the log
// writer's goroutine.
type purger struct {
	auditing bool
	// urgent says that the disk is nearly full: all goes that can be spared.
	urgent bool
	plan   store.PurgePlan // under way
}

// purgeTicks are the times for a purge by the interval.
func (w *logWriter) purgeTicks() (ticks <-chan time.Time, stop func()) {
	interval := w.server.cfg.Purge.Interval
	if interval <= 0 {
		return nil, func() {}
	}
	ticker := time.NewTicker(interval)
	return ticker.C, ticker.Stop
}

// purgeNow asks for a purge of all that can be spared, because the disk is nearly full.
// Where the operator has switched purging off, nothing goes but what was prepared.
func (s *Server) purgeNow() {
	s.writer.add(job{kind: jobPurge, urgent: true})
}

// purgeAfterSnapshot asks for a purge, if a snapshot is an occasion for one.
func (s *Server) purgeAfterSnapshot() {
	if s.cfg.Purge.Interval > 0 && !s.cfg.Purge.IntervalOnly {
		s.writer.add(job{kind: jobPurge})
	}
}

// beginPurge has the snapshots read first that nobody knows to be good: purges count on
// those only.
func (w *logWriter) beginPurge(urgent bool) error {
	if urgent {
		if err := w.store.DropSpare(); err != nil {
			w.server.log.Warn("the room of a prepared segment comes back late", "error", err)
		}
	}
	if w.server.cfg.Purge.Interval <= 0 {
		return nil
	}
	w.purge.urgent = w.purge.urgent || urgent
	if w.purge.auditing || w.store.Purging() {
		return nil
	}
	audit, err := w.store.Audit(w.server.cfg.Purge.Snapshots)
	if err != nil {
		return err
	}
	if !audit.More() {
		return w.planPurge()
	}
	w.purge.auditing = true
	w.server.spawn("audit", func() {
		w.server.audit(audit)
		w.add(job{kind: jobPurgeAudited})
	})
	return nil
}

// planPurge plans what is carried out in steps between other jobs.
func (w *logWriter) planPurge() error {
	w.purge.auditing = false
	keep := w.server.cfg.Purge.Retention
	if w.purge.urgent {
		keep = store.Retention{Snapshots: 1}
	}
	w.purge.urgent = false
	plan, err := w.store.BeginPurge(time.Now(), keep)
	if vfs.IsNoSpace(err) {
		w.server.log.Error("no room to write down the plan of a purge", "error", err)
		return nil // The log may still have room that was allocated ahead.
	}
	if err != nil {
		return err
	}
	if keep.Bytes > 0 && plan.Kept > keep.Bytes {
		w.server.log.Warn("more is needed than autopurge.maxSize",
			"bytes", plan.Kept, "maxSize", keep.Bytes)
	}
	w.purge.plan = plan
	return nil
}

// purgeStep removes one file, if a purge is under way. What waits for the disk comes
// in between.
func (w *logWriter) purgeStep() error {
	if !w.store.Purging() {
		return nil
	}
	if err := w.store.PurgeStep(); err != nil {
		return err
	}
	if w.store.Purging() {
		signal(w.wake)
		return nil
	}
	plan := w.purge.plan
	w.server.meters.disk.purgedFiles.Add(uint64(len(plan.Remove)))
	w.server.meters.disk.purgedBytes.Add(uint64(plan.Bytes))
	w.server.log.Info("purged", "files", len(plan.Remove), "bytes", plan.Bytes,
		"oldestSnapshot", plan.Oldest, "bytesKept", plan.Kept)
	if w.purge.urgent {
		return w.beginPurge(true) // It was asked for meanwhile.
	}
	return nil
}

// The room of removed files comes back in parts of releaseBytes, each releasePause after the
// last, so that nobody who syncs waits for the system to note, and to tell its device, that
// hundreds of megabytes are free.
const (
	releaseBytes = 4 << 20
	releasePause = 10 * time.Millisecond
)

// release gives back the room of a removed file in the background: the log must not wait
// for it. Where the disk is full it is given back at once.
func (s *Server) release(content vfs.Held) {
	s.spawn("release", func() {
		for content.Shrink(releaseBytes) > 0 && !s.space.scarce() && s.rest(releasePause) {
		}
		if err := content.Close(); err != nil {
			s.log.Warn("the room of a removed file comes back late", "error", err)
		}
	})
}

// errClosing ends an audit when the server closes.
var errClosing = errors.New("server is closing")

// audit reads snapshots, and tells which are broken: a purge keeps one more for each.
func (s *Server) audit(audit *store.Audit) {
	pace := s.pace(auditBytesPerSecond)
	for audit.More() {
		err := audit.Step(pace)
		if errors.Is(err, errClosing) {
			return
		}
		if err != nil {
			s.log.Error("a snapshot cannot be used, older ones are kept instead", "error", err)
		}
	}
}

// pace waits after reading, so that no more than so many bytes are read in a second.
func (s *Server) pace(bytesPerSecond int64) func(n int) error {
	p, moved := pace{rate: bytesPerSecond, began: s.mono()}, int64(0)
	return func(n int) error {
		moved += int64(n)
		if !s.rest(p.wait(moved, s.mono())) {
			return errClosing
		}
		return nil
	}
}
