package replica

import "time"

// stall is what a server does whose disk does not answer. As a leader it would keep
// every client waiting: what it cannot store it does not apply. So it hands over, and
// keeps out of the election until its disk answers again: with the longest log it would
// only win it once more (pain known from ZOOKEEPER-3657's discussion).
//
//  1. A leads B and C. The disk of A hangs; B and C store and acknowledge, and A commits,
//     but applies nothing.
//  2. After DiskSilenceMax A resigns and says nothing in the election.
//  3. B and C elect each other; all that A has committed is in the log of one of them.
//  4. The disk of A answers. A looks for a leader, and follows.
type stall struct {
	// silent is for how long the disk has owed something and finished nothing.
	silent time.Duration
	// aside says that this server keeps out of the election.
	aside bool
}

// passSilence counts the time that the disk is silent. Of a server that was itself
// asleep no more than half a tick counts: its disk's word may be waiting.
func (r *Replica) passSilence(before, now time.Duration) {
	if r.journal.Idle() {
		r.stall.silent = 0
		return
	}
	r.stall.silent += min(now-before, r.cfg.TickTime/2)
}

// watchDisk hands over when the leader's disk is silent, and comes back when it answers.
func (r *Replica) watchDisk() {
	s := &r.stall
	if r.leader != nil && s.silent >= r.cfg.DiskSilenceMax && r.leader.Resigned() == "" {
		s.aside = true
		r.trace(Trace{Stage: "disk is silent", Detail: "handing over to another leader"})
		r.leader.Resign("the disk is silent")
	}
	if s.aside && r.journal.Idle() && r.leader == nil && r.learner == nil {
		s.aside = false
		r.effects.Changed = true
		r.election.Look(r.now.Mono, r.history.Last(), r.epochs.Current)
	}
}

// loseDisk ends everything: what the disk holds is to be found out anew.
func (r *Replica) loseDisk(why string) {
	r.reload, r.serving = true, false
	r.effects.Changed = true
	r.trace(Trace{Stage: why, Zxid: r.history.Last(), Epoch: r.epochs.Current})
}
