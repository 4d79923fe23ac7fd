package replica

import (
	"time"

	"zoo"
	"zoo/internal/core/election"
	"zoo/internal/core/prep"
	"zoo/internal/core/session"
	"zoo/internal/core/zab"
	"zoo/internal/wire"
)

// dialing is the attempt to reach the leader.
type dialing struct {
	attempts int
	// failures counts joins in a row that came to nothing.
	failures int
	// at is when to try again, zero while an attempt is under way or none is
	// needed.
	at time.Duration
	// to is whom the last attempt was for: the leader, or a follower that serves
	// observers, of which some are untried.
	to      zoo.ServerID
	untried []zoo.ServerID
	// leaderAt is when an observer has waited long enough for such a follower.
	leaderAt time.Duration
}

const (
	// dialAttemptsMax, at dialPauseMax at most between two, gives a leader
	// half a second to open its quorum port: it may decide finalizeWait later
	// than its followers, and opens the port at once then. See Patience for both.
	dialAttemptsMax = 9
	dialPauseMin    = 5 * time.Millisecond
	dialPauseMax    = 100 * time.Millisecond
	// A leader that turns us away does so again; joinPauseMin, doubling to
	// joinPauseMax, keeps us from asking as fast as the network can.
	joinPauseMin = 50 * time.Millisecond
	joinPauseMax = time.Second
)

// look begins an election. What was committed stays to be applied; the tail
// stays a tail, for the next synchronisation to settle.
func (r *Replica) look(why string) { r.leave(why, 0) }

// leave ends the role. If it is known who leads next there is no election.
func (r *Replica) leave(why string, successor zoo.ServerID) {
	r.plantAtRoleEnd()
	r.endMastering()
	r.beginRest(successor)
	r.forgetAsked()
	r.state, r.serving, r.ready = Looking, false, false
	r.leader, r.learner, r.writer = nil, nil, nil
	r.established = 0
	r.dialing = dialing{failures: r.dialing.failures}
	r.attached.clear()
	r.localSessions, r.readOnly = nil, readOnly{}
	if r.cfg.ReadOnly {
		r.readOnly.at = r.now.Mono + r.cfg.ReadOnlyAfter
	}
	r.effects.Changed = true
	r.trace(Trace{Stage: "looking", Zxid: r.history.Last(), Epoch: r.epochs.Current, Detail: why})
	switch {
	case r.stall.aside || r.rest.until != 0:
		r.election.Withdraw()
		return
	case r.reach.until != 0:
		r.election.Abstain()
		return
	}
	if successor != 0 {
		r.election.Appoint(election.Vote{
			Leader: successor, Zxid: r.history.Last(), Epoch: r.epochs.Current})
		return
	}
	r.election.Look(r.now.Mono, r.history.Last(), r.epochs.Current)
}

// plantAtRoleEnd puts back two bugs of ending roles.
func (r *Replica) plantAtRoleEnd() {
	switch r.cfg.Planted {
	case zab.Bug2845:
		r.history.Commit(r.history.Last())
	case zab.Bug2355:
		r.history.Forget()
	}
}

// endRole notices that the leader or learner has given up.
func (r *Replica) endRole() {
	switch {
	case r.leader != nil && r.leader.Resigned() != "":
		r.effects.Hangup = append(r.effects.Hangup, r.leader.Links()...)
		r.stepAside()
		r.leave(r.leader.Resigned(), r.leader.Successor())
	case r.learner != nil && r.learner.Failed() != "":
		if link := r.learner.Link(); link != 0 {
			r.effects.Hangup = append(r.effects.Hangup, link)
		}
		if r.learner.Unanswered() {
			// Perhaps this leader cannot send its tree before we follow it. The next
			// one is told what we have, as if nothing had been.
			r.uncut = false
		}
		r.passMaster(r.learner.Master())
		if r.learner.Reload() {
			r.cutBelowTree()
		}
		if r.reload {
			return
		}
		if !r.serving {
			r.dialing.failures++
		}
		if r.learner.Silent() {
			r.election.Silent(r.learner.Leader())
		}
		if r.learner.Unreached() {
			r.shun()
		}
		r.leave(r.learner.Failed(), r.learner.Successor())
	}
}

// takeRole follows the outcome of an election.
func (r *Replica) takeRole() {
	if r.election == nil {
		return
	}
	vote, decided := r.election.Outcome()
	if !decided || r.leader != nil || r.learner != nil {
		return
	}
	r.endReadOnly()
	r.trace(Trace{Stage: "elected", Peer: vote.Leader, Zxid: vote.Zxid, Epoch: vote.Epoch})
	r.effects.Changed = true
	if vote.Leader == r.cfg.ID {
		r.becomeLeader()
		return
	}
	r.becomeLearner(vote.Leader)
}

