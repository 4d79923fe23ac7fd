package server

import (
	"sync/atomic"
	"time"

	"zoo/internal/core/replica"
	"zoo/internal/disk/store"
	"zoo/internal/disk/vfs"
	"zoo/internal/txn"
)

// spaceIntervalDefault is the time between two looks at how full the disk is, which
// others fill, too.
const spaceIntervalDefault = time.Second

// looksPerReserve is how often the disk is looked at while the log grows by the reserve: a
// second is long enough to write more than that, and to find the disk full unwarned.
const looksPerReserve = 16

// The reserve where none is configured: a twentieth of the file system, which is
// little on a small disk, and on a large one not more than a few seconds can fill.
const (
	reserveShareDefault = 20
	reserveMaxDefault   = 512 << 20
)

// space is what the metrics tell of the disk: the bytes that are free, and as 0 or 1
// whether somebody is short of them, and whether writes are refused.
type space struct {
	free, low, refuses atomic.Int64
	// full is set while the data directory cannot be opened for want of room.
	full atomic.Bool
}

// scarce tells whether somebody waits for room.
func (s *space) scarce() bool { return s.full.Load() || s.low.Load() != 0 }

// settleReserve turns a reserve that is left to the server into bytes, as soon as the
// directories are there.
func (s *Server) settleReserve() {
	space, err := s.cfg.Store.Space()
	switch {
	case err != nil:
		s.log.Warn("disk space is not watched", "error", err)
	case s.cfg.SpaceMin < 0:
		s.cfg.SpaceMin = min(space.Total/reserveShareDefault, reserveMaxDefault)
	case s.cfg.SpaceMin > space.Total:
		s.log.Warn("disk.reserve is more than the whole disk: this server is always short "+
			"of space, and writes are refused unless a majority is not",
			"reserve", s.cfg.SpaceMin, "disk", space.Total,
			"advice", "set disk.reserve to less, or to auto")
	}
}

// watchSpace tells the replica how much room is left until the server closes.
func (s *Server) watchSpace() {
	ticker := time.NewTicker(s.cfg.SpaceInterval)
	defer ticker.Stop()
	for looks := 0; ; looks++ {
		select {
		case <-ticker.C:
		case <-s.closing:
			return
		}
		ev, ok := s.measureSpace()
		if !ok {
			continue
		}
		s.queue.push(ev)
		// Again and again: what could not be spared a while ago may be now.
		if ev.Free < s.cfg.SpaceMin && looks%looksPerPurge == 0 {
			s.purgeNow()
		}
	}
}

// watchSpace tells the replica how much room is left, each time the log has grown by a
// share of the reserve.
func (w *logWriter) watchSpace() {
	reserve := w.server.cfg.SpaceMin
	if reserve <= 0 || w.unwatched < reserve/looksPerReserve {
		return
	}
	w.unwatched = 0
	if ev, ok := w.server.measureSpace(); ok {
		w.server.queue.push(ev)
	}
}

func entryBytes(entries []txn.Entry) (n int64) {
	for i := range entries {
		n += int64(len(entries[i].Bytes))
	}
	return n
}

// looksPerPurge is how often the room is looked at between two purges of what can be
// spared, while there is too little.
const looksPerPurge = 10

// measureSpace looks how much room is left; false if that cannot be told.
func (s *Server) measureSpace() (replica.Space, bool) {
	space, err := s.cfg.Store.Space()
	if err != nil {
		return replica.Space{}, false
	}
	s.space.free.Store(space.Free)
	return replica.Space{Free: space.Free}, true
}

// lose ends the role after the disk had no room for what the first job had to write.
// Nothing that is queued is done any more; the directory is opened anew when there is
// room.
func (w *logWriter) lose(reason error, rest []job) error {
	w.server.log.Error("disk is full, the role ends until there is room", "error", reason)
	w.server.meters.disk.lost.Inc()
	w.server.space.full.Store(true)
	if w.skip(rest) {
		return w.reopen()
	}
	w.lost = true
	w.server.queue.call(w.server.loop.loseDisk)
	return nil
}

// skip drops jobs of a role that has ended. It tells whether the directory is to be
// recovered behind them.
func (w *logWriter) skip(jobs []job) (reload bool) {
	for i := range jobs {
		if jobs[i].frozen != nil {
			w.server.thaw(jobs[i].frozen)
		}
		if jobs[i].kind == jobPurgeAudited {
			w.purge.auditing = false
		}
		if jobs[i].kind == jobSpare {
			w.endSpare(jobs[i].filled)
		}
		reload = reload || jobs[i].kind == jobReload || jobs[i].kind == jobRestore
	}
	return reload
}

