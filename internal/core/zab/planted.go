package zab

import (
	"zoo/internal/core/quorum"
	"zoo/internal/wire"
)

// Planted is a known bug of ZooKeeper, put back on purpose so that a test can
// show that the simulator finds it. It is zero everywhere but in such tests.
type Planted uint8

// The planted bugs, by their ZOOKEEPER number.
const (
	PlantedNone Planted = iota
	// Bug2845 applies the uncommitted tail when a role ends.
	Bug2845
	// Bug3911 applies what DIFF brought before the leader has its quorum.
	Bug3911
	// Bug4643 writes currentEpoch before the history that belongs to it.
	Bug4643
	// Bug4646 acknowledges NEWLEADER before the received history is durable.
	Bug4646
	// Bug4685 acknowledges proposals before NEWLEADER; the leader gives up.
	Bug4685
	// Bug3642 takes a SNAP into memory only, and logs the DIFF behind it.
	Bug3642
	// Bug4882 takes a failed append for a durable one.
	Bug4882
	// Bug2355 forgets committed transactions that were not applied when the
	// role ended, such as a closeSession.
	Bug2355
	// Bug3701 takes a failed truncation of the log for one that happened.
	Bug3701
	// Bug1675 answers a sync without asking a quorum whether this server still leads.
	Bug1675
	// TurnUnpromised enters the next epoch without the promises of a quorum.
	TurnUnpromised
	// Bug4394 leaves the leader at a COMMIT between NEWLEADER and UPTODATE.
	Bug4394
	// Bug4785 writes currentEpoch beside the log instead of behind it.
	Bug4785
	// Bug4712 lets the log writer of a role that has ended write on for a while.
	Bug4712
	// Bug4925 keeps what a synchronisation has brought from later learners.
	Bug4925
	// Bug3104 sends a tree under a later zxid than the tree is of.
	Bug3104
	// Bug1367 forgets what was committed during the synchronisation.
	Bug1367
	// Bug1154 sends DIFF to a learner that is ahead, which then keeps its tail.
	Bug1154
	// Bug1156 cuts one transaction too many.
	Bug1156
	// Bug1277 counts on when the counter of the epoch is used up.
	Bug1277
	// Bug1732 wants the same round and zxid of votes that have settled.
	Bug1732
	// Bug3109 waits for initLimit when its voters have turned away.
	Bug3109
	// Bug1208 takes requests of a session behind its end.
	Bug1208
	// Bug3471 keeps an upgraded session in the list of the local ones until the upgrade
	// is committed; who closes it meanwhile makes the leader forget it.
	Bug3471
	// Bug4203 goes on leading when the quorum port has failed.
	Bug4203
	// Bug2872 takes a snapshot for durable that was not synced.
	Bug2872
	// BugRepeat logs a proposal again that is sent twice, BugGap proposes only to who has
	// acknowledged NEWLEADER: two ways to read the ZAB paper that ZooKeeper's own TLA+
	// specification warns of.
	BugRepeat
	BugGap
	// BugNewQuorumOnly commits a reconfiguration by the new configuration alone.
	BugNewQuorumOnly
	// BugEarlyActivation takes the configuration of NEWLEADER for one in force at
	// UPTODATE although it is still proposed, as Java does.
	BugEarlyActivation
	// BugUnloggedVoter lets an observer that has its history in memory go on so when it
	// votes.
	BugUnloggedVoter
	// BugHalfOpen counts a voter that has turned away for as long as its link stands.
	BugHalfOpen
	// Bug1496 renews a session whose end is under way.
	Bug1496
	// Bug2819 lets configurations go through the ensemble although reconfiguration is off.
	Bug2819
	// Bug2865 keeps from a server which configuration came into force while it was away.
	Bug2865
	// Bug3829 has a leader that a configuration of others does not name commit nothing.
	Bug3829
	// Bug4708 takes the leader's own address in a new configuration for another one.
	Bug4708
	// BugOldGrant decides on by the grant of an oracle that has taken it back.
	BugOldGrant
	// BugChosenAlone waits for initLimit for a voter that has promised already the epoch
	// which was chosen without it.
	BugChosenAlone
	// BugLostProposed leaves a proposed configuration in the files when its transaction was
	// lost, so that it counts in a later epoch.
	BugLostProposed
	// BugForgottenDrain forgets whom the leader has let go.
	BugForgottenDrain
	// BugDeserted never ends a drain.
	BugDeserted
	// BugUnreached elects a leader again and again whose quorum port nobody reaches.
	BugUnreached
)

// takesProposals tells whether a follower is sent what is proposed.
func (l *Leader) takesProposals(x *learner) bool {
	if l.cfg.Planted == BugGap {
		return x.stage == synced && !x.observer
	}
	return x.stage >= syncing && !x.observer
}

// misplan puts back bugs of the sync decision.
func (l *Leader) misplan(p plan) plan {
	switch {
	case l.cfg.Planted == Bug1154 && p.kind == wire.PacketTrunc:
		p.kind = wire.PacketDiff
	case l.cfg.Planted == Bug3104 && p.kind == wire.PacketSnap:
		p.zxid, p.from = l.history.Committed(), l.history.committed
	}
	return p
}

// remember is half of ZOOKEEPER-3829: a configuration that another server goes by, of which
// nobody should take note where configurations cannot change.
func (l *Learner) remember(data []byte) {
	if l.cfg.Planted != Bug3829 {
		return
	}
	if v, err := quorum.ParseView(string(data)); err == nil {
		l.history.seen = v
	}
}

// paralyse is the other half: the new leader finds that somebody else is to lead, and
// commits nothing.
func (l *Leader) paralyse() {
	if v := l.history.seen; v != nil && !v.IsVoter(l.cfg.ID) {
		l.successor = l.designate(v)
	}
}
