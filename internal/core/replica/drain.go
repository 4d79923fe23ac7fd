package replica

import "zoo/internal/wire"

// DrainRefusal tells why this server cannot be drained now; empty if it can, or if its
// leader has to say.
func (r *Replica) DrainRefusal() string {
	switch {
	case r.state == Standalone:
		return "it is the only server: its clients would have nowhere to go"
	case !r.serving:
		return "it does not serve now"
	case r.leader != nil:
		return r.leader.DrainRefusal(r.cfg.ID)
	case !r.learner.Extends():
		return "a server that is written in Java leads, and does not know who else takes clients"
	}
	return ""
}

// drain asks the leader whether this server may part with its clients. A leader hands over
// before it is drained, so that it has to ask as well.
func (r *Replica) drain() {
	switch why := r.DrainRefusal(); {
	case r.attendance.Drain != wire.DrainNone:
	case why == "" && r.leader != nil:
		r.attendance.Open("it leads, and has to hand over first")
	case why != "":
		r.attendance.Open(why)
	default:
		r.learner.AskDrain()
	}
}

func (r *Replica) undrain() {
	if r.learner != nil {
		r.learner.EndDrain()
		return
	}
	r.attendance.Open("")
}

// forgetAsked ends a question that its leader will not answer any more.
func (r *Replica) forgetAsked() {
	if r.attendance.Drain == wire.DrainAsked {
		r.attendance.Open("the leader changed before it answered; try again")
	}
}

// noteDrain tells when this server has begun to turn clients away, or to take them.
func (r *Replica) noteDrain() {
	if r.drainTold.Drain == r.attendance.Drain && r.drainTold.Refusal == r.attendance.Refusal {
		return
	}
	before := r.drainTold.Drain
	r.drainTold = r.attendance
	r.effects.Changed = true
	switch {
	case r.attendance.Drain == wire.DrainDone:
		r.trace(Trace{Stage: "drain", Detail: "no new clients are taken"})
	case before == wire.DrainDone:
		r.trace(Trace{Stage: "drain ended", Detail: r.attendance.Refusal})
	case r.attendance.Refusal != "":
		r.trace(Trace{Stage: "drain refused", Detail: r.attendance.Refusal})
	}
}

// noteSurplus passes on how many clients are to go to other servers.
func (r *Replica) noteSurplus() {
	n := 0
	switch {
	case r.leader != nil:
		n = r.leader.TakeSurplus()
	case r.learner != nil:
		n = r.learner.TakeSurplus()
	}
	if n > 0 {
		r.effects.SendAway = n
	}
}