// reopen waits until there is room, and recovers the directory.
func (w *logWriter) reopen() error {
	w.lost, w.purge = false, purger{}
	if cut, err := w.cutUnsynced(); err != nil || !cut {
		return err
	}
	// What the store could not do it says once more; it is known.
	_ = w.store.Close()
	w.store = nil
	disk, recovered, err := w.server.openStore(w.server.storeConfig(), reserved)
	if err != nil {
		return err
	}
	if disk == nil {
		return nil // The server closes.
	}
	w.store = disk
	w.server.opened.Store(disk)
	w.server.queue.call(func() { w.server.loop.restart(recovered) })
	return nil
}

// cutUnsynced has the store cut off what it could not make durable, before anybody reads it.
// It is tried until there is room for that; false if the server closes meanwhile.
func (w *logWriter) cutUnsynced() (bool, error) {
	for {
		err := w.store.CutUnsynced()
		if err != nil && !vfs.IsNoSpace(err) {
			return false, err
		}
		// Not at once: what is full now is full again in a moment.
		if !w.server.rest(w.server.cfg.SpaceInterval) {
			return false, nil
		}
		if err == nil {
			return true, nil
		}
		w.server.log.Error("disk is full: waiting for room to cut the log", "error", err)
	}
}

// rest waits for a while; false if the server closes meanwhile.
func (s *Server) rest(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-s.closing:
		return false
	}
}

// room says how much of it must be there before the data directory is opened.
type room uint8

const (
	// enough is what it takes to open it, reserved the reserve, too.
	enough room = iota
	reserved
)

// openStore opens the data directory; while there is no room for that it waits. The
// store is nil if the server closes meanwhile.
func (s *Server) openStore(cfg store.Config, need room) (*store.Store, *store.Recovered, error) {
	defer s.space.full.Store(false)
	for first := true; ; first = false {
		if first || s.hasRoom() {
			// To open it makes room, too: what was allocated ahead is cut off.
			disk, recovered, err := cfg.Open()
			if err != nil && !vfs.IsNoSpace(err) {
				return nil, nil, err
			}
			if err == nil && (need == enough || s.hasRoom()) {
				return disk, &recovered, nil
			}
			if err == nil {
				err = s.makeRoom(cfg, disk)
			}
			s.space.full.Store(true)
			s.log.Error("disk is full: waiting for room to open the data directory",
				"error", err, "free", s.space.free.Load(), "wanted", s.roomWanted())
		}
		if !s.rest(s.cfg.SpaceInterval) {
			return nil, nil, nil
		}
	}
}

// makeRoom closes the data directory again and removes all that can be spared, unless
// the operator has switched purging off.
func (s *Server) makeRoom(cfg store.Config, disk *store.Store) error {
	if err := disk.Close(); err != nil || s.cfg.Purge.Interval <= 0 {
		return err
	}
	plan, _, err := cfg.PlanPurge(time.Now(), store.Retention{Snapshots: 1})
	if err != nil {
		return err
	}
	s.meters.disk.purgedFiles.Add(uint64(len(plan.Remove)))
	s.meters.disk.purgedBytes.Add(uint64(plan.Bytes))
	return cfg.Purge(plan, func(file store.HeldFile) {
		s.log.Warn("purged because the disk is full", "file", file.Path)
	})
}

// roomMin is what must be free before a role begins again, whatever the reserve is.
const roomMin = 1 << 20

// hasRoom tells whether the reserve is free.
func (s *Server) hasRoom() bool {
	space, ok := s.measureSpace()
	return !ok || space.Free >= s.roomWanted()
}

func (s *Server) roomWanted() int64 { return max(s.cfg.SpaceMin, roomMin) }

// loseDisk ends the role: the log writer waits for room.
func (l *loop) loseDisk() { l.replica.Step(l.now, replica.DiskLost{}) }

// measureAlarm keeps for the metrics what the role knows of the ensemble's disks.
func (l *loop) measureAlarm() {
	asNumber := func(is bool) int64 {
		if is {
			return 1
		}
		return 0
	}
	l.server.space.low.Store(asNumber(len(l.status.Alarm.Short) > 0))
	l.server.space.refuses.Store(asNumber(l.status.Alarm.Refuses || l.restarting))
}
