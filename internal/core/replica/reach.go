package replica

import (
	"time"

	"zoo"
	"zoo/internal/core/zab"
)

// reach is what a server does about leaders that can be elected and not be followed, for
// their quorum port is out of reach while their election port is not. They would win every
// election: whoever has the longest log and the highest id does, reachable or not.
//
//  1. 1, 2 and 3 elect 3. Nothing that 1 and 2 send to its quorum port arrives.
//  2. 1 and 2 give up, and shun 3: they prefer other candidates for a while, if there are any
//     with as much as they have themselves (election.Machine.Shun).
//  3. 3, which nobody has come to, says so and keeps out of elections for a moment, if the
//     others are a quorum without it. Servers that do not shun it, as Java's, elect one of
//     themselves then as well.
//  4. 2 leads. 3 looks again, hears of it, and follows: that way its connections work.
//
// Whoever is the only one that can be elected is elected all the same, and tried again.
type reach struct {
	// forsaken counts in a row how often this server was elected and nobody came.
	forsaken int
	// until is when it looks for a leader again; zero while it keeps in.
	until time.Duration
}

const (
	// shunInits is how long a leader is shunned that nobody could follow, in times of
	// initLimit. One that was followed and fell silent is shunned for one initLimit: it may
	// have hung, and only the election that follows must not choose it.
	shunInits = 10
	// asidePauseMin is the shortest time that a leader without followers keeps out of
	// elections, longer than a vote takes. It is half the time that it has led in vain, if that
	// is longer, and doubles each time, to asideInitsMax times initLimit.
	asidePauseMin = 500 * time.Millisecond
	asideInitsMax = 4
	// shunMax is how long an election may go on before those that are shunned are taken, and
	// half of initLimit at most.
	shunMax = 2 * time.Second
)

func (r *Replica) initTime() time.Duration {
	return time.Duration(r.cfg.InitLimit) * r.cfg.TickTime
}

// shun prefers other candidates to a leader that could not be followed.
func (r *Replica) shun() {
	if r.state != Following || r.cfg.Planted == zab.BugUnreached {
		return
	}
	pause := r.initTime()
	if !r.ready {
		pause *= shunInits
	}
	r.election.Shun(r.learner.Leader(), r.now.Mono+pause)
	r.trace(Trace{Stage: "leader not reached", Peer: r.learner.Leader(),
		Detail: "others come first in elections for " + pause.String()})
}

// stepAside keeps a leader that nobody has come to out of the next election, if others can
// decide it. That a quorum has turned away is no reason the first time: it happens when
// servers start.
func (r *Replica) stepAside() {
	lasted := r.now.Mono - r.electedAt
	if !r.leader.Forsaken() || r.cfg.Planted == zab.BugUnreached {
		return
	}
	r.reach.forsaken++
	if r.reach.forsaken == 1 && lasted < r.initTime() || !r.othersDecide() {
		return
	}
	pause := max(lasted/2, asidePauseMin) << min(r.reach.forsaken-1, 8)
	pause = min(pause, asideInitsMax*r.initTime())
	r.reach.until = r.now.Mono + pause
	r.trace(Trace{Stage: "stepping aside",
		Detail: "nobody came to follow; no candidate for " + pause.String()})
}

// othersDecide tells whether those that can be reached are a quorum without this server.
func (r *Replica) othersDecide() bool {
	return r.members.Decides(func(id zoo.ServerID) bool {
		return id != r.cfg.ID && r.election.Responsive(id)
	})
}

// stepIn looks for a leader again when the time aside is over, or nobody can decide without
// this server.
func (r *Replica) stepIn() {
	if r.reach.until == 0 || r.now.Mono < r.reach.until && r.othersDecide() {
		return
	}
	r.reach.until = 0
	r.trace(Trace{Stage: "looking", Zxid: r.history.Last(), Epoch: r.epochs.Current,
		Detail: "no longer aside"})
	r.election.Look(r.now.Mono, r.history.Last(), r.epochs.Current)
}

// reached forgets what could not be reached, once this server serves.
func (r *Replica) reached() {
	r.reach.forsaken = 0
	if r.learner != nil {
		r.election.Forgive(r.learner.Leader())
	}
}
