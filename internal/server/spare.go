package server

import (
	"time"

	"zoo/internal/disk/store"
	"zoo/internal/disk/txnlog"
	"zoo/internal/disk/vfs"
)

// The next segment of the log is filled in three quarters of the time that the one before
// lasted, within bounds, and no slower than spareRateMin bytes a second: it should be there
// when a snapshot wants it, and be as little as can be in the way of the log and of the
// snapshot that is written meanwhile.
const (
	spareAimMin  = 3 * time.Second
	spareAimMax  = 30 * time.Second
	spareRateMin = 8 << 20
)

// spareRate is the rate for a segment of so many bytes, in bytes a second, if one was begun
// so long ago.
func spareRate(size int64, since time.Duration) int64 {
	aim := min(max(since/4*3, spareAimMin), spareAimMax)
	return max(size*int64(time.Second)/int64(aim), spareRateMin)
}

// spareShareOfFree is the part of the free room, beyond the reserve, that a prepared segment
// may take.
const spareShareOfFree = 4

// filled is what a jobSpare brings back: to the store that began it, which may have been
// closed meanwhile.
type filled struct {
	store *store.Store
	spare *txnlog.Spare
	err   error
}

// prepareSpare has the segment that the log needs next made in the background, if it is time.
// It serves speed alone: whatever becomes of it, the log goes on.
func (w *logWriter) prepareSpare() {
	room := (w.server.space.free.Load() - w.server.roomWanted()) / spareShareOfFree
	spare, err := w.store.BeginSpare(room)
	if err != nil {
		w.server.log.Warn("no segment of the log is prepared", "error", err)
	}
	if spare == nil {
		return
	}
	disk, now := w.store, w.server.mono()
	rate := spareRate(spare.Size(), now-w.spareBegan)
	w.spareBegan = now
	w.server.spawn("log segment", func() {
		err := w.server.fillSpare(spare, w.server.pace(rate))
		w.add(job{kind: jobSpare, filled: &filled{disk, spare, err}})
	})
}

func (s *Server) fillSpare(spare *txnlog.Spare, pace func(n int) error) error {
	for done := false; !done; {
		before := spare.Filled()
		var err error
		if done, err = spare.Fill(); err != nil {
			return err
		}
		if err := pace(int(spare.Filled() - before)); err != nil {
			return err
		}
	}
	return nil
}

// endSpare keeps a prepared segment, or forgets one that could not be made.
func (w *logWriter) endSpare(f *filled) {
	if err := f.store.EndSpare(f.spare, f.err); err != nil {
		w.server.log.Warn("what is left of a prepared segment stays until the next start",
			"error", err)
	}
	if f.err != nil && !vfs.IsNoSpace(f.err) {
		w.server.log.Warn("no segment of the log is prepared", "error", f.err)
	}
}
