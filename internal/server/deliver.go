package server

import (
	"slices"
	"time"

	"zoo"
	"zoo/internal/check/invariant"
	"zoo/internal/core/replica"
	"zoo/internal/core/session"
	"zoo/internal/core/tree"
	"zoo/internal/core/watch"
	"zoo/internal/wire"
)

// outcomesPerHold and answeredBytesPerHold bound how long the tree is locked for
// writing at a time. The second is looked at between two outcomes: behind one there
// are at most postponedMax reads.
const (
	outcomesPerHold      = 128
	answeredBytesPerHold = 1 << 20
)

// apply applies what is ready, and answers for it.
func (l *loop) apply() {
	for more := true; more; {
		more = l.applyBatch()
		l.flush()
		if len(l.tracing.applied) > 0 {
			l.traceApplied()
		}
	}
	l.server.applied.tell()
}

// applyBatch applies a bounded number of transactions under one hold of the
// write lock: watch events and replies are in the outputs before any reader can
// see what they are about.
func (l *loop) applyBatch() (more bool) {
	s := l.server
	s.treeMu.Lock()
	defer s.treeMu.Unlock()
	// What a reader would see; see Replica.View.
	l.exec.tree = l.replica.View()
	l.answered = 0
	now := s.mono()
	for range outcomesPerHold {
		o, ok := l.replica.ApplyNext()
		if !ok {
			return false
		}
		l.logDigest(&o)
		l.settle(&o, now)
		if l.answered > answeredBytesPerHold {
			return true
		}
	}
	return true
}

// settle tells everybody here what an outcome means for them: first the
// watchers, then the one who asked, last those who are to go.
func (l *loop) settle(o *replica.Outcome, now time.Duration) {
	if o.Result != nil {
		l.measure(o.Result)
		l.fire(o)
		if l.server.auditLog != nil && o.Result.Header.Type == wire.OpCloseSession {
			l.auditSessionEnd(o.Result)
		}
	}
	if o.Opened != nil {
		l.open(o.Opened)
		l.noteOpened(o.Opened, now)
	} else if c := l.conns[o.Conn]; c != nil {
		l.answer(c, o, now)
	}
	if l.server.tracer != nil {
		l.traceOutcome(o)
	}
	if c := l.conns[o.Closes]; c != nil {
		l.dismiss(c)
	}
}

// fire sends the watch events of a transaction.
func (l *loop) fire(o *replica.Outcome) {
	for i := range o.Result.Events {
		event := &o.Result.Events[i]
		l.news.begin(o.Result.Header.Zxid, event)
		l.server.watches.table.Trigger(event.Type, event.Path, l.deliver)
		if told := l.news.told; told > 0 {
			l.server.meters.watches.of(event.Type).Observe(told)
		}
	}
	l.news.event = nil
}

// news is an event on its way to its watchers. It is encoded once, and those who have no
// other output share one frame: so many outputs would be most of the work, and of the
// memory, of a change that thousands wait for.
type news struct {
	zxid  zoo.Zxid
	event *tree.Event
	// told counts the watchers.
	told int64
	// frame is the event as it goes out, empty until the first watcher. Its memory stays.
	frame []byte
	// shared is a copy of it, nil until it is needed.
	shared *buffer
}

const (
	// ownFrames of an event are copied into outputs of the pool: for a few that is less
	// than to make a frame which they share.
	ownFrames = 8
	// frameKept bounds the memory that stays for the next event.
	frameKept = 4 << 10
)

func (n *news) begin(zxid zoo.Zxid, event *tree.Event) {
	n.zxid, n.event, n.told, n.shared = zxid, event, 0, nil
	if cap(n.frame) > frameKept {
		n.frame = nil
	}
	n.frame = n.frame[:0]
}

// tellLocked adds the event to a connection's output.
func (n *news) tellLocked(c *conn) {
	if len(n.frame) == 0 {
		n.frame = appendEvent(n.frame, n.zxid, n.event.Type, n.event.Path)
	}
	c.traffic.noteEvent(len(n.frame) - wire.FrameHeaderBytes)
	if c.out != nil || n.told <= ownFrames {
		c.endLocked(append(c.beginLocked(), n.frame...))
		return
	}
	if n.shared == nil {
		n.shared = &buffer{b: slices.Clone(n.frame), shared: true}
	}
	c.out = n.shared
}

