package zab

import (
	"encoding/binary"
	"fmt"
	"slices"

	"zoo"
	"zoo/internal/check/invariant"
	"zoo/internal/core/quorum"
	"zoo/internal/core/tree"
	"zoo/internal/jute"
	"zoo/internal/txn"
	"zoo/internal/wire"
)

// ConfigurationOf reads the configuration that a transaction of type reconfig proposes.
func ConfigurationOf(e txn.Entry) (*quorum.View, error) {
	_, d := e.Open()
	var record txn.SetDataTxn
	record.DecodeFrom(&d)
	if d.Err() != nil {
		return nil, fmt.Errorf("reconfig %v: %w", e.Zxid, d.Err())
	}
	v, err := quorum.ParseView(string(record.Data))
	switch {
	case err != nil:
		return nil, fmt.Errorf("reconfig %v: %w", e.Zxid, err)
	case v.Version() != e.Zxid:
		return nil, fmt.Errorf("reconfig %v has version %v", e.Zxid, v.Version())
	}
	return v, nil
}

// change takes over other configurations, and has them written before whatever is asked
// of the disk next.
func (c *Config) change(j *Journal, e quorum.Ensemble) {
	if *c.Members != e {
		*c.Members = e
		j.Configure(e)
	}
}

// The leader's side.

// establish gives a configuration of version 0, as files have it, the version of the
// epoch, once a quorum has acknowledged that: it is then newer than what a server brings
// along that nobody has heard of yet (ZOOKEEPER-1783).
func (l *Leader) establish() {
	m := *l.cfg.Members
	if l.cfg.Reconfigures && m.Next == nil && m.Current.Version() == 0 {
		l.cfg.change(l.journal, m.Propose(m.Current.WithVersion(l.epoch.Start())))
	}
}

// proposeNext takes note of the configuration in our own proposal. From here on what is
// decided takes a quorum of both.
func (l *Leader) proposeNext(e txn.Entry) {
	if !l.cfg.Reconfigures {
		return
	}
	v, err := ConfigurationOf(e)
	if err != nil {
		invariant.Fail("propose: %v", err)
	}
	l.cfg.change(l.journal, l.cfg.Members.Propose(v))
}

// Synced tells whether a quorum of a configuration is here and in sync. Observers do not
// count, as in Java: they get no proposals, so that they could not acknowledge this one.
// Neither does a follower that has just become one, and is about to come back as such. Who
// decides by the word of an oracle does not change who decides.
func (l *Leader) Synced(v *quorum.View) bool {
	return !l.alone() && v.Decides(func(id zoo.ServerID) bool {
		x := l.voter(id)
		return id == l.cfg.ID ||
			x != nil && x.upToDate && !x.observer && !l.cfg.Members.Current.IsObserver(id)
	})
}

// rises tells whether an observer votes in the proposed configuration. A leader that has to
// complete that counts it: what it acknowledges until then is an epoch and a history, which
// it keeps like a follower. A promise of a higher epoch ends the leadership, see register.
func (l *Leader) rises(id zoo.ServerID) bool {
	m := l.cfg.Members
	return m.Next != nil && m.Next.IsVoter(id) && !m.Current.IsVoter(id)
}

// present tells whether a server is here, or comes into sync. One that is to vote in the
// proposed configuration and is an observer as yet counts, as in Java: it takes its new
// role once that is in force.
func (l *Leader) present(id zoo.ServerID) bool {
	return id == l.cfg.ID || slices.ContainsFunc(l.learners, func(x *learner) bool {
		return x.id == id && x.stage >= registered
	})
}

// agreed is the zxid up to which everything is committed.
func (l *Leader) agreed() zoo.Zxid {
	if l.alone() {
		return l.journal.Persisted()
	}
	if next := l.cfg.Members.Next; next != nil && l.cfg.Planted == BugNewQuorumOnly {
		return next.Agreed(l.reached)
	}
	return l.cfg.Members.Agreed(l.reached)
}

// activateNext brings the proposed configuration into force, which both quorums have.
func (l *Leader) activateNext(next *quorum.View) {
	l.successor = l.designate(next)
	l.cfg.change(l.journal, l.cfg.Members.Activate(next))
	l.out.note(Note{Stage: "configuration activated", Peer: l.successor,
		Zxid: next.Version(), Epoch: l.epoch})
	l.updateAlarm()
}

// designate chooses who leads a configuration: this server if it votes there at the same
// address, or else the voter with the most acknowledged.
func (l *Leader) designate(next *quorum.View) zoo.ServerID {
	if next.IsVoter(l.cfg.ID) && next.Weighs(l.cfg.ID) && l.cfg.Planted != Bug4708 &&
		quorumAddress(next, l.cfg.ID) == quorumAddress(l.cfg.Members.Current, l.cfg.ID) {
		return l.cfg.ID
	}
	var best *learner
	for _, x := range l.learners {
		if x.stage == synced && next.IsVoter(x.id) && next.Weighs(x.id) &&
			(best == nil || x.acked > best.acked) {
			best = x
		}
	}
	if best == nil {
		return l.cfg.ID
	}
	return best.id
}

