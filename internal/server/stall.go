package server

import (
	"sync"
	"sync/atomic"
	"time"

	"zoo"
	"zoo/internal/jute"
	"zoo/internal/wire"
)

// StallConfig bounds the requests in process of the whole server
// (zookeeper.request_throttle_*, ZOOKEEPER-3243). While there are too many, readers
// wait with what they have read.
type StallConfig struct {
	// RequestsMax is how many may be in process; 0 is no bound.
	RequestsMax int
	// Pause is how often a reader that waits says that its client is still there:
	// what the client sends meanwhile is not read. Zero is stallPauseDefault.
	Pause time.Duration
	// LatencyMax drops, with its connection, what has waited longer than its
	// session's timeout.
	LatencyMax bool
	// WaitMax refuses with -127 what has waited longer
	// (zookeeper.throttled_op_wait_time); 0 lets everything wait.
	WaitMax time.Duration
}

// stallPauseDefault is Java's pause.
const stallPauseDefault = 100 * time.Millisecond

// stall is where readers wait for room in the pipeline.
type stall struct {
	cfg     StallConfig
	waiting atomic.Int32

	mu      sync.Mutex    // guards changed
	changed chan struct{} // closed when requests have left; nil while nobody waits
}

// throttledRow answers a request that has waited too long.
var throttledRow = operation{
	route: routeLocal, code: zoo.CodeThrottledOp,
	answer: func(*exec, *jute.Decoder) zoo.Code { return zoo.CodeThrottledOp },
}

// left says that requests have left the pipeline. It costs one load of an atomic
// while nobody waits.
func (s *stall) left() {
	if s.waiting.Load() == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.changed != nil {
		close(s.changed)
		s.changed = nil
	}
}

// change is closed at the next left.
func (s *stall) change() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.changed == nil {
		s.changed = make(chan struct{})
	}
	return s.changed
}

// submitWhenRoom submits a request as soon as there is room for it; false ends the
// connection.
func (t *turn) submitWhenRoom(xid int32, op wire.Op, body []byte) bool {
	s := t.conn.server
	if !t.crowded() {
		t.submit(xid, op, body)
		return true
	}
	t.release()
	t.submitAll()
	if !t.waitForRoom() {
		s.large.give(len(body))
		return t.conn.ends()
	}
	waited := s.mono() - t.now
	t.lock(holdConn)
	switch {
	case t.conn.ending:
		s.large.give(len(body))
	case s.stall.cfg.LatencyMax && waited > t.conn.timeout:
		s.large.give(len(body))
		s.meters.requests.staleDropped.Inc()
		t.conn.refuse(refusedStale, "waited", waited)
		// What was answered before is still to be written.
		t.conn.closeLocked()
	case s.stall.cfg.WaitMax > 0 && waited > s.stall.cfg.WaitMax && op != wire.OpCloseSession:
		s.meters.requests.throttled.Inc()
		t.conn.refuse(refusedWait, "waited", waited)
		t.conn.auditRefusedLocked(op, body, throttledRow.code)
		return t.readOrPostpone(&throttledRow, xid, op, body)
	default:
		t.submit(xid, op, body)
	}
	return true
}

// crowded tells whether the pipeline has no room for one request more.
func (t *turn) crowded() bool {
	s := t.conn.server
	return s.inflight.Load()+int64(len(t.batch)) >= int64(s.stall.cfg.RequestsMax)
}

// waitForRoom waits until there is room; false if the connection ends before.
func (t *turn) waitForRoom() bool {
	s := t.conn.server
	s.stall.waiting.Add(1)
	defer s.stall.waiting.Add(-1)
	s.meters.requests.stalls.Inc()
	pause := time.NewTicker(s.stall.cfg.Pause)
	defer pause.Stop()
	t.conn.mu.Lock()
	room := t.conn.roomForLocked(true)
	t.conn.mu.Unlock()
	for {
		changed := s.stall.change()
		switch {
		case t.conn.ends():
			return false
		case !t.crowded():
			return true
		}
		t.conn.touched.Store(true)
		select {
		case <-changed:
		case <-room: // which tells of the end, too
		case <-pause.C:
		case <-s.closing:
			return false
		}
	}
}
