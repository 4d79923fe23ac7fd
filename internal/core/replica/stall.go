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
//
// What counts is silence that this server was awake for, see docs/adr/0065-silent-disk.md.
type stall struct {
	// silent is for how long the disk has owed something and finished nothing.
	silent time.Duration
	// aside says that this server keeps out of the election.
	aside bool
}

// passSilence counts the time that the disk is silent. A server that is awake takes a step
// every half tick while its disk owes something, see diskDeadline. If it comes much later it
// was itself asleep, or kept from its work, and the disk's word may be waiting: that time
// counts for nothing, and half a tick is left for the word to arrive.
func (r *Replica) passSilence(before, now time.Duration) {
	s, half := &r.stall, r.cfg.TickTime/2
	switch gap := now - before; {
	case r.journal.Idle():
		s.silent = 0
	case gap > half+half/2:
		s.silent = max(min(s.silent, r.cfg.DiskSilenceMax-half), 0)
	default:
		s.silent += gap
	}
}

// diskDeadline is when a step is due for the sake of the disk's silence: in half a tick, or
// when a leader's disk has been silent for long enough.
func (r *Replica) diskDeadline() time.Duration {
	wait := r.cfg.TickTime / 2
	if r.leader != nil {
		wait = min(wait, r.cfg.DiskSilenceMax-r.stall.silent)
	}
	return r.now.Mono + wait
}

// judgeDisk hands over when the leader's disk is silent. It is for a Tick, which comes behind
// all that has arrived: the word of the disk may be among that.
func (r *Replica) judgeDisk() {
	s := &r.stall
	if s.silent >= r.cfg.DiskSilenceMax && r.leader.Resigned() == "" {
		s.aside = true
		r.trace(Trace{Stage: "disk is silent", Detail: "handing over to another leader"})
		r.leader.Resign("the disk is silent")
	}
}

// returnToElection comes back when the disk has answered.
func (r *Replica) returnToElection() {
	if r.stall.aside && r.journal.Idle() && r.leader == nil && r.learner == nil {
		r.stall.aside = false
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
