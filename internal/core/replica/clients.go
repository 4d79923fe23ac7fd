package replica

import (
	"bytes"
	"time"

	"zoo"
	"zoo/internal/core/prep"
	"zoo/internal/core/session"
	"zoo/internal/core/tree"
	"zoo/internal/core/zab"
	"zoo/internal/jute"
	"zoo/internal/wire"
)

// ownerSelf owns the sessions whose clients are connected to this server; links
// own those of their learners.
const ownerSelf session.Owner = 1 << 63

// connect takes in a handshake: a new session, or an old one that comes back.
func (r *Replica) connect(ev Connect) {
	if !r.admits(ev) {
		// Another server may serve it.
		r.effects.CloseConns = append(r.effects.CloseConns, ev.Conn)
		return
	}
	ev.Timeout = r.clampTimeout(ev.Timeout)
	if ev.Session == 0 {
		r.createSession(ev)
		return
	}
	password := session.Password(ev.Session)
	if !bytes.Equal(password[:], ev.Password) {
		r.refuse(ev.Conn)
		return
	}
	r.reopen(ev)
}

// admits tells whether a client may have a session here: it has not seen more than
// we have, and takes what we are.
func (r *Replica) admits(ev Connect) bool {
	if r.readOnly.on {
		return ev.ReadOnly && ev.LastZxid <= r.View().Zxid() &&
			(ev.Session == 0 || r.isLocal(ev.Session))
	}
	return r.serving && ev.LastZxid <= r.history.Applied()
}

func (r *Replica) clampTimeout(millis int32) int32 {
	lo := int32(r.cfg.SessionTimeoutMin / time.Millisecond)
	hi := int32(r.cfg.SessionTimeoutMax / time.Millisecond)
	return min(max(millis, lo), hi)
}

// refuse tells a client that its session has expired.
func (r *Replica) refuse(conn ConnID) {
	r.effects.Opened = append(r.effects.Opened, Opened{Conn: conn})
}

func (r *Replica) createSession(ev Connect) {
	id := r.newSessionID()
	if r.localSessions != nil {
		r.createLocal(id, ev)
		return
	}
	r.attached.attach(id, ev.Conn, ev.Timeout)
	r.forward(Request{
		Conn: ev.Conn, Session: id, Op: wire.OpCreateSession,
		Body: jute.AppendInt(nil, ev.Timeout),
	}, zoo.CodeOK)
}

// newSessionID gives a fresh session id.
func (r *Replica) newSessionID() zoo.SessionID {
	for {
		id := r.attached.next
		r.attached.next = session.NextID(id)
		if _, taken := r.tree.SessionTimeout(id); !taken && !r.isLocal(id) {
			return id
		}
	}
}

// reopen renews a session here if the server that tracks sessions knows it.
func (r *Replica) reopen(ev Connect) {
	if r.isLocal(ev.Session) {
		r.reopenLocal(ev)
		return
	}
	if r.learner != nil {
		if old := r.attached.ask(ev); old != 0 {
			r.effects.CloseConns = append(r.effects.CloseConns, old)
		}
		r.learner.AskSession(ev.Session, ev.Timeout)
		return
	}
	if !r.renew(ev.Session, ev.Timeout, ownerSelf) {
		r.refuse(ev.Conn)
		return
	}
	r.open(ev)
}

// renew touches a session and hands it to a new owner.
func (r *Replica) renew(id zoo.SessionID, timeout int32, owner session.Owner) bool {
	tracker := r.writer.tracker
	if _, known := r.tree.SessionTimeout(id); known && r.cfg.Planted == zab.Bug1496 &&
		!tracker.Touch(id, timeout, r.now.Mono) {
		tracker.Remove(id)
		tracker.Add(id, timeout, r.now.Mono)
	}
	return tracker.Touch(id, timeout, r.now.Mono) && tracker.SetOwner(id, owner)
}

// open gives a renewed session to its new connection. An older one here ends.
func (r *Replica) open(ev Connect) {
	if old := r.attached.attach(ev.Session, ev.Conn, ev.Timeout); old != 0 && old != ev.Conn {
		r.effects.CloseConns = append(r.effects.CloseConns, old)
	}
	answer := opened(ev.Conn, ev.Session, ev.Timeout)
	answer.ReadOnly = r.readOnly.on
	r.effects.Opened = append(r.effects.Opened, *answer)
}

// submit takes in requests of clients here.
func (r *Replica) submit(requests []Request) {
	if !r.serving && !r.readOnly.on {
		return
	}
	for i := range requests {
		if i%tree.ExpectMax == 0 {
			r.expect(requests[i:])
		}
		q := &requests[i]
		switch {
		case r.attached.conns[q.Conn] != q.Session || r.attached.sessions[q.Session].ending:
		case q.Op == wire.OpCloseSession && r.isLocal(q.Session):
			r.closeLocal(q)
		case r.readOnly.on:
			r.attached.wait(barrier{conn: q.Conn, xid: q.Xid, op: q.Op,
				ready: true, code: zoo.CodeNotReadOnly})
		case q.Op == wire.OpSync:
			r.sync(q)
		case r.space.told.Refuses && needsSpace(q.Op, q.Body):
			r.attached.refuse(q.Session, waiting{
				conn: q.Conn, xid: q.Xid, op: q.Op, code: CodeNoSpace})
		default:
			r.forward(*q, r.maybeUpgrade(q))
		}
	}
}