func (r *Replica) becomeLeader() {
	r.state, r.electedAt = Leading, r.now.Mono
	r.strayed = map[zoo.ServerID]bool{}
	r.leader = zab.NewLeader(
		r.now.Mono, r.zabConfig(), r.history, r.journal, &r.epochs, &r.out)
	r.leader.SetShort(r.space.low)
	r.leader.SetGranted(r.now.Mono, r.granted)
	// Whatever the disk still owes from before is not this role's fault.
	r.stall.silent = 0
}

func (r *Replica) becomeLearner(leader zoo.ServerID) {
	// One that is no member follows as well, and is not counted.
	r.state, r.electedAt = Following, r.now.Mono
	if r.members.Current.IsObserver(r.cfg.ID) {
		r.state = Observing
	}
	r.spareDisk()
	r.learner = zab.NewLearner(
		r.now.Mono, r.zabConfig(), leader, r.history, r.journal, &r.epochs, &r.out)
	r.learner.SetShort(r.space.low)
	if r.uncut {
		r.learner.WantTree()
	}
	r.route()
	if n := r.dialing.failures; n > 0 {
		r.dialing.at = r.now.Mono + r.joinPause(n)
		return
	}
	r.dial()
}

// joinPause is how long to wait after so many failures in a row. It stays well
// below initLimit: the learner's patience runs meanwhile, and one that gave up
// before it dialed would never join.
func (r *Replica) joinPause(failures int) time.Duration {
	patience := r.initTime()
	if limit := r.cfg.Patience.Connect; limit > 0 {
		patience = min(patience, limit)
	}
	return min(joinPauseMin<<min(failures-1, 8), joinPauseMax, patience/4)
}

// serveAlone makes a standalone server: what is logged is committed.
func (r *Replica) serveAlone() {
	r.state = Standalone
	r.history.Commit(r.history.Last())
	r.readyAt(r.history.Last())
}

// readyAt says that the role has come so far that the server may serve once
// everything up to z is applied.
func (r *Replica) readyAt(z zoo.Zxid) { r.ready, r.serveAt = true, z }

// maybeServe begins to serve. A leader has applied all of its initial history by
// then, since it prepares transactions against the tree.
func (r *Replica) maybeServe() {
	if r.leader != nil && r.leader.Broadcasting() && !r.ready {
		r.readyAt(r.history.Committed())
	}
	if !r.ready || r.serving || r.history.Applied() < r.serveAt {
		return
	}
	r.serving, r.served, r.uncut = true, true, false
	r.logged = logged{}
	r.dialing.failures = 0
	if r.election != nil {
		r.reached()
	}
	r.effects.Changed = true
	r.beginLocalSessions()
	r.beginMastering()
	if r.learner == nil {
		r.ForgetProposals()
		r.beginWriting()
		r.endOrphans()
		r.releaseHeld()
	}
	r.trace(Trace{
		Stage: "serving", Zxid: r.history.Applied(), Epoch: r.epochs.Current,
		Detail: r.state.String(),
	})
}

// followEpoch tells the election the epoch of the leadership, which may change while it
// lasts.
func (r *Replica) followEpoch() {
	if r.election == nil || !r.serving || r.established == r.epochs.Current {
		return
	}
	r.established = r.epochs.Current
	r.election.Established(r.established)
	r.effects.Changed = true
}

// beginWriting sets up what makes transactions. Every session gets its full
// timeout: nobody could hear their clients in the meantime.
func (r *Replica) beginWriting() {
	w := &writer{tracker: session.NewTracker(r.cfg.TickTime)}
	r.tree.EachSession(func(id zoo.SessionID, timeout int32) {
		w.tracker.Add(id, timeout, r.now.Mono)
	})
	w.expireAt = r.now.Mono + r.cfg.TickTime
	w.reaper = newReaper(r.cfg.Reaping, r.now.Mono)
	w.prep = prep.New(r.tree, prep.Config{
		Sessions: sessions{r}, ACL: r.cfg.Rules, Digest: !r.cfg.Undigested,
		EndsUnlisted: r.cfg.EndsUnlisted,
		Quorum:       r.state != Standalone, ReconfigEnabled: r.cfg.ReconfigEnabled,
		Ensemble: ensemble{r}, VotersMin: r.cfg.VotersMin,
		EnforceQuota: r.cfg.EnforceQuota, EntryBytesMax: r.cfg.EntryBytesMax,
	})
	r.writer = w
}

func (r *Replica) electionDown(peer zoo.ServerID) {
	r.election.LinkDown(r.now.Mono, peer)
	r.stepIn()
	if r.learner != nil && r.learner.Leader() == peer && r.learner.Link() == 0 {
		r.learner.Fail("the leader is gone")
	}
}

