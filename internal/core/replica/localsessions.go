package replica

import (
	"zoo"
	"zoo/internal/core/session"
	"zoo/internal/core/zab"
	"zoo/internal/jute"
	"zoo/internal/wire"
)

// A local session (ZOOKEEPER-1147) lives on the server that its client is connected
// to, and in no transaction: the ensemble hears of its writes only. It owns no
// ephemerals, expires here, and ends with the server's role. When its client asks
// for an ephemeral it is upgraded: a createSession goes ahead of the request.

// beginLocalSessions makes room for them, where they are enabled.
func (r *Replica) beginLocalSessions() {
	if r.cfg.LocalSessions && r.cfg.View != nil {
		r.localSessions = session.NewTracker(r.cfg.TickTime)
	}
}

func (r *Replica) isLocal(id zoo.SessionID) bool {
	if r.localSessions == nil {
		return false
	}
	_, known := r.localSessions.Timeout(id)
	return known
}

func (r *Replica) createLocal(id zoo.SessionID, ev Connect) {
	ev.Session = id
	r.localSessions.Add(id, ev.Timeout, r.now.Mono)
	r.localSessions.SetOwner(id, ownerSelf)
	r.open(ev)
}

func (r *Replica) reopenLocal(ev Connect) {
	if !r.localSessions.Touch(ev.Session, ev.Timeout, r.now.Mono) {
		r.refuse(ev.Conn)
		return
	}
	r.open(ev)
}

// touchLocal is false for a session that is not local.
func (r *Replica) touchLocal(id zoo.SessionID, timeout int32) bool {
	return r.isLocal(id) && r.localSessions.Touch(id, timeout, r.now.Mono)
}

// expireLocal ends the local sessions whose time is over.
func (r *Replica) expireLocal() {
	if r.localSessions == nil {
		return
	}
	for _, id := range r.localSessions.Expire(r.now.Mono) {
		r.trace(Trace{Stage: "local session expired", Detail: id.String()})
		if conn := r.endLocal(id); conn != 0 {
			r.effects.CloseConns = append(r.effects.CloseConns, conn)
		}
	}
}

// closeLocal ends a local session once its requests so far have their outcome.
func (r *Replica) closeLocal(q *Request) {
	r.attached.sessions[q.Session].ending = true
	r.attached.wait(barrier{
		conn: q.Conn, xid: q.Xid, op: q.Op, ready: true, ends: q.Session,
	})
}

// endLocal forgets a local session and gives its connection.
func (r *Replica) endLocal(id zoo.SessionID) ConnID {
	r.localSessions.Remove(id)
	if r.cfg.Planted == zab.Bug3471 && r.writer != nil {
		r.writer.tracker.Remove(id)
	}
	return r.attached.close(id)
}

// maybeUpgrade makes a local session global ahead of a request that needs that. The
// code is what its client is told if it cannot be; as in Java the request goes on
// its way all the same, and fails there, which keeps the order of the replies.
func (r *Replica) maybeUpgrade(q *Request) zoo.Code {
	if !r.isLocal(q.Session) || !createsEphemeral(q) {
		return zoo.CodeOK
	}
	if !r.cfg.LocalSessionsUpgrading {
		if q.Op == wire.OpMulti {
			return zoo.CodeOK // Its parts tell.
		}
		return zoo.CodeEphemeralOnLocalSession
	}
	timeout, _ := r.localSessions.Timeout(q.Session)
	if r.cfg.Planted != zab.Bug3471 {
		r.localSessions.Remove(q.Session)
	}
	r.trace(Trace{Stage: "local session upgraded", Detail: q.Session.String()})
	r.forward(Request{
		Session: q.Session, Op: wire.OpCreateSession, Body: jute.AppendInt(nil, timeout),
	}, zoo.CodeOK)
	return zoo.CodeOK
}

// createsEphemeral tells whether a request is one of those that Java upgrades a
// session for.
func createsEphemeral(q *Request) bool {
	if q.Op != wire.OpMulti {
		return isEphemeralCreate(q.Op, q.Body)
	}
	parts := wire.NewMultiReader(q.Body)
	for part, more := parts.Next(); more; part, more = parts.Next() {
		if isEphemeralCreate(part.Op, part.Body) {
			return true
		}
	}
	return false
}

func isEphemeralCreate(op wire.Op, body []byte) bool {
	if op != wire.OpCreate && op != wire.OpCreate2 && op != wire.OpCreateIfNotExists {
		return false
	}
	var create wire.CreateRequest
	d := jute.NewAliasDecoder(body)
	create.DecodeFrom(&d)
	return d.Err() == nil && create.Flags.IsEphemeral()
}

// sessions tells prep who may write. Besides the sessions of the ensemble those are
// the local ones: ours, and any that another server may have made.
type sessions struct{ r *Replica }

func (s sessions) CheckOwner(id zoo.SessionID, owner session.Owner) zoo.Code {
	code := s.CheckGlobal(id, owner)
	if code != zoo.CodeUnknownSession || s.r.localSessions == nil {
		return code
	}
	if session.MadeBy(id, s.r.cfg.ID) {
		return s.r.localSessions.CheckOwner(id, owner)
	}
	return zoo.CodeOK
}

func (s sessions) CheckGlobal(id zoo.SessionID, owner session.Owner) zoo.Code {
	code := s.r.writer.tracker.CheckOwner(id, owner)
	if s.r.cfg.Planted == zab.Bug1208 && code == zoo.CodeSessionExpired {
		return zoo.CodeOK
	}
	return code
}

func (s sessions) Close(id zoo.SessionID) { s.r.writer.tracker.Close(id) }
