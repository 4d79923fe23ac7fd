package replica

import (
	"zoo"
	"zoo/internal/core/quorum"
	"zoo/internal/core/zab"
	"zoo/internal/txn"
	"zoo/internal/wire"
)

// members is the ensemble as this server knows it, and what remains to be done about it.
type members struct {
	quorum.Ensemble
	// told is what the election and the outside know.
	told quorum.Ensemble
	// changed says that the outside is to be told.
	changed bool
	// show says that the configuration may have to be put into the tree, since no
	// transaction does.
	show bool
}

// beginMembers finds out which configurations there are after a start: what the files
// say, and what the log proposes behind that. Whether it was committed is not known.
func (r *Replica) beginMembers(tail []txn.Entry) {
	m := &r.members
	m.Current = r.cfg.View
	if !r.changesMembers() {
		// What is proposed does not count, and what is lost must not count later.
		if m.told = m.Ensemble; r.cfg.Next != nil && r.lost(r.cfg.Next.Version()) {
			r.journal.Configure(m.Ensemble)
		}
		return
	}
	for _, e := range tail {
		if e.Op() != wire.OpReconfig {
			continue
		}
		v, err := zab.ConfigurationOf(e)
		if err != nil {
			r.trace(Trace{Stage: "configuration in the log ignored", Zxid: e.Zxid,
				Detail: err.Error()})
			continue
		}
		m.Ensemble = m.Succeed(v)
	}
	forgets := r.takeProposed(r.cfg.Next)
	if m.Current != r.cfg.View || forgets && r.cfg.Planted != zab.BugLostProposed {
		r.journal.Configure(m.Ensemble)
	}
	m.told, m.changed = m.Ensemble, m.Next != nil || forgets
}

// inTree is the version of the configuration in the tree, zero for none.
func (r *Replica) inTree() zoo.Zxid {
	n, ok := r.tree.Lookup(zab.ConfigPath)
	if !ok {
		return 0
	}
	return n.Stat().Mzxid
}

// takeProposed takes in the configuration that the files say is proposed, unless the log
// proposes a newer one. It reports whether that is to be forgotten, as its transaction was
// lost. The owner forgets it on the disk before anything else is written there:
//
//  1. A follower writes the configuration, and loses its power before the transaction that
//     proposes it is logged. The leader forgets it as well.
//  2. The follower starts, takes no note of it, and enters the next epoch.
//  3. It starts again. The configuration is of an epoch before its own now, as one that
//     NEWLEADER has brought would be, and it would lead with what nobody has committed.
func (r *Replica) takeProposed(next *quorum.View) (forgets bool) {
	m := &r.members
	switch {
	case next == nil || next.Version() <= m.Latest().Version():
		return false
	case !r.lost(next.Version()):
		m.Ensemble = m.Propose(next)
		return false
	}
	return true
}

// changesMembers tells whether configurations may change.
func (r *Replica) changesMembers() bool {
	return r.cfg.ReconfigEnabled || r.cfg.Planted == zab.Bug2819
}

// lost tells whether a configuration was written down of which the transaction is not in
// the log, since the power went between the two. It was never acknowledged here. One of
// an epoch before the one that was entered came with NEWLEADER, and binds.
func (r *Replica) lost(z zoo.Zxid) bool {
	return z.Counter() != 0 && z > r.history.Last() && z.Epoch() >= r.epochs.Current
}

// followMembers tells everybody who has to know of changed configurations.
func (r *Replica) followMembers() {
	m := &r.members
	if m.Ensemble == m.told {
		return
	}
	if before := m.told.Current; m.Current != before {
		r.effects.Changed = true
		// What has the version of an epoch, no transaction has brought.
		m.show = m.show || m.Current.Version().Counter() == 0
	}
	m.told, m.changed = m.Ensemble, true
	r.election.SetMembers(m.Ensemble)
}

// adopt takes over a newer configuration that a notification brings while this server
// looks for a leader, and looks anew. Only what is in force travels in notifications.
func (r *Replica) adopt(text string) bool {
	if !r.changesMembers() || r.state != Looking || text == "" ||
		text == r.election.Config() {
		return false
	}
	v, err := quorum.ParseView(text)
	if err != nil || v.Version() <= r.members.Current.Version() {
		return false
	}
	r.members.Ensemble = r.members.Activate(v)
	r.journal.Configure(r.members.Ensemble)
	r.followMembers()
	r.look("a newer configuration is in force")
	return true
}

// showMembers puts the configuration in force into the tree if what is there is older. The
// caller excludes readers.
func (r *Replica) showMembers() {
	m := &r.members
	if !m.show {
		return
	}
	m.show = false
	if m.Current == nil {
		return
	}
	// Without reconfiguration the tree of a leader may tell of its own configuration
	// file (ZOOKEEPER-2819).
	n, ok := r.tree.Lookup(zab.ConfigPath)
	if ok && (!r.changesMembers() || n.Stat().Mzxid < m.Current.Version()) {
		r.tree.SetConfig([]byte(m.Current.Text()), m.Current.Version(), r.now.WallMillis)
	}
}

// Members is the configuration in force, and the one that is proposed.
func (r *Replica) Members() quorum.Ensemble { return r.members.Ensemble }

// ensemble is what the preparer sees of the members.
type ensemble struct{ r *Replica }

// Members is the configuration in force, and the one that is proposed.
func (e ensemble) Members() quorum.Ensemble { return e.r.members.Ensemble }

// Synced tells whether a quorum of a configuration is in sync.
func (e ensemble) Synced(v *quorum.View) bool {
	return e.r.leader != nil && e.r.leader.Synced(v)
}
