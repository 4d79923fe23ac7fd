package zab

import (
	"time"

	"zoo"
	"zoo/internal/jute"
	"zoo/internal/wire"
)

// An operator who is about to stop a server drains it: it takes no new clients, and those
// that it has are sent to others (docs/adr/0060-drain.md). Somebody has to be there for
// them, and stay there, so the leader decides who may be drained, one after the other:
//
//  1. A learner asks (CLIENTS, DrainAsked). The leader grants it if some other server
//     takes clients, which it knows of servers of ours only, and answers (DRAIN).
//  2. The learner tells each later leader what it is (DrainDone) before it acknowledges
//     UPTODATE, and counts for nobody's drain until then. It votes as ever.
//  3. If those that take clients are gone for longer than syncLimit the leader ends all
//     drains: clients at a server that is about to be stopped are better off than
//     clients without any.
//
// Scenario: replica/testdata/drain.txt.

// Attendance is whether a server takes clients, and how many it has. It lasts as long as
// the process.
type Attendance struct {
	Drain wire.Drain
	// Clients counts the connections with a session.
	Clients int
	// Refusal is why it takes clients although it was to be drained; empty for no reason.
	Refusal string
}

// Open goes back to taking clients.
func (a *Attendance) Open(why string) { a.Drain, a.Refusal = wire.DrainNone, why }

func (c *Config) drain() wire.Drain {
	if c.Attendance == nil {
		return wire.DrainNone
	}
	return c.Attendance.Drain
}

// The leader's side.

// DrainRefusal tells why a server cannot be drained; empty if it can.
func (l *Leader) DrainRefusal(id zoo.ServerID) string {
	switch {
	case l.Transferring(), l.HandsOver():
		return "the lead is being handed over; try again"
	case !l.extended():
		return "a server that is written in Java does not say whether it takes clients; " +
			"drain when all servers are ours, or close the client port in front of this one"
	case !l.attended(id):
		return "no other server takes clients now: they would have nowhere to go"
	}
	return ""
}

// attended tells whether a server other than this one takes clients.
func (l *Leader) attended(but zoo.ServerID) bool {
	if l.cfg.ID != but && l.cfg.drain() != wire.DrainDone && !l.cfg.LeaderAlone {
		return true
	}
	for _, x := range l.learners {
		if x.id != but && x.takesClients() {
			return true
		}
	}
	return false
}

// takesClients tells whether a learner is there for clients. One that has not answered UPTODATE
// may be drained, and about to say so.
func (x *learner) takesClients() bool { return x.answered && x.drain != wire.DrainDone }

// hearClients takes in a learner's CLIENTS.
func (l *Leader) hearClients(x *learner, p *wire.QuorumPacket) {
	d := jute.NewDecoder(p.Data)
	var c wire.Clients
	c.DecodeFrom(&d)
	if d.Err() != nil || !x.extends || !x.upToDate {
		l.drop(x, "malformed or unexpected CLIENTS")
		return
	}
	x.drain, x.clients = c.Drain, int(c.Count)
	if c.Drain != wire.DrainAsked {
		return
	}
	why := l.DrainRefusal(x.id)
	if x.drain = wire.DrainDone; why != "" || l.cfg.Planted == BugForgottenDrain {
		x.drain = wire.DrainNone
	}
	l.out.note(Note{Stage: "drain asked", Peer: x.id, Detail: why})
	l.out.send(x.link, drainPacket(why))
}

func drainPacket(why string) wire.QuorumPacket {
	answer := wire.DrainAnswer{Refusal: why}
	return wire.QuorumPacket{Type: wire.PacketDrain, Zxid: -1, Data: answer.AppendTo(nil)}
}

// endDrains ends all drains when nobody has been there for clients for too long. A server
// of Java's counts as somebody.
func (l *Leader) endDrains(now time.Duration) {
	switch {
	case l.attended(0):
		l.deserted = 0
		return
	case l.deserted == 0:
		l.deserted = now
	}
	if now-l.deserted <= l.cfg.syncTime() {
		return
	}
	l.deserted = 0
	if l.cfg.Planted == BugDeserted {
		return
	}
	const why = "no other server takes clients any more"
	for _, x := range l.learners {
		if x.upToDate && x.drain == wire.DrainDone {
			x.drain = wire.DrainNone
			l.out.send(x.link, drainPacket(why))
		}
	}
	if l.cfg.drain() == wire.DrainDone {
		l.cfg.Attendance.Open(why)
	}
}

// The learner's side.

// AskDrain asks the leader whether this server may be drained.
func (l *Learner) AskDrain() {
	l.cfg.Attendance.Drain, l.cfg.Attendance.Refusal = wire.DrainAsked, ""
	l.tellClients()
}

// EndDrain says that this server takes clients again.
func (l *Learner) EndDrain() {
	l.cfg.Attendance.Open("")
	if l.Following() && l.extends {
		l.tellClients()
	}
}

// tellDrained tells a new leader that this server is drained.
func (l *Learner) tellDrained() {
	if l.extends && l.cfg.drain() == wire.DrainDone {
		l.tellClients()
	}
}

func (l *Learner) tellClients() {
	c := wire.Clients{Drain: l.cfg.drain(), Count: int32(l.cfg.clients())}
	l.clientsTold = l.cfg.clients()
	l.out.send(l.link, wire.QuorumPacket{
		Type: wire.PacketClients, Zxid: -1, Data: c.AppendTo(nil)})
}

func (l *Learner) hearDrain(p *wire.QuorumPacket) {
	d := jute.NewDecoder(p.Data)
	var answer wire.DrainAnswer
	answer.DecodeFrom(&d)
	switch {
	case d.Err() != nil || l.phase != following:
		l.Fail("malformed or unexpected DRAIN")
	case l.cfg.drain() == wire.DrainNone && answer.Refusal == "":
		// Somebody has thought better of it meanwhile, or the answer to an earlier question
		// was taken for the one to this: the leader is not to count on it.
		l.tellClients()
	case l.cfg.drain() == wire.DrainNone:
	case answer.Refusal != "":
		l.cfg.Attendance.Open(answer.Refusal)
	default:
		l.cfg.Attendance.Drain = wire.DrainDone
	}
}

// The side of an observer master.

// answerClients answers an observer of ours by what is known for sure: whether this
// server takes clients. The leader hears nothing of it.
func (m *Master) answerClients(x *learner, p *wire.QuorumPacket) {
	d := jute.NewDecoder(p.Data)
	var c wire.Clients
	c.DecodeFrom(&d)
	switch {
	case d.Err() != nil:
		m.drop(x, "malformed CLIENTS")
	case c.Drain != wire.DrainAsked:
	case m.cfg.drain() != wire.DrainNone:
		m.out.send(x.link, drainPacket("its observer master takes no clients"))
	default:
		m.out.send(x.link, drainPacket(""))
	}
}
