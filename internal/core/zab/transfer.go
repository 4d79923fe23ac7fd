package zab

import (
	"fmt"
	"time"

	"zoo"
	"zoo/internal/jute"
	"zoo/internal/wire"
)

// An operator who is about to stop the leader hands the lead over first, so that nobody
// has to notice that it is gone:
//
//  1. The leader proposes nothing more, and answers no sync. Whatever is asked of it now waits
//     for the end of the role, as all that a leader has not proposed does.
//  2. When its successor has acknowledged all that was proposed, and all of it is committed,
//     it tells the learners who leads (TRANSFER), and goes as after a reconfiguration.
//  3. Successor and followers take their roles without an election, and the successor
//     begins an epoch of its own: discovery and synchronisation are as ever, so that what
//     was said here is no more than advice. If it comes to nothing there is an election.
//
// It needs servers of ours only, since nobody else knows TRANSFER. Scenario:
// replica/testdata/transfer.txt.
type transfer struct {
	// to is who leads next, zero while nobody was chosen.
	to zoo.ServerID
	// until is when the leader stops waiting for it.
	until time.Duration
}

// TransferRefusal tells why the lead cannot be handed to a server, or to the one that has
// acknowledged most for zero; empty if it can.
func (l *Leader) TransferRefusal(to zoo.ServerID) string {
	switch {
	case !l.Broadcasting():
		return "it does not lead yet"
	case l.Transferring() || l.HandsOver():
		return "the lead is being handed over already"
	case l.cfg.Members.Next != nil:
		return "a reconfiguration is under way"
	case !l.extended():
		return "a server that is written in Java would not follow; stop the leader instead"
	case l.heir(to) == nil && to == 0:
		return "no other voter is in sync"
	case l.heir(to) == nil:
		return fmt.Sprintf("server %d is no voter that is in sync", to)
	}
	return ""
}

// heir is the learner that may lead next, nil for none. One that is drained is about to be
// stopped, and is taken if there is no other.
func (l *Leader) heir(to zoo.ServerID) *learner {
	var best *learner
	for _, x := range l.learners {
		if x.upToDate && !x.observer && l.cfg.Members.Weighs(x.id) &&
			(to == 0 || x.id == to) && (best == nil || x.succeeds(best)) {
			best = x
		}
	}
	return best
}

// succeeds tells whether a learner is the better heir.
func (x *learner) succeeds(other *learner) bool {
	if open := x.takesClients(); open != other.takesClients() {
		return open
	}
	return x.acked > other.acked
}

// Transfer begins to hand over, if TransferRefusal has nothing against it.
func (l *Leader) Transfer(now time.Duration, to zoo.ServerID) {
	if why := l.TransferRefusal(to); why != "" {
		l.out.note(Note{Stage: "transfer refused", Peer: to, Epoch: l.epoch, Detail: why})
		return
	}
	l.transfer = transfer{to: l.heir(to).id, until: now + l.cfg.TickTime}
	l.out.note(Note{Stage: "transfer", Peer: l.transfer.to, Epoch: l.epoch})
}

// Transferring tells whether the lead is being handed over, so that nothing more is
// proposed.
func (l *Leader) Transferring() bool { return l.transfer.to != 0 }

// handOver tells everybody who leads, as soon as that one has all there is.
func (l *Leader) handOver() {
	if !l.Transferring() || l.HandsOver() {
		return
	}
	x := l.heir(l.transfer.to)
	if x == nil || len(l.history.Tail()) > 0 || x.acked < l.history.Last() {
		return
	}
	l.successor = x.id
	data := jute.AppendLong(nil, int64(x.id))
	for _, y := range l.learners {
		if y.upToDate {
			l.out.send(y.link, wire.QuorumPacket{
				Type: wire.PacketTransfer, Zxid: l.history.Last(), Data: data})
		}
	}
}

// stopWaiting gives up the lead when the successor does not get ready.
func (l *Leader) stopWaiting(now time.Duration) {
	if l.Transferring() && !l.HandsOver() && now >= l.transfer.until {
		l.Resign(fmt.Sprintf("server %d did not get ready to lead; an election decides",
			l.transfer.to))
	}
}

// followSuccessor leaves the leader for the one that it names.
func (l *Learner) followSuccessor(p *wire.QuorumPacket) {
	d := jute.NewDecoder(p.Data)
	to := zoo.ServerID(d.Long())
	if d.Err() != nil || l.phase != following {
		l.Fail("malformed or unexpected TRANSFER")
		return
	}
	l.successor = to
	l.Fail(fmt.Sprintf("the lead goes to server %d", to))
}
