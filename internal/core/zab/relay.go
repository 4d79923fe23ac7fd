package zab

import (
	"slices"

	"zoo"
	"zoo/internal/jute"
	"zoo/internal/wire"
)

// questions are what a learner has asked its leader and not been answered yet, in their
// order, each with the link of the observer that it was asked for; zero is this server.
// The leader's answers do not tell.
type questions struct {
	syncs    []LinkID
	sessions []askedSession
}

type askedSession struct {
	link    LinkID
	session zoo.SessionID
}

// relay passes an observer's packet on to the leader, as it is.
func (l *Learner) relay(link LinkID, p *wire.QuorumPacket) {
	d := jute.NewDecoder(p.Data)
	switch p.Type {
	case wire.PacketRequest:
		var f wire.ForwardedRequest
		f.DecodeFrom(&d)
		if d.Err() == nil && f.Op == wire.OpSync {
			l.asked.syncs = append(l.asked.syncs, link)
		}
	case wire.PacketRevalidate:
		var ask wire.SessionTimeout
		ask.DecodeFrom(&d)
		l.asked.sessions = append(l.asked.sessions, askedSession{link, ask.SessionID})
	}
	if d.Err() == nil {
		l.out.send(l.link, *p)
	}
}

// caughtUp hands the leader's SYNC to whoever asked first.
func (l *Learner) caughtUp(p *wire.QuorumPacket) Upcall {
	q := &l.asked
	if len(q.syncs) == 0 {
		return CaughtUp
	}
	link := q.syncs[0]
	q.syncs = q.syncs[1:]
	return l.answer(link, p, CaughtUp)
}

// revalidated hands the leader's word on a session to whoever asked for it first.
func (l *Learner) revalidated(p *wire.QuorumPacket) Upcall {
	d := jute.NewDecoder(p.Data)
	var reply wire.RevalidateReply
	reply.DecodeFrom(&d)
	q := &l.asked
	i := slices.IndexFunc(q.sessions, func(a askedSession) bool {
		return a.session == reply.SessionID
	})
	if d.Err() != nil || i < 0 {
		return Revalidate
	}
	link := q.sessions[i].link
	q.sessions = slices.Delete(q.sessions, i, i+1)
	return l.answer(link, p, Revalidate)
}

// answer sends a packet to an observer, which may be gone by now, or leaves it to our
// owner.
func (l *Learner) answer(link LinkID, p *wire.QuorumPacket, own Upcall) Upcall {
	if link == 0 {
		return own
	}
	l.out.send(link, *p)
	return Nothing
}