// deliverEvent sends an event to one watcher, if it may read what it is about.
func (l *loop) deliverEvent(id watch.ConnID) {
	l.news.told++
	c := l.conns[replica.ConnID(id)]
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ending || !l.server.cfg.Rules.Check(l.news.event.ACL, zoo.PermRead, c.ids) {
		return
	}
	l.news.tellLocked(c)
	l.soilLocked(c)
}

// answer replies to the oldest request of a connection, and then to those that
// had to wait for it.
func (l *loop) answer(c *conn, o *replica.Outcome, now time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.inflight.Add(-1)
	l.server.inflight.Add(-1)
	l.server.stall.left()
	if c.ending {
		return
	}
	first := c.oldestLocked(o.Xid)
	since, asked, hidden := first.since, first.body, first.hidden
	if !mayAnswer(o, asked) {
		// It is another's; see replica.waiting. The client has the session elsewhere.
		l.closeLocked(c)
		return
	}
	if first.asked != nil {
		l.auditOutcome(first.asked, o)
	}
	c.popLocked()
	l.exec.conn, l.exec.out = c, c.beginLocked()
	start := len(l.exec.out)
	if hidden {
		c.syncCode = o.Code
	} else {
		l.exec.out = appendOutcome(l.exec.out, o, l.exec.tree.Zxid(), asked)
		c.traffic.noteReply(o.Xid, len(l.exec.out)-start-wire.FrameHeaderBytes)
		l.noteAnswer(c, lastReply{o.Op, o.Xid, l.exec.tree.Zxid(), now, now - since}, o, nil)
	}
	l.answerWaiting(c, now)
	c.endLocked(l.exec.out)
	l.answered += len(l.exec.out) - start
	l.exec.conn, l.exec.out = nil, nil
	l.soilLocked(c)
	c.roomLocked()
	if o.Result != nil && o.Result.Code == zoo.CodeSessionMoved {
		// The session lives on elsewhere. Java says nothing; our client hears why.
		l.closeLocked(c)
	}
}

// oldestLocked is the oldest request, which an outcome of this xid must be for.
func (c *conn) oldestLocked(xid int32) *queued {
	if c.queue.len() == 0 {
		invariant.Fail("outcome of xid %d meets no request", xid)
	}
	first := c.queue.first()
	if first.waiting != nil || first.xid != xid {
		invariant.Fail("outcome of xid %d meets the request %d", xid, first.xid)
	}
	return first
}

// appendOutcome appends the reply to a request that was submitted. What was asked
// is only known of a multi with extensions.
func appendOutcome(b []byte, o *replica.Outcome, zxid zoo.Zxid, asked []byte) []byte {
	switch {
	case asked != nil && o.Result != nil && o.Result.Header.Type == wire.OpMulti:
		return appendExtendedMulti(b, o, asked)
	case o.Result != nil:
		return appendReply(b, o.Op, o.Xid, o.Result)
	case o.Code != zoo.CodeOK || o.Op != wire.OpSync:
		return appendHeader(b, o.Xid, zxid, o.Code)
	}
	return appendSynced(b, o.Xid, zxid, o.Path)
}

// answerWaiting answers what stands in front of the next submitted request. Nobody
// has read a reply meanwhile, so here alone a thousand requests of a few bytes could
// become gigabytes: beyond the bound of the output the rest stays unanswered, and the
// connection ends in soilLocked.
func (l *loop) answerWaiting(c *conn, now time.Duration) {
	reads := int64(0)
	for c.queue.len() > 0 && !c.ending && len(l.exec.out) <= unsentBytesMax {
		q := c.queue.first()
		if q.waiting == nil {
			break
		}
		row := q.waiting
		if q.linear && c.syncCode != zoo.CodeOK {
			row = &unsynced
		}
		l.exec.run(row, q.xid, q.body)
		l.noteAnswer(c, lastReply{q.op, q.xid, l.exec.zxid, now, now - q.since}, nil, q.body)
		if l.server.tracer != nil {
			l.traceWaited(c, q)
		}
		c.popLocked()
		reads++
	}
	if reads > 0 {
		l.exec.reads.flush()
		l.server.meters.latency.waited.Observe(reads)
	}
}