func quorumAddress(v *quorum.View, id zoo.ServerID) string {
	s, _ := v.Server(id)
	return s.QuorumAddresses()
}

// HandsOver tells whether another server leads the configuration that has just come into
// force. This one commits nothing more.
func (l *Leader) HandsOver() bool { return l.successor != 0 && l.successor != l.cfg.ID }

// Successor is who leads after a leader that hands over; zero for an election.
func (l *Leader) Successor() zoo.ServerID {
	if !l.HandsOver() {
		return 0
	}
	return l.successor
}

// maybeLeave ends the role of a leader that hands over: its successor has heard of it and
// is gone, or has had a tick for that.
func (l *Leader) maybeLeave() {
	if l.HandsOver() && l.cfg.Planted != Bug3829 {
		l.Resign(fmt.Sprintf("server %d leads now", l.successor))
	}
}

// tellActivated is the COMMIT of a reconfiguration. It names the leader of the new
// configuration, so that nobody has to be elected.
func (l *Leader) tellActivated(e txn.Entry) {
	designated := binary.BigEndian.AppendUint64(nil, uint64(l.successor))
	for _, x := range l.learners {
		switch {
		case x.stage < syncing:
		case x.observer:
			if epoch := e.Zxid.Epoch(); x.entered < epoch {
				l.tellEntered(x, epoch)
			}
			l.out.send(x.link, wire.QuorumPacket{
				Type: wire.PacketInformAndActivate, Zxid: e.Zxid,
				Data: append(designated[:len(designated):len(designated)], e.Bytes...),
			})
		default:
			l.out.send(x.link, wire.QuorumPacket{
				Type: wire.PacketCommitAndActivate, Zxid: e.Zxid, Data: designated,
			})
		}
	}
}

// The learner's side.

// propose takes note of the configuration in a proposal, before that is logged.
func (l *Learner) propose(e txn.Entry) bool {
	if !l.cfg.Reconfigures {
		return true
	}
	v, err := ConfigurationOf(e)
	if err != nil {
		l.Fail(err.Error())
		return false
	}
	l.cfg.change(l.journal, l.succeed(v))
	return true
}

// succeed is the ensemble when the leader's history proposes a configuration. One that is in
// that history in front of it was in force before, and must not be lost for it:
//
//  1. A leads {A,B,C} and proposes {A,D,E}, which all but C log. The link of B breaks behind
//     its ACK, and B is told that A leads. Then A has the ACKs, commits, and proposes {A,B,C}.
//  2. B registers and is brought up to date, with both proposals. A crashes before anybody
//     else has the second one.
//  3. D and E elect D, for {A,D,E} is in force. If B goes by the first and the last
//     configuration only, B and C, which has heard of neither, elect B.
//
// What the role ends for is decided at UPTODATE: until then the leader may need us.
func (l *Learner) succeed(v *quorum.View) quorum.Ensemble {
	m := *l.cfg.Members
	if m.Next == nil || !l.shares(m.Next) {
		return m.Propose(v)
	}
	return m.Succeed(v)
}

// shares tells whether a proposed configuration is in the leader's history: it has come with
// that, or is in the log or the tree that the leader has left to us, or was told in the epoch
// that we have entered with this leader before.
func (l *Learner) shares(next *quorum.View) bool {
	z := next.Version()
	return next != l.found || l.epochs.Current == l.epoch || l.history.holds(z) ||
		z == l.cfg.InTree
}

// forgetProposed forgets a configuration that was proposed behind z, where the log is
// about to be cut. If the cut is not made the log still has it.
func (l *Learner) forgetProposed(z zoo.Zxid) {
	if idle := l.cfg.Idle; !l.cfg.Reconfigures && idle != nil && idle.Version() > z {
		l.cfg.Idle = nil
		l.journal.Configure(*l.cfg.Members)
	}
	if next := l.cfg.Members.Next; next != nil && next.Version() > z {
		l.cfg.change(l.journal, quorum.Ensemble{Current: l.cfg.Members.Current})
	}
}

