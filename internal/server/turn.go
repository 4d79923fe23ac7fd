package server

import (
	"encoding/binary"
	"slices"
	"time"

	"zoo"
	"zoo/internal/core/replica"
	"zoo/internal/wire"
)

// The bounds of one hold of the tree's read lock by one connection: what is
// answered at a time, and what goes out at once.
const (
	answersPerHold   = 64
	unsentPerHoldMax = 128 << 10
)

// requestHeadBytes is the size of a RequestHeader.
const requestHeadBytes = 8

// turn is what a reader does with all that one receive has brought: answers go
// to the output, submissions to the loop, each as one batch. It belongs to the reader
// meanwhile, and to another connection's afterwards: one that is idle has none.
type turn struct {
	conn *conn
	exec exec
	hold hold
	// now is when the bytes arrived.
	now time.Duration
	// answers counts the answers since the lock was taken, screened the bytes of the
	// writes that were compared with the tree, and what each costs besides.
	answers, screened int
	// last is the operation that was answered last since then, lastXid the last
	// xid of a client's own; OpNotification and -1 are none.
	last    wire.Op
	lastXid int32
	batch   []replica.Request
	// bodies is a copy of the input from the first body that is kept on, nil for none.
	bodies []byte
	// synced tells that this turn has put a sync before a read.
	synced bool
	// sampled are the traced requests of the batch, traced the reads.
	sampled []underWay
	traced  []traced
}

// takeTurn gives a connection its turn.
func (s *Server) takeTurn(c *conn) *turn {
	t, ok := s.turns.Get().(*turn)
	if !ok {
		t = &turn{}
	}
	t.conn, t.lastXid = c, -1
	t.exec.server, t.exec.conn = s, c
	return t
}

// giveTurn takes it back. Nothing of it stays but memory, and the sampler, which serves anybody.
func (s *Server) giveTurn(t *turn) {
	*t = turn{batch: t.batch[:0], exec: exec{before: t.exec.before[:0], sampler: t.exec.sampler}}
	s.turns.Put(t)
}

// hold is what a turn has locked.
type hold uint8

// The holds, each with what the one before it has.
const (
	holdNothing hold = iota
	holdConn
	holdTree
)

// run does one turn; false ends the connection.
func (t *turn) run() bool {
	c := t.conn
	if !c.touched.Load() {
		c.touched.Store(true)
	}
	t.now = c.server.mono()
	c.quiet = false
	c.turns.Add(1)
	defer c.turns.Add(1)
	ok := t.takeAll()
	t.submitAll()
	c.in.rest()
	ok = c.flush() && ok
	if len(t.traced) > 0 {
		t.traceReads()
	}
	return ok
}

// takeAll takes all whole frames.
func (t *turn) takeAll() bool {
	defer t.release()
	for {
		frame, whole, err := t.conn.in.next(t.conn.server.cfg.FrameBytesMax)
		if err != nil {
			t.conn.refuse(refusedFrame, "error", err)
			return false
		}
		if !whole {
			return true
		}
		if !t.take(frame) {
			return false
		}
	}
}

// take takes one request; false ends the connection at once.
func (t *turn) take(frame []byte) bool {
	if len(frame) < requestHeadBytes {
		return false
	}
	xid := int32(binary.BigEndian.Uint32(frame))
	op := wire.Op(int32(binary.BigEndian.Uint32(frame[4:])))
	body := frame[requestHeadBytes:]
	t.conn.quiet = op == wire.OpPing
	t.lock(holdConn)
	row := t.rowOf(op, body)
	t.conn.traffic.received++
	t.conn.traffic.receivedBytes += uint64(len(frame) + wire.FrameHeaderBytes)
	switch {
	case t.conn.ending:
		return true
	case t.conn.barred && row.route != routeReceipt:
		t.conn.auditRefusedLocked(op, body, zoo.CodeSessionClosedRequireSaslAuth)
		t.bar(xid)
		return true
	case row.route == routeReceipt:
		return row.receive(t, xid, body)
	case !t.conn.server.large.take(len(body)):
		t.conn.server.meters.requests.largeRejected.Inc()
		t.conn.refuse(refusedLarge)
		return false
	case row == &unknown:
		t.conn.auditRefusedLocked(op, body, zoo.CodeUnimplemented)
		return t.readOrPostpone(row, xid, op, body)
	case row.route != routeSubmit:
		return t.readOrPostpone(row, xid, op, body)
	}
	return t.write(xid, op, body)
}