// soilLocked notes that a connection has output to be written.
func (l *loop) soilLocked(c *conn) {
	if c.out != nil && len(c.out.b) > unsentBytesMax {
		if !c.ending {
			c.refuse(refusedUnread, "unsent", len(c.out.b))
		}
		c.ending = true
		signal(c.room)
		_ = c.socket.SetDeadline(time.Now())
	}
	if !c.dirty {
		c.dirty = true
		l.dirty = append(l.dirty, c)
	}
}

// flush has the outputs written: here if they are few, for that costs less than
// handing them over, and no write waits for a client in either place.
func (l *loop) flush() {
	// Before anybody who has an answer can ask for the metrics.
	l.updates.tell(l.server.meters.latency.update)
	if len(l.dirty) <= flushInline {
		for _, c := range l.dirty {
			c.tryFlush()
		}
		l.forgetDirty()
		return
	}
	l.handOver(newFlushList(slices.Clone(l.dirty)))
	l.forgetDirty()
}

// handOver calls as many flushers as the list has work for. One call has to arrive.
func (l *loop) handOver(list *flushList) {
	select {
	case l.server.flushes <- list:
	case <-l.server.closing:
	}
	for range min(l.server.flusherCount, list.pieces()) - 1 {
		select {
		case l.server.flushes <- list:
		default:
			return // All of them are busy, and will come to it.
		}
	}
}

func (l *loop) forgetDirty() {
	clear(l.dirty)
	l.dirty = l.dirty[:0]
}

// open answers a handshake.
func (l *loop) open(o *replica.Opened) {
	c := l.conns[o.Conn]
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ending {
		return
	}
	response := wire.ConnectResponse{
		TimeOut: o.Timeout, SessionID: o.Session, Passwd: o.Password[:],
		ReadOnly: o.ReadOnly, HasReadOnly: c.readOnlyByte,
	}
	if o.Session == 0 {
		response.TimeOut, response.Passwd = 0, make([]byte, session.PasswordBytes)
	}
	out, mark := wire.BeginFrame(c.beginLocked())
	c.endLocked(wire.EndFrame(response.AppendTo(out), mark))
	c.traffic.sent++
	c.session, c.timeout = o.Session, time.Duration(o.Timeout)*time.Millisecond
	c.heardAt = l.now.Mono
	if o.Session == 0 {
		c.ending = true
	}
	l.soilLocked(c)
	signal(c.room)
}

// close ends a connection after what was written to it before.
func (l *loop) close(id replica.ConnID) {
	c := l.conns[id]
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.ending {
		l.closeLocked(c)
	}
}

func (l *loop) closeLocked(c *conn) {
	c.closeLocked()
	l.soilLocked(c)
}

// admit takes in a handshake.
func (l *loop) admit(c *conn, request *wire.ConnectRequest) {
	l.conns[c.id] = c
	drained := l.status.Drain == wire.DrainDone
	if drained {
		c.refuse(refusedDrained)
	}
	if !l.takesClients() || drained || l.restarting {
		l.close(c.id)
		return
	}
	l.replica.Step(l.now, replica.Connect{
		Conn: c.id, LastZxid: request.LastZxidSeen, Timeout: request.TimeOut,
		Session: request.SessionID, Password: request.Passwd, ReadOnly: request.ReadOnly,
	})
}

// dismiss ends the connection of a session that has ended. The replica has forgotten it
// already, and so does the loop: nothing of it will come any more.
func (l *loop) dismiss(c *conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.ending {
		l.closeLocked(c)
	}
	c.parted = true
	l.forget(c)
}

// leave forgets a connection that is gone.
func (l *loop) leave(c *conn) {
	if l.conns[c.id] == nil {
		return
	}
	l.forget(c)
	l.replica.Step(l.now, replica.Disconnected{Conn: c.id})
}

func (l *loop) forget(c *conn) {
	delete(l.conns, c.id)
	l.server.inflight.Add(-int64(c.inflight.Load()))
	l.server.stall.left()
}
