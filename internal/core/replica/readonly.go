package replica

import (
	"slices"
	"time"

	"zoo"
	"zoo/internal/core/session"
	"zoo/internal/core/tree"
)

// readOnly is what a server without a quorum does for clients that ask for it: it
// shows what it has, takes no writes, and makes local sessions, which need nobody's
// consent. See docs/adr/0011-read-only-view.md.
type readOnly struct {
	// at is when it begins, zero if it is not to or has begun.
	at time.Duration
	on bool
}

// logged is the tree with the tail, which a server shows that was just started: it
// cannot know how much of its log is committed. One that has served before knows.
type logged struct {
	tree *tree.Tree
	// wanted says that one is being made.
	wanted bool
	// of and last are the tree and the end of the log that it is made of.
	of   *tree.Tree
	last zoo.Zxid
}

// maybeReadOnly begins to serve reads when the election has taken too long.
func (r *Replica) maybeReadOnly() {
	if r.readOnly.at == 0 || r.now.Mono < r.readOnly.at {
		return
	}
	r.readOnly.at = 0
	switch {
	case r.served || len(r.history.Tail()) == 0 || r.showsLog():
		r.beginReadOnly()
	case !r.logged.wanted:
		r.logged = logged{wanted: true, of: r.tree, last: r.history.Last()}
		r.effects.View = slices.Clone(r.history.Tail())
	}
}

// showsLog tells whether there is a view, and it is of what the log still is.
func (r *Replica) showsLog() bool {
	v := &r.logged
	return v.tree != nil && !r.served && v.of == r.tree && v.last == r.history.Last()
}

// viewed takes in the tree that Effects.View asked for. If an election is still, or
// again, under way and the log is what it was, it is shown as soon as it is time.
func (r *Replica) viewed(ev Viewed) {
	if !r.logged.wanted || r.served {
		return // It came too late.
	}
	r.logged.tree, r.logged.wanted = ev.Tree, false
	if ev.Tree == nil {
		r.trace(Trace{Stage: "no read-only mode", Detail: "the log cannot be shown"})
		r.logged = logged{}
		return
	}
	if r.state == Looking && r.cfg.ReadOnly && r.readOnly == (readOnly{}) {
		r.readOnly.at = max(r.now.Mono, 1)
		r.maybeReadOnly()
	}
}

func (r *Replica) beginReadOnly() {
	r.readOnly.on = true
	r.localSessions = session.NewTracker(r.cfg.TickTime)
	r.effects.Changed = true
	r.trace(Trace{Stage: "serving", Zxid: r.View().Zxid(), Detail: "read-only"})
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
