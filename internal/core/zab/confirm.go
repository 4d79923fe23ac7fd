package zab

import (
	"zoo"
	"zoo/internal/wire"
)

// A sync promises that all that was acknowledged to anybody before it was asked for is
// there when it is answered. A leader that has been replaced and does not know it yet
// cannot keep that promise by itself (ZOOKEEPER-1675), so it asks: each sync belongs to a
// round of heartbeats that begins after the sync came, and is answered once a quorum has
// answered those. Why that is enough:
//
//  1. A follower that answers a heartbeat still followed us after the sync had come.
//  2. A later leader needs the promise of a quorum, which shares a voter with ours; that
//     voter promised after it had answered. So nothing of the later leader was
//     committed, let alone acknowledged, when the sync came.
//  3. What was acknowledged until then is of our own history or one before it.
//
// A learner answers each heartbeat once and in order, Java's too, so counting is enough.
// Rounds do not overlap: syncs that come during one share the next.
//
// What is proposed behind a sync is not committed before the sync is answered, since the
// session that has asked for both must hear of them in that order. This costs little: a
// heartbeat is back before a proposal is on the disk.
type confirmation struct {
	// begun and done number the rounds.
	begun, done uint64
}

// asked is what a leader knows of the heartbeats of one learner.
type asked struct {
	sent, answered uint64
	// round is the last one that it was asked in, mark what answered has to reach for it.
	round, mark uint64
}

// waitingSync is a sync that was not answered yet; link zero is our own clients'.
type waitingSync struct {
	link LinkID
	zxid zoo.Zxid
	// round has to be done first; zero is none.
	round uint64
}

// OwnSync is Sync for a client of this server: see AnsweredSyncs.
func (l *Leader) OwnSync() { l.Sync(0) }

// AnsweredSyncs gives the syncs of OwnSync that are answered, in their order, each as the
// zxid that has to be applied before the client hears of it. It forgets them.
func (l *Leader) AnsweredSyncs() []zoo.Zxid {
	answered := l.ownSyncs
	l.ownSyncs = nil
	return answered
}

// Sync answers a learner's sync request behind the commit of the last proposal, and once
// it is sure that this server leads.
func (l *Leader) Sync(link LinkID) {
	if l.Transferring() || l.HandsOver() {
		// What the session has asked for before it has no answer either.
		return
	}
	s := waitingSync{link: link, zxid: l.history.Last()}
	if l.extended() && l.cfg.Planted != Bug1675 {
		s.round = l.confirm.begun + 1
	}
	l.syncs = append(l.syncs, s)
	if l.confirm.begun == l.confirm.done && s.round != 0 {
		l.beginConfirmation()
	}
	l.releaseSyncs(l.history.Committed())
}

// extended tells whether every learner that is here takes the extensions.
func (l *Leader) extended() bool {
	for _, x := range l.learners {
		if x.stage != connected && !x.extends {
			return false
		}
	}
	return true
}

// beginConfirmation asks all voters for a sign that they follow us.
func (l *Leader) beginConfirmation() {
	c := &l.confirm
	c.begun++
	for _, x := range l.learners {
		if x.upToDate && (!x.observer || l.rises(x.id)) {
			l.beat(x)
		}
	}
	l.endConfirmation()
}

// beat sends a learner a heartbeat. It belongs to the round that is under way unless an
// earlier one did: a learner that has come since the round began counts as well.
func (l *Leader) beat(x *learner) {
	a := &x.asked
	a.sent++
	if a.round != l.confirm.begun {
		a.round, a.mark = l.confirm.begun, a.sent
	}
	l.out.send(x.link, wire.QuorumPacket{Type: wire.PacketPing, Zxid: l.history.Last()})
}

// beatAnswered counts a learner's answer to a heartbeat.
func (l *Leader) beatAnswered(x *learner) {
	x.asked.answered++
	l.endConfirmation()
}

// endConfirmation ends a round that a quorum has answered, and begins the next if
// somebody waits for it.
func (l *Leader) endConfirmation() {
	c := &l.confirm
	answered := func(x *learner) bool {
		return x.asked.round == c.begun && x.asked.answered >= x.asked.mark
	}
	if c.begun == c.done || !l.quorum(answered) {
		return
	}
	c.done = c.begun
	l.releaseSyncs(l.history.Committed())
	if n := len(l.syncs); n > 0 && l.syncs[n-1].round > c.done {
		l.beginConfirmation()
	}
}

// releaseSyncs answers the syncs that waited for nothing beyond z.
func (l *Leader) releaseSyncs(z zoo.Zxid) {
	n := 0
	for n < len(l.syncs) && l.syncs[n].zxid <= z && l.syncs[n].round <= l.confirm.done {
		if s := l.syncs[n]; s.link == 0 {
			l.ownSyncs = append(l.ownSyncs, s.zxid)
		} else {
			l.out.send(s.link, wire.QuorumPacket{Type: wire.PacketSync})
		}
		n++
	}
	l.syncs = l.syncs[n:]
}

// mayCommit bounds what is committed by the first sync that is not confirmed.
func (l *Leader) mayCommit(agreed zoo.Zxid) zoo.Zxid {
	for _, s := range l.syncs {
		if s.round > l.confirm.done {
			return min(agreed, s.zxid)
		}
	}
	return agreed
}
