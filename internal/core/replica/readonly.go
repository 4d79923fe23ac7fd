package replica

import (
	"slices"
	"time"

	"zoo/internal/check/invariant"
	"zoo/internal/core/session"
	"zoo/internal/core/tree"
)

// readOnly is what a server without a quorum does for clients that ask for it: it
// shows what it has, takes no writes, and makes local sessions, which need nobody's
// consent.
type readOnly struct {
	// at is when it begins, zero if it is not to or has begun.
	at time.Duration
	on bool
	// view is the tree with the whole log; nil if the tree itself will do.
	view *tree.Tree
}

// maybeReadOnly begins to serve reads when the election has taken too long.
func (r *Replica) maybeReadOnly() {
	if r.readOnly.at == 0 || r.now.Mono < r.readOnly.at {
		return
	}
	r.readOnly = readOnly{on: true, view: r.logged()}
	r.localSessions = session.NewTracker(r.cfg.TickTime)
	r.effects.Changed = true
	r.trace(Trace{Stage: "serving", Zxid: r.View().Zxid(), Detail: "read-only"})
}

// logged is the tree with the tail, which a server shows that was just started: it
// cannot know how much of its log is committed. One that has served before knows.
func (r *Replica) logged() *tree.Tree {
	tail := r.history.Tail()
	if r.served || len(tail) == 0 {
		return nil
	}
	view := r.tree.Clone()
	for _, e := range tail {
		if _, err := view.Apply(e); err != nil {
			invariant.Fail("transaction %v of the log cannot be applied: %v", e.Zxid, err)
		}
	}
	return view
}

// endReadOnly sends the clients away: the election is over.
func (r *Replica) endReadOnly() {
	if r.readOnly.on {
		conns := make([]ConnID, 0, len(r.attached.conns))
		for conn := range r.attached.conns {
			conns = append(conns, conn)
		}
		slices.Sort(conns)
		r.effects.CloseConns = append(r.effects.CloseConns, conns...)
		r.attached.clear()
		r.localSessions = nil
	}
	r.readOnly = readOnly{}
}
