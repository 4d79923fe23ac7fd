package server

import (
	"fmt"
	"time"

	"zoo/internal/disk/store"
	"zoo/internal/ops/command"
)

// recoveryPause is how often a long recovery tells how far it has come.
const recoveryPause = time.Second

// stageRecover is the stage of the start-up that reads the data directory.
const stageRecover = "recover data"

// recovery is the reading of the data directory while it is under way. It is immutable;
// the progress changes beneath it.
type recovery struct {
	began    time.Duration
	progress *store.Progress
}

// beginRecovery shows how the recovery goes on until end is called: in the timeline, and
// each second in the log.
func (s *Server) beginRecovery(began time.Duration, progress *store.Progress) (end func()) {
	s.recovery.Store(&recovery{began, progress})
	pause, done := time.NewTicker(recoveryPause), make(chan struct{})
	s.spawn("recovery's progress", func() { s.tellRecovery(pause.C, done, s.mono) })
	return func() {
		s.recovery.Store(nil)
		pause.Stop()
		close(done)
	}
}

// tellRecovery logs the progress at every tick.
func (s *Server) tellRecovery(
	ticks <-chan time.Time, done <-chan struct{}, mono func() time.Duration) {
	for {
		select {
		case <-ticks:
		case <-done:
			return
		}
		if r := s.recovery.Load(); r != nil {
			s.log.Info("recovery", r.attrs(mono())...)
		}
	}
}

// attrs are the share that is done, what all of it is, and the time left once there is a
// pace to go by.
func (r *recovery) attrs(now time.Duration) []any {
	read, total := r.progress.Bytes()
	attrs := []any{"percent", percent(read, total), "bytes", total}
	if left, known := store.Left(read, total, now-r.began); known {
		attrs = append(attrs, "left", left.Round(100*time.Millisecond))
	}
	return attrs
}

func percent(part, whole int64) int64 {
	if whole <= 0 {
		return 0
	}
	return int64(float64(part) * 100 / float64(whole))
}

// stage is the recovery as the last line of a timeline.
func (r *recovery) stage(now time.Duration) command.Stage {
	read, total := r.progress.Bytes()
	detail := fmt.Sprintf("under way: %d %% of %d bytes", percent(read, total), total)
	if left, known := store.Left(read, total, now-r.began); known {
		detail += fmt.Sprintf(", %v left", left.Round(100*time.Millisecond))
	}
	return command.Stage{
		Name: stageRecover, Start: r.began, Duration: now - r.began, Detail: detail}
}
