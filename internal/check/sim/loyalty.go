package sim

import (
	"time"

	"zoo"
	"zoo/internal/core/replica"
	"zoo/internal/wire"
)

// roleChecks is what the ledger notes about one server in its present role.
type roleChecks struct {
	// at is when the role began.
	at time.Duration
	// strayedAt tells, by the index of a voter, when this leader last heard that it
	// looks for a leader in a later round. strayed is set until the leader has had its
	// turn.
	strayedAt []time.Duration
	strayed   bool
	// broadcasts is set once a quorum has acknowledged this leader's history.
	broadcasts bool
	// handsOver is set once this leader begins to hand over: it can only go then.
	handsOver bool
	// doubtedAt is when a learner last heard from its leader that it does not lead.
	doubtedAt time.Duration
}

// begin forgets the role before.
func (c *roleChecks) begin(w *World) {
	*c = roleChecks{
		at: w.now, strayedAt: make([]time.Duration, len(w.servers)), doubtedAt: -time.Hour,
	}
}

// notified notes a notification that may end a role.
func (l *ledger) notified(s, from *server, n *wire.Notification) {
	switch {
	case s.status.State == replica.Leading:
		if n.State == wire.Looking && s.replica != nil && n.Round > s.replica.Round() {
			s.checks.strayedAt[from.index], s.checks.strayed = l.w.now, true
		}
	case from.id == s.status.Leader && n.State != wire.Leading:
		s.checks.doubtedAt = l.w.now
	}
}

// waits checks that a server which is about to lead does not wait for voters that have
// turned to another election: it would keep all others waiting for initLimit.
func (l *ledger) waits(s *server) {
	if !s.checks.strayed {
		return
	}
	s.checks.strayed = false
	if s.status.State != replica.Leading || s.checks.broadcasts {
		return
	}
	remain := s.replica.Members().Decides(func(id zoo.ServerID) bool {
		other := l.w.server(id)
		if other == s || s.checks.strayedAt[other.index] <= s.checks.at {
			return true
		}
		return l.hasComeBack(s, other)
	})
	if !remain {
		l.w.violate("%s waits for a quorum that looks for another leader", s.name)
	}
}

// hasComeBack tells whether the leader has heard, behind the word that a voter had turned away,
// its registration. A link that it had before counts for nothing, even if it stands. One that
// has registered late counts, also when the voter dies in silence.
func (l *ledger) hasComeBack(leader, voter *server) bool {
	for _, link := range l.w.net.links {
		if link.side[0] == voter && link.side[1] == leader && link.open[1] &&
			link.process[1] == leader.process &&
			link.registeredAt >= leader.checks.strayedAt[voter.index] {
			return true
		}
	}
	return false
}

// left checks that a learner did not leave a leader that stands and speaks to it. Before
// the leader has said what becomes of the learner's log, it may have its reasons.
func (l *ledger) left(s *server, before replica.Status) {
	const recently = (syncLimit + 2) * tickTime
	leader := l.w.server(before.Leader)
	link := l.link(s, leader)
	switch {
	case link == nil, link.broken, !link.decided, !link.open[1], !leader.listening(false):
	case link.hungUpAt[0] != l.w.now, l.w.now-link.toldAt > (syncLimit-1)*tickTime:
	case l.w.now-s.pausedAt < recently, l.w.now-s.checks.doubtedAt < recently:
	case l.w.now-leader.handsOverAt < recently: // The leader has named another.
	case s.activatedAt == l.w.now: // It takes the role that a new configuration gives it.
	case !before.Serving && s.activatedAt >= s.checks.at:
		// The same at UPTODATE: another one was proposed behind it meanwhile.
	case (before.State == replica.Observing) != s.isObserver():
		// The same, as one is in force since before UPTODATE.
	default:
		l.w.violate("%s leaves %s, which leads and speaks to it", s.name, leader.name)
	}
}