func (r *Replica) notified(ev Notified) {
	n := ev.Notification
	if r.adopt(n.Config) {
		return
	}
	again := r.election.TurnsAway(n)
	r.election.Receive(r.now.Mono, ev.Peer, n)
	joining := r.learner != nil && r.learner.Leader() == ev.Peer && !r.learner.Following()
	switch {
	case joining && n.State == wire.Following && n.Round >= r.election.Round():
		r.learner.Fail("the leader follows somebody else")
	case !again:
	case joining && !r.learner.Answered() && r.now.Mono-r.electedAt >= r.initTime()/2:
		r.learner.GiveUp("the leader looks for a leader itself, and had no quorum")
	case joining:
		r.learner.Fail("the leader looks for a leader itself")
	case r.leader != nil && !r.leader.Broadcasting() && r.cfg.Planted != zab.Bug3109:
		r.strayed[ev.Peer] = true
		r.leader.Stray(ev.Peer)
		r.maybeAbandon()
		r.maybeQuit(ev.Peer)
	}
}

// maybeAbandon gives up a lead that has not begun when a quorum has turned to another
// election. It is asked whenever a voter says so, and when the link of one breaks that
// has said so before and come back.
func (r *Replica) maybeAbandon() {
	if !r.leader.Broadcasting() && !r.quorumRemains() {
		r.giveUpFor("a quorum looks for a leader again")
	}
}

// maybeQuit gives up a lead that has waited for its epoch for longer than the operator wants,
// when a voter that has elected this server looks for a leader again (ZOOKEEPER-3756's
// leader.maxTimeToWaitForEpoch).
func (r *Replica) maybeQuit(peer zoo.ServerID) {
	limit := r.cfg.Patience.EpochWait
	if limit > 0 && r.now.Mono-r.electedAt > limit && r.leader.Discovering() &&
		r.election.Elected(peer) {
		r.giveUpFor("a voter looks for a leader again")
	}
}

// giveUpFor ends a lead for the sake of those that have turned away.
func (r *Replica) giveUpFor(reason string) {
	if r.leader.Discovering() {
		r.leader.Forsake(reason)
		return
	}
	r.leader.Resign(reason)
}

func (r *Replica) linkUp(ev LinkUp) {
	switch {
	case ev.Leader == 0 && r.leader != nil:
		r.leader.Connected(r.now.Mono, ev.Link)
	case ev.Leader == 0 && r.masters.serving != nil:
		r.masters.serving.Connected(r.now.Mono, ev.Link)
	case ev.Leader != 0 && r.learner != nil && r.dialing.to == ev.Leader &&
		r.learner.Link() == 0:
		r.dialing.at = 0
		r.learner.Attach(r.masterOf(ev.Leader))
		r.learner.Connected(r.now.Mono, ev.Link)
	default:
		// It belongs to a role that has ended meanwhile.
		r.effects.Hangup = append(r.effects.Hangup, ev.Link)
	}
}

func (r *Replica) linkDown(link LinkID) {
	if r.leader != nil {
		id := r.leader.Member(link)
		r.leader.Disconnected(link)
		if r.strayed[id] && r.cfg.Planted != zab.Bug3109 {
			r.maybeAbandon()
		}
	}
	if r.masters.serving != nil {
		r.masters.serving.Disconnected(link)
	}
	switch {
	case r.learner == nil || r.learner.Link() != link:
	case r.learner.Registering() && r.election.Linked(r.learner.Leader()):
		// Whoever took the connection, such as a proxy, did not reach the leader yet. A
		// new round would only meet a leader that waits for us until initLimit.
		r.learner.Disconnected()
		r.dialFailed(r.dialing.to)
	default:
		r.learner.Fail("the link to the leader broke")
	}
}

// dialFailed tries again soon: a leader opens its quorum port only once it
// knows that it leads.
func (r *Replica) dialFailed(leader zoo.ServerID) {
	if r.learner == nil || r.dialing.to != leader || r.learner.Link() != 0 {
		return
	}
	if leader != r.learner.Leader() {
		r.dialNextMaster()
		return
	}
	r.dialing.attempts++
	if r.dialing.attempts >= dialAttemptsMax && r.cfg.Patience.Connect == 0 {
		r.learner.GiveUp("the leader cannot be reached")
		return
	}
	pause := dialPauseMin << min(r.dialing.attempts-1, 8)
	r.dialing.at = r.now.Mono + min(pause, r.cfg.Patience.ConnectPause)
}

func (r *Replica) redial() {
	if r.dialing.at != 0 && r.now.Mono >= r.dialing.at {
		r.dialing.at = 0
		r.dial()
	}
}
