package replica

import (
	"zoo/internal/core/session"
	"zoo/internal/core/zab"
	"zoo/internal/jute"
	"zoo/internal/wire"
)

// moved takes note that a tree is on its way.
func (r *Replica) moved(link LinkID) {
	switch {
	case r.leader != nil:
		r.leader.Moved(r.now.Mono, link)
	case r.learner != nil && r.learner.Link() == link:
		r.learner.Moved(r.now.Mono)
	case r.masters.serving != nil:
		r.masters.serving.Moved(r.now.Mono, link)
	}
}

// serveLearner does for a learner what its packet asks of the leader. What needs
// the sessions or the tree waits until the initial history is applied.
func (r *Replica) serveLearner(link LinkID, p *wire.QuorumPacket, u zab.Upcall) {
	if !r.serving && (u == zab.Forwarded || u == zab.Revalidate) {
		r.attached.held = append(r.attached.held, heldPacket{link, *p, u})
		return
	}
	switch u {
	case zab.Forwarded:
		r.takeForwarded(link, p)
	case zab.Revalidate:
		r.revalidate(link, p)
	case zab.Ping:
		r.touchTable(p)
	}
}

// takeForwarded takes in a request of a learner's client.
func (r *Replica) takeForwarded(link LinkID, p *wire.QuorumPacket) {
	d := jute.NewDecoder(p.Data)
	var f wire.ForwardedRequest
	f.DecodeFrom(&d)
	q := Request{Session: f.Session, Xid: f.Cxid, Op: f.Op, Body: f.Body, IDs: p.AuthInfo}
	switch {
	case d.Err() != nil:
		r.trace(Trace{Stage: "malformed REQUEST ignored", Detail: d.Err().Error()})
	case q.Op == wire.OpSync:
		r.leader.Sync(link)
	case r.space.told.Refuses && needsSpace(q.Op, q.Body) && !r.leader.Exhausted():
		r.refuseForwarded(q, session.Owner(link))
	default:
		r.propose(q, session.Owner(link))
	}
}

// releaseHeld does what learners asked for before the leader could do it.
func (r *Replica) releaseHeld() {
	held := r.attached.held
	r.attached.held = nil
	for i := range held {
		r.serveLearner(held[i].link, &held[i].packet, held[i].upcall)
	}
}

// revalidate answers a learner whose client has come back with an old session.
func (r *Replica) revalidate(link LinkID, p *wire.QuorumPacket) {
	d := jute.NewDecoder(p.Data)
	var ask wire.SessionTimeout
	ask.DecodeFrom(&d)
	reply := wire.RevalidateReply{SessionID: ask.SessionID}
	reply.Valid = d.Err() == nil &&
		r.renew(ask.SessionID, ask.TimeOut, session.Owner(link))
	r.leader.Reply(link, wire.QuorumPacket{
		Type: wire.PacketRevalidate, Zxid: -1, Data: reply.AppendTo(nil),
	})
}

// touchTable takes in the sessions that a learner has heard of.
func (r *Replica) touchTable(p *wire.QuorumPacket) {
	if r.writer == nil {
		return
	}
	for _, s := range touchedIn(p) {
		r.writer.tracker.Touch(s.SessionID, s.TimeOut, r.now.Mono)
	}
}

// touchedIn lists the sessions in a learner's answer to a heartbeat.
func touchedIn(p *wire.QuorumPacket) (all []wire.SessionTimeout) {
	d := jute.NewDecoder(p.Data)
	for d.Len() > 0 {
		var s wire.SessionTimeout
		s.DecodeFrom(&d)
		if d.Err() != nil {
			break
		}
		all = append(all, s)
	}
	return all
}

// obeyLeader does for the leader what its packet asks of a learner.
func (r *Replica) obeyLeader(p *wire.QuorumPacket, u zab.Upcall) {
	switch u {
	case zab.Ping:
		r.learner.Pong(p.Zxid, r.attached.takeTouched())
	case zab.CaughtUp:
		r.attached.caughtUp(r.history.Committed())
	case zab.Revalidate:
		r.revalidated(p)
	case zab.Established:
		// A leader that was lost behind its tree has not said how far that is fuzzy. All that
		// it had committed this one has sent by now.
		r.tree.BoundFuzzy(r.history.Last())
		r.readyAt(r.history.Committed())
	}
}

// revalidated takes in the leader's word on a session that came back here.
func (r *Replica) revalidated(p *wire.QuorumPacket) {
	d := jute.NewDecoder(p.Data)
	var reply wire.RevalidateReply
	reply.DecodeFrom(&d)
	ev, waits := r.attached.asked[reply.SessionID]
	if d.Err() != nil || !waits {
		return
	}
	r.attached.answered(reply.SessionID)
	if !reply.Valid {
		r.refuse(ev.Conn)
		return
	}
	r.open(ev)
}

// install takes in the tree of a SNAP. Nobody reads the old one, because the
// server does not serve.
func (r *Replica) install(ev SnapshotReceived) {
	if r.learner == nil || r.learner.Link() != ev.Link || !r.learner.Install(r.now.Mono, ev.Tree) {
		return
	}
	r.tree, r.uncut = ev.Tree, false
	r.tree.SetTypes(r.cfg.Types)
	r.members.show = true
	r.effects.Changed = true
}
