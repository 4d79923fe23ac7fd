package replica

import (
	"time"

	"zoo"
)

// Patience is how long a server tries to reach others, and how long it rests in between.
// Zero values are what is right without an operator's word.
type Patience struct {
	// ObserverReconnect and ObserverElection make an observer that has lost its leader rest
	// before it looks for one again, for a random part of each: many observers would look
	// at once (observer.reconnectDelayMs, observer.election.DelayMs). Zero is no rest.
	ObserverReconnect, ObserverElection time.Duration
	// Connect is how long a learner tries to reach its leader; zero is nine attempts, and
	// initLimit at most (connectToLearnerMasterLimit).
	Connect time.Duration
	// ConnectPause is the longest pause between two attempts: 100 ms
	// (leaderConnectDelayDuringRetryMs).
	ConnectPause time.Duration
	// EpochWait is how long a leader waits for a quorum to register before it gives up for
	// any one of its voters that looks for a leader again (leader.maxTimeToWaitForEpoch).
	// Zero is no bound: it gives up when too few are left for a quorum.
	EpochWait time.Duration
}

// rest is what an observer does between two leaders, if it is to.
type rest struct {
	// until is its end, zero for none.
	until time.Duration
}

// beginRest lets an observer rest whose role ends, unless it knows who leads next. One that
// rests already goes on with that.
func (r *Replica) beginRest(successor zoo.ServerID) {
	if successor != 0 {
		r.rest.until = 0
	}
	if r.state != Observing || successor != 0 {
		return
	}
	p := &r.cfg.Patience
	if pause := r.part(p.ObserverReconnect) + r.part(p.ObserverElection); pause > 0 {
		r.rest.until = r.now.Mono + pause
		r.trace(Trace{Stage: "resting", Detail: pause.String()})
	}
}

// part draws from [0, d). Without a pause nothing is drawn.
func (r *Replica) part(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	return time.Duration(r.rng.Int64N(int64(d)))
}

// endRest looks for a leader when the rest is over.
func (r *Replica) endRest() {
	if r.rest.until == 0 || r.now.Mono < r.rest.until {
		return
	}
	r.rest.until = 0
	r.election.Look(r.now.Mono, r.history.Last(), r.epochs.Current)
}