// write hands a write on, unless what the server knows here forbids it.
func (t *turn) write(xid int32, op wire.Op, body []byte) bool {
	s := t.conn.server
	if s.cfg.EagerACLCheck {
		row, ok := t.screen(op, body)
		switch {
		case !ok:
			s.large.give(len(body))
			return t.conn.ending
		case row != nil:
			t.conn.auditRefusedLocked(op, body, row.code)
			return t.readOrPostpone(row, xid, op, body)
		}
	}
	if s.cfg.Stall.RequestsMax > 0 {
		return t.submitWhenRoom(xid, op, body)
	}
	t.submit(xid, op, body)
	return true
}

// rowOf is the row of a request; an extension has none for a client that has not
// asked for them.
func (t *turn) rowOf(op wire.Op, body []byte) *operation {
	row := operationOf(op)
	if t.conn.extended || !row.extension && (op != wire.OpMulti || !wire.MultiExtends(body)) {
		return row
	}
	return &unknown
}

// readOrPostpone answers a request from the tree, now or after those before it.
func (t *turn) readOrPostpone(row *operation, xid int32, op wire.Op, body []byte) bool {
	linear := t.linearizable(row, op, body)
	if linear {
		t.syncFirst(xid)
	}
	if t.conn.inflight.Load() > 0 {
		if row.route != routeLong && t.conn.queue.postponed < postponedMax {
			t.postpone(queued{xid: xid, op: op, waiting: row, linear: linear}, body)
			return true
		}
		if !t.waitForOutcomes() {
			t.conn.server.large.give(len(body))
			return t.conn.ends() // somebody may be writing its last words
		}
	}
	if t.lock(holdConn); linear && t.conn.syncCode != zoo.CodeOK {
		row = &unsynced
	}
	t.conn.server.large.give(len(body))
	t.last = op
	if xid >= 0 {
		t.lastXid = xid
	}
	return t.read(row, xid, body)
}

// postponedMax bounds the reads of one connection that the loop has to answer, while
// it keeps everybody from the tree.
const postponedMax = 16

// waitForOutcomes waits until all requests of this connection that were submitted
// have their outcome; false if the connection ends before.
func (t *turn) waitForOutcomes() bool {
	c := t.conn
	t.release()
	t.submitAll()
	for {
		c.mu.Lock()
		ending, done := c.ending, c.inflight.Load() == 0
		c.stalled = !ending && !done
		c.awaits = c.stalled
		room := c.roomForLocked(c.stalled)
		c.mu.Unlock()
		if ending || done {
			return !ending
		}
		select {
		case <-room:
		case <-c.server.closing:
			return false
		}
	}
}

// lock takes what is needed and not held; the order is tree, then connection.
func (t *turn) lock(want hold) {
	if t.hold >= want {
		return
	}
	if t.hold == holdConn {
		t.conn.mu.Unlock()
	}
	if want == holdTree {
		t.conn.server.treeMu.RLock()
		t.exec.tree = t.conn.server.tree
	}
	t.conn.mu.Lock()
	t.hold = want
}

// release gives up what is held.
func (t *turn) release() {
	if t.hold == holdNothing {
		return
	}
	if t.answers > 0 {
		t.note()
	}
	t.screened = 0
	t.conn.mu.Unlock()
	if t.hold == holdTree {
		t.conn.server.treeMu.RUnlock()
		t.exec.tree = nil
	}
	t.hold = holdNothing
}