// forward sends a request on its way through the ensemble. Its client gets the
// code unless that is CodeOK.
func (r *Replica) forward(q Request, code zoo.Code) {
	s := r.attached.sessions[q.Session]
	w := waiting{conn: q.Conn, xid: q.Xid, op: q.Op, code: code}
	if r.learner != nil {
		r.learner.Forward(q.Session, q.Xid, q.Op, q.Body, q.IDs)
	} else {
		w.zxid = r.propose(q, ownerSelf)
	}
	r.attached.push(s, w)
}

// sync waits until everything that was proposed before it is applied here.
func (r *Replica) sync(q *Request) {
	d := jute.NewDecoder(q.Body)
	b := barrier{conn: q.Conn, xid: q.Xid, op: q.Op, path: d.String()}
	if d.Err() != nil {
		b.code = zoo.CodeMarshallingError
	}
	switch {
	case r.learner != nil:
		r.learner.Forward(q.Session, q.Xid, q.Op, q.Body, q.IDs)
	case r.leader != nil:
		r.leader.OwnSync()
	default:
		b.ready, b.zxid = true, r.history.Last()
	}
	r.attached.wait(b)
}

// syncsAnswered passes on what the leader's half knows of our own clients' syncs.
func (r *Replica) syncsAnswered() {
	for _, z := range r.leader.AnsweredSyncs() {
		r.attached.caughtUp(z)
	}
}

// propose makes a transaction of a request and starts it on its way; zero if there
// can be none.
func (r *Replica) propose(q Request, owner session.Owner) zoo.Zxid {
	if q.Op == wire.OpCreateSession {
		r.track(q, owner)
	}
	if r.leader != nil && r.leader.Exhausted() {
		r.leader.Resign("the zxid counter of the epoch is used up")
		return 0
	}
	return r.prepare(prep.Request{
		Session: q.Session, Cxid: q.Xid, Op: q.Op, Body: q.Body, IDs: q.IDs,
		Owner: owner,
	})
}

// prepare makes a transaction and starts it on its way, also one that says that the request
// was refused; zero while the lead is handed over. Then the successor has stopped listening,
// and the clients are sent away soon: none of them may hear of what they asked for behind a
// request that has no answer.
func (r *Replica) prepare(q prep.Request) zoo.Zxid {
	if r.leader != nil && (r.leader.HandsOver() || r.leader.Transferring()) {
		return 0
	}
	e := r.writer.prep.Prepare(r.nextZxid(), r.now.WallMillis, q)
	r.measure(len(e.Bytes))
	r.noteQuota()
	if r.leader != nil {
		r.leader.Propose(e)
		return e.Zxid
	}
	r.history.Append(e)
	r.journal.Append(e)
	return e.Zxid
}

func (r *Replica) nextZxid() zoo.Zxid {
	if r.leader != nil {
		return r.leader.NextZxid()
	}
	last := r.history.Last()
	if last.Counter() == zoo.CounterMax {
		// A standalone server has nobody to agree with on a new epoch.
		return zoo.MakeZxid(last.Epoch()+1, 1)
	}
	return last.Next()
}

// track begins to watch over a session that is about to be created.
func (r *Replica) track(q Request, owner session.Owner) {
	d := jute.NewDecoder(q.Body)
	timeout := d.Int()
	if d.Err() == nil {
		r.writer.tracker.Add(q.Session, timeout, r.now.Mono)
		r.writer.tracker.SetOwner(q.Session, owner)
	}
}

// measure keeps the sizes of the last, the smallest and the largest proposal.
func (r *Replica) measure(bytes int) {
	smallest := r.sizes[1]
	r.proposed++
	if smallest < 0 || bytes < smallest {
		smallest = bytes
	}
	r.sizes = [3]int{bytes, smallest, max(r.sizes[2], bytes)}
}

// touch keeps sessions alive whose connections were heard of.
func (r *Replica) touch(sessions []zoo.SessionID) {
	for _, id := range sessions {
		s := r.attached.sessions[id]
		switch {
		case s == nil:
		case r.touchLocal(id, s.timeout):
		case r.writer != nil:
			r.writer.tracker.Touch(id, s.timeout, r.now.Mono)
		case r.learner != nil:
			r.attached.touched[id] = s.timeout
		}
	}
}

// expireSessions closes the sessions whose time is over, as their clients would. The time of
// one whose creation is not applied has not begun: its client has not heard of it.
func (r *Replica) expireSessions() {
	r.writer.expireAt = r.now.Mono + r.cfg.TickTime
	for _, id := range r.writer.tracker.Expire(r.now.Mono) {
		if _, begun := r.tree.SessionTimeout(id); !begun {
			r.writer.tracker.Spare(id, r.now.Mono)
			continue
		}
		r.endExpired(id)
	}
}

func (r *Replica) endExpired(id zoo.SessionID) {
	r.trace(Trace{Stage: "session expired", Detail: id.String()})
	r.propose(Request{Session: id, Op: wire.OpCloseSession}, ownerSelf)
}

// expire ends a session whose time is not over.
func (r *Replica) expire(id zoo.SessionID) {
	if r.writer == nil || r.writer.tracker.Closing(id) {
		return
	}
	if _, begun := r.tree.SessionTimeout(id); begun {
		r.writer.tracker.Close(id)
		r.endExpired(id)
	}
}