// proposedByTree takes the configuration in a tree of the leader's for a proposed one,
// before the tree is installed: the transaction that brought it will not be seen.
//
//  1. A leads {A,B,C} and reconfigures to {C,D,E}, while B is away. A and B are not needed
//     any more, C, D and E go on.
//  2. B comes back and gets the tree of C, in a SNAP. It loses its power before NEWLEADER.
//  3. A and B elect: with the old configuration they were a quorum, and the tree of B holds
//     all that C had committed.
func (l *Learner) proposedByTree(t *tree.Tree, z zoo.Zxid) {
	l.forgetProposed(z)
	if !l.cfg.Reconfigures {
		return
	}
	n, ok := t.Lookup(ConfigPath)
	if !ok {
		return
	}
	if v, err := quorum.ParseView(string(n.Data())); err == nil && v.Version() <= z {
		l.cfg.change(l.journal, l.succeed(v))
	}
}

// ConfigPath is the znode that holds the configuration.
const ConfigPath = "/zookeeper/config"

// takeLeaders takes the newest configuration that the leader knows, from NEWLEADER, for a
// proposed one. It is written before the epoch is, and so before it is acknowledged.
func (l *Learner) takeLeaders(data []byte) bool {
	l.remember(data)
	if !l.cfg.Reconfigures || len(data) <= 1 || l.cfg.Planted == Bug2865 {
		return true
	}
	v, err := quorum.ParseView(string(data))
	if err != nil {
		l.Fail(fmt.Sprintf("NEWLEADER's configuration: %v", err))
		return false
	}
	l.leaders = v
	after := l.succeed(v)
	if after.Next != v {
		after = quorum.Ensemble{Current: after.Current}.Propose(v)
	}
	l.cfg.change(l.journal, after)
	return true
}

// commitAndActivate takes in the commit of a reconfiguration.
func (l *Learner) commitAndActivate(p *wire.QuorumPacket) {
	d := jute.NewDecoder(p.Data)
	designated := zoo.ServerID(d.Long())
	if d.Err() != nil {
		l.Fail(fmt.Sprintf("malformed %v", p.Type))
		return
	}
	if p.Type == wire.PacketInformAndActivate {
		l.log(&wire.QuorumPacket{Type: p.Type, Zxid: p.Zxid, Data: p.Data[len(p.Data)-d.Len():]})
	}
	l.designated = designated
	l.commit(p.Zxid)
	next := l.cfg.Members.Next
	if l.failed != "" || next == nil || next.Version() != p.Zxid {
		return
	}
	if l.phase != following {
		l.leaders = next // Its role may end with UPTODATE, and not before.
		return
	}
	l.activate(next, designated)
}

// activateLeaders brings the configuration of NEWLEADER into force at UPTODATE, when a
// quorum has it; but not one that the leader is just proposing:
//
//  1. A leads {A,B,C} and proposes {C,D,E}. B has it, too.
//  2. D and E come into sync, and hear of it with NEWLEADER.
//  3. A crashes. D and E elect each other, a quorum of the new configuration …
//  4. … and so do B and C, of the old one, if B loses its log or C is the leader.
func (l *Learner) activateLeaders() {
	v := l.leaders
	if v != nil && (!l.outstanding(v.Version()) || l.cfg.Planted == BugEarlyActivation) {
		l.activate(v, 0)
	}
	l.goBy(0)
}

// outstanding tells whether a configuration is not committed at UPTODATE. Of an epoch before
// the leader's it may be as well, if the leader has entered its epoch while it led: then the
// transaction is one of those that were outstanding at NEWLEADER. If there is none a leader of
// Java's has completed the configuration without it.
func (l *Learner) outstanding(z zoo.Zxid) bool {
	return z > l.history.Committed() && (z > l.epoch.Start() || l.history.Has(z))
}

// activate brings a configuration into force. Who leads it is zero if that is not known.
func (l *Learner) activate(v *quorum.View, designated zoo.ServerID) {
	after := l.cfg.Members.Activate(v)
	if after == *l.cfg.Members {
		return
	}
	l.cfg.change(l.journal, after)
	l.out.note(Note{Stage: "configuration activated", Peer: designated, Zxid: v.Version(),
		Epoch: l.epoch})
	l.goBy(designated)
}

// goBy goes by the configuration that is in force by now. If that changes what this server
// is, or whom it follows, the role ends; designated leads then, zero if that is not known.
func (l *Learner) goBy(designated zoo.ServerID) {
	before, v := l.goesBy, l.cfg.Members.Current
	if l.goesBy = v; before == v {
		return
	}
	leads := v.IsVoter(l.leader) &&
		quorumAddress(before, l.leader) == quorumAddress(v, l.leader)
	if designated == 0 && leads || before.SameMembers(v) {
		designated = l.leader
	}
	if designated == l.leader && l.observer == v.IsObserver(l.cfg.ID) {
		return
	}
	l.successor = designated
	l.Fail("the configuration has changed")
}

// Successor is who leads after a role that a reconfiguration has ended; zero for an
// election.
func (l *Learner) Successor() zoo.ServerID { return l.successor }