// note takes note of the answers since the lock was taken.
func (t *turn) note() {
	c := t.conn
	now := c.server.mono()
	c.traffic.note(t.answers, now-t.now)
	if t.last != wire.OpNotification {
		c.noteLast(lastReply{t.last, t.lastXid, t.exec.zxid, now, now - t.now})
		c.server.meters.latency.read.ObserveN(now-t.now, uint64(t.answers))
		t.exec.reads.flush()
	}
	t.answers, t.last, t.lastXid = 0, wire.OpNotification, -1
}

// read answers a request from the tree. Between two holds of the lock the
// output is flushed, so that a long run of reads neither keeps writers out nor
// piles up.
func (t *turn) read(row *operation, xid int32, body []byte) bool {
	if t.answers >= answersPerHold || t.unsent() >= unsentPerHoldMax || t.exec.walked {
		t.exec.walked = false
		t.release()
		// Somebody else may be writing, and wait for the client. No request is
		// queued here, so that it is the output alone that is waited for.
		if !t.conn.flush() || !t.conn.waitForRoom() {
			return false
		}
	}
	t.lock(holdTree)
	if row.prepare != nil {
		row.prepare(t, body)
	}
	switch {
	case t.conn.ending:
		// The lock was free for a moment; after the last words nothing is said.
		return true
	case !t.conn.server.serving:
		return false
	}
	if t.conn.ending {
		return true
	}
	t.answer(row, xid, body)
	return true
}

func (t *turn) unsent() int {
	if t.hold == holdNothing || t.conn.out == nil {
		return 0
	}
	return len(t.conn.out.b)
}

func (t *turn) answer(row *operation, xid int32, body []byte) {
	if t.conn.server.tracer != nil && t.last != wire.OpPing {
		if key, sampled := t.sample(xid); sampled {
			t.answerTraced(key, row, xid, body)
			return
		}
	}
	t.answerNow(row, xid, body)
}

func (t *turn) answerNow(row *operation, xid int32, body []byte) {
	t.exec.out = t.conn.beginLocked()
	t.exec.run(row, xid, body)
	t.conn.endLocked(t.exec.out)
	t.exec.out = nil
	t.answers++
}

// submit adds a request to the batch for the loop.
func (t *turn) submit(xid int32, op wire.Op, body []byte) {
	c := t.conn
	kept := t.keep(body)
	q := queued{xid: xid, op: op, since: t.now, bytes: len(body)}
	if c.extended && op == wire.OpMulti && wire.MultiExtends(body) {
		q.body = kept
	}
	if c.server.auditLog != nil {
		q.asked = c.askedLocked(op, body)
	}
	if c.server.tracer != nil {
		t.traceSubmitted(xid)
	}
	c.queue.push(q)
	c.inflight.Add(1)
	t.batch = append(t.batch, replica.Request{
		Conn: c.id, Session: c.session, Xid: xid, Op: op,
		Body: kept, IDs: c.ids,
	})
}

// keep copies the body of the frame that was taken last out of the input. The first one of
// a turn copies all that lies behind it as well, in one go: to clear memory for it and to
// copy one body after the other takes longer.
func (t *turn) keep(body []byte) []byte {
	in := &t.conn.in
	if t.bodies == nil {
		t.bodies = append([]byte(nil), in.since(len(body))...)
	}
	end := len(t.bodies) - len(in.pending())
	return t.bodies[end-len(body) : end : end]
}

// submitAll hands the batch to the loop. A client that is alone with its requests lends the
// turn: with more of them the loop takes up what several have brought.
func (t *turn) submitAll() {
	if len(t.batch) == 0 {
		return
	}
	s := t.conn.server
	n := int64(len(t.batch))
	alone := s.inflight.Add(n) == n
	if len(t.sampled) > 0 {
		t.leaveSampled()
	}
	s.queue.leave(replica.Submit{Requests: slices.Clone(t.batch)})
	clear(t.batch)
	t.batch = t.batch[:0]
	if alone {
		s.loop.lend()
		return
	}
	signal(s.queue.wake)
}

// postpone keeps a request for when the submitted ones before it have their
// outcome; the loop will answer it then.
func (t *turn) postpone(q queued, body []byte) {
	q.since, q.bytes, q.body = t.now, len(body), t.keep(body)
	t.conn.queue.push(q)
}
