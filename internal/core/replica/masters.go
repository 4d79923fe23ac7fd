package replica

import (
	"slices"

	"zoo"
	"zoo/internal/core/zab"
	"zoo/internal/wire"
)

// masters is about observers that attach to followers: what a follower is for them, and
// where an observer tries next.
type masters struct {
	// serving is our service to observers, nil unless this server follows and serves.
	serving *zab.Master
	// order is the voters as this observer tries them, which is drawn, so that
	// observers spread over the ensemble.
	order []zoo.ServerID
}

// drawMasters draws the order in which an observer tries the followers. Those that it
// knows stay where they are.
func (r *Replica) drawMasters() {
	voters, known := r.members.Current.Voters(), r.masters.order
	order := slices.DeleteFunc(known, func(id zoo.ServerID) bool {
		return !slices.Contains(voters, id)
	})
	var fresh []zoo.ServerID
	for _, id := range voters {
		if !slices.Contains(order, id) {
			fresh = append(fresh, id)
		}
	}
	r.rng.Shuffle(len(fresh), func(i, j int) { fresh[i], fresh[j] = fresh[j], fresh[i] })
	r.masters.order = append(order, fresh...)
}

// beginMastering opens this follower to observers, if it is a voter.
func (r *Replica) beginMastering() {
	if r.cfg.ObserverMasters && r.learner != nil && r.members.Current.IsVoter(r.cfg.ID) {
		r.masters.serving = zab.NewMaster(r.now.Mono, r.learner)
	}
}

// endMastering hangs up on the observers: what we know of the leader is over.
func (r *Replica) endMastering() {
	if m := r.masters.serving; m != nil {
		r.effects.Hangup = append(r.effects.Hangup, m.Links()...)
		r.masters.serving = nil
	}
}

// serveObserver takes in a packet of an observer.
func (r *Replica) serveObserver(link LinkID, p *wire.QuorumPacket) {
	if r.masters.serving.Receive(r.now.Mono, link, p) != zab.Ping {
		return
	}
	for _, s := range touchedIn(p) {
		r.attached.touched[s.SessionID] = s.TimeOut
	}
}

// masterTicks is how long an observer waits for a follower to serve it: when a leader is
// new, its followers are ready only after it.
const masterTicks = 2

// route plans the way to the leader: an observer tries the followers first, again and
// again for masterTicks, and then the leader itself. Java's observer would not try the
// leader's own port, and stay alone when no follower serves observers.
func (r *Replica) route() {
	if r.cfg.ObserverMasters && r.state == Observing {
		r.dialing.leaderAt = r.now.Mono + masterTicks*r.cfg.TickTime
		r.drawMasters()
		r.tryMasters()
	}
}

func (r *Replica) tryMasters() {
	d := &r.dialing
	d.untried = d.untried[:0]
	for _, id := range r.masters.order {
		if id != r.learner.Leader() {
			d.untried = append(d.untried, id)
		}
	}
}

// dial makes the next attempt on the way to the leader.
func (r *Replica) dial() {
	d := &r.dialing
	d.to, r.effects.DialMaster = r.learner.Leader(), false
	if len(d.untried) > 0 {
		d.to, r.effects.DialMaster = d.untried[0], true
		d.untried = d.untried[1:]
	}
	r.effects.Dial = d.to
}

// dialNextMaster goes on when a follower does not serve observers, or not yet.
func (r *Replica) dialNextMaster() {
	if len(r.dialing.untried) == 0 && r.now.Mono < r.dialing.leaderAt {
		r.tryMasters()
		r.dialing.at = r.now.Mono + dialPauseMax
		return
	}
	r.dial()
}

// passMaster lets the next attempts begin with another follower than this one.
func (r *Replica) passMaster(id zoo.ServerID) {
	o := r.masters.order
	if i := slices.Index(o, id); i >= 0 {
		r.masters.order = append(slices.Delete(o, i, i+1), id)
	}
}

// masterOf tells who serves us at the other end of a link: zero is the leader itself.
func (r *Replica) masterOf(dialed zoo.ServerID) zoo.ServerID {
	if dialed == r.learner.Leader() {
		return 0
	}
	return dialed
}
