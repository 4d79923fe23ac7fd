package replica

import "zoo/internal/core/zab"

// An observer with syncEnabled=false keeps its history in memory: its disk stays what it
// was when that began, the history of a server that was switched off. So whatever makes
// it more than an observer begins with what the disk holds, as if it were switched on.
//
//  1. A leads B and C; D observes with its history in memory.
//  2. A proposes {B,C,D}. C is away, so that there is no quorum of that yet.
//  3. The link of D breaks, and D comes back. A hears it for the proposed configuration.
//  4. D learns with NEWLEADER that it is to vote. It must not acknowledge what its disk
//     has not got: it recovers that, and is synchronised once more, with a log.
//
// Scenario: testdata/observer_unlogged_rises.txt.

// mayForget tells whether this server may keep its history in memory.
func (r *Replica) mayForget() bool {
	return r.cfg.ObserverUnlogged && r.members.Current.IsObserver(r.cfg.ID) && !r.rises()
}

// rises tells whether this server is to vote in the proposed configuration.
func (r *Replica) rises() bool {
	next := r.members.Next
	return next != nil && next.IsVoter(r.cfg.ID)
}

// spareDisk begins to keep the history in memory, if this server is to.
func (r *Replica) spareDisk() {
	if r.mayForget() && !r.journal.Unlogged() {
		r.journal.Unlog()
		r.trace(Trace{Stage: "history in memory", Zxid: r.history.Last(),
			Epoch: r.epochs.Current, Detail: "this observer writes no log and no snapshots"})
	}
}

// keepLog ends that when this server votes or is about to, or is no member any more. Of a
// configuration that is only proposed the disk does not know behind the log that it has,
// so that the next replica must be told.
func (r *Replica) keepLog() {
	if r.journal.Unlogged() && !r.mayForget() && r.cfg.Planted != zab.BugUnloggedVoter {
		r.effects.KeepLog = r.rises()
		r.loseDisk("log wanted")
	}
}

// cutBelowTree follows a learner that was told to cut below what the tree holds. A disk
// that has a log is cut, and recovered; what is in memory only a new tree can replace.
func (r *Replica) cutBelowTree() {
	if r.journal.Unlogged() {
		r.uncut = true
		return
	}
	r.reload, r.serving, r.effects.Changed = true, false, true
}
