package zab

import (
	"fmt"

	"zoo"
	"zoo/internal/txn"
	"zoo/internal/wire"
)

// The counter of a zxid has 32 bits, and a leader that has used them up needs an epoch more.
// In ZooKeeper it gives up for that, and an election makes the epoch (ZOOKEEPER-1277). Among
// servers of ours the leader enters the next epoch while it leads:
//
//  1. In good time it makes a promise of the next epoch durable, and asks the followers for
//     theirs (NEXTEPOCH). A server gives a promise once, whoever asks, so two quorums cannot
//     have promised the same epoch to two leaders.
//  2. With the promises of a quorum, its own included, it writes currentEpoch behind all that
//     it has logged, says ENTEREPOCH to the learners behind all that it has proposed, and
//     proposes on with the first zxid of the new epoch.
//  3. A learner writes currentEpoch in the same place of its own log. So whoever is in the
//     new epoch has all of the old one, and whoever has an entry of the new epoch is in it:
//     votes are compared as ever. An observer is told when the last entry of the old epoch is
//     committed, for it hears of none before.
//
// Who is being brought up to date at that moment has been offered the old epoch, and is
// hung up on to begin anew. Scenario: replica/testdata/next_epoch.txt.
type turning struct {
	// epoch is the one that promises are gathered for, zero for none.
	epoch   zoo.Epoch
	awaited uint64
	// barred says that somebody was sent away until the epoch has begun.
	barred bool
}

// turnEpoch goes on with the way to the next epoch, if it is time for one.
func (l *Leader) turnEpoch() {
	switch {
	case !l.Broadcasting() || !l.extended() || l.HandsOver():
	case l.turn.epoch == 0 && l.NextZxid().Counter() > l.cfg.EpochTurnAt:
		l.askPromises()
	case l.turn.epoch != 0 && l.journal.Durable(l.turn.awaited) && l.isPromised():
		l.enterNext()
	}
}

func (l *Leader) askPromises() {
	next := l.epoch + 1
	l.epochs.Accepted = next
	l.turn = turning{epoch: next, awaited: l.journal.Accept(next)}
	for _, x := range l.learners {
		if x.upToDate {
			l.askPromise(x)
		}
	}
}

// askPromise asks a follower for its promise, if promises are being gathered.
func (l *Leader) askPromise(x *learner) {
	if l.turn.epoch != 0 && !x.observer && x.extends {
		l.out.send(x.link, wire.QuorumPacket{
			Type: wire.PacketNextEpoch, Zxid: l.turn.epoch.Start()})
	}
}

func (l *Leader) isPromised() bool {
	return l.cfg.Planted == TurnUnpromised ||
		l.quorum(func(x *learner) bool { return x.promised == l.turn.epoch })
}

// awaitsTurn tells whether a server has promised the epoch that we are about to enter, as we
// have asked of all. It can join then, and needs no election.
func (l *Leader) awaitsTurn(x *learner) bool {
	return x.accepted == l.turn.epoch && l.Broadcasting() && l.extended()
}

// cannotTurn tells whether the next epoch cannot begin, since whoever was sent away until it
// does is needed for it. It has promised the epoch, but that was to whoever asked first, and
// may have been another:
//
//  1. A leads {A,B,C}, and D observes. A proposes {A,B,D,E}, which E is in sync for, and asks
//     for promises of the next epoch. E promises it, and loses its power.
//  2. E comes back, and A wants it back in that epoch. B and A are no quorum of the proposed
//     configuration, and D, which is here, observes as yet, and is asked for no promise.
//  3. A waits for the promise of E, and E for the epoch. Nothing is committed meanwhile.
func (l *Leader) cannotTurn() bool {
	return l.turn.barred && !l.quorum(func(x *learner) bool {
		return x.stage >= registered && !x.observer && x.extends
	})
}

// enterNext begins the next epoch, between two proposals.
func (l *Leader) enterNext() {
	l.epoch, l.turn = l.turn.epoch, turning{}
	l.epochs.Current = l.epoch
	l.journal.Enter(l.epoch)
	l.history.start = l.epoch.Start()
	l.out.note(Note{Stage: "next epoch", Epoch: l.epoch})
	var late []*learner
	for _, x := range l.learners {
		switch {
		case x.upToDate && !x.observer:
			l.tellEntered(x, l.epoch)
		case !x.upToDate && x.stage >= registered:
			late = append(late, x)
		}
	}
	for _, x := range late {
		l.drop(x, "the epoch changed while it was brought up to date")
	}
}

func (l *Leader) tellEntered(x *learner, e zoo.Epoch) {
	x.entered = e
	l.out.send(x.link, wire.QuorumPacket{Type: wire.PacketEnterEpoch, Zxid: e.Start()})
}

// inform tells an observer what is committed, and before that the epoch that it is of.
func (l *Leader) inform(x *learner, e txn.Entry) {
	if epoch := e.Zxid.Epoch(); x.entered < epoch {
		l.tellEntered(x, epoch)
	}
	l.out.send(x.link, proposal(wire.PacketInform, e))
}

// owesOld tells whether something of an older epoch is not committed yet. An observer that
// is brought up to date meanwhile would hear of it behind the new epoch.
func (l *Leader) owesOld() bool {
	tail := l.history.Tail()
	return len(tail) > 0 && tail[0].Zxid.Epoch() < l.epoch
}

// promiseNext promises the next epoch to the leader, durably.
func (l *Learner) promiseNext(e zoo.Epoch) {
	if l.phase != following || l.observer || e != l.epoch+1 || e <= l.epochs.Accepted {
		l.Fail(fmt.Sprintf("the leader of epoch %d wants a promise of %d, accepted is %d",
			l.epoch, e, l.epochs.Accepted))
		return
	}
	// In memory at once, as in promise.
	l.epochs.Accepted = e
	l.promising = l.journal.Accept(e)
}

// tellPromise tells the leader that the promise is durable.
func (l *Learner) tellPromise() {
	if l.promising != 0 && l.journal.Durable(l.promising) {
		l.promising = 0
		l.out.send(l.link, wire.QuorumPacket{
			Type: wire.PacketNextEpoch, Zxid: l.epochs.Accepted.Start()})
	}
}

// enterNext enters the next epoch behind all that was proposed before. What follows is
// logged behind it: nothing has to wait.
func (l *Learner) enterNext(e zoo.Epoch) {
	if l.phase != following || e != l.epoch+1 {
		l.Fail(fmt.Sprintf("the leader of epoch %d enters %d", l.epoch, e))
		return
	}
	if l.epochs.Accepted < e {
		l.epochs.Accepted = e
		l.journal.Accept(e)
	}
	l.epoch, l.epochs.Current = e, e
	l.journal.Enter(e)
	l.history.start = e.Start()
}
