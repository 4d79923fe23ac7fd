package election

import (
	"time"

	"zoo"
	"zoo/internal/wire"
)

// shunning is whom this server would rather not elect: who was elected and could not be
// reached as a leader. Three servers, of which 3 is linked for elections, and the port where
// it serves learners is closed:
//
//  1. All elect 3. 1 and 2 cannot reach it, shun it, and look again.
//  2. 3 votes for itself as before. 1 and 2 take the best of the others, and elect 2.
//  3. 3 hears that 2 leads, and follows it.
//
// Scenario: testdata/shunned.txt. It is safe, for a server still votes for nobody with a
// shorter history than its own: it only refrains, as if it had not heard of a candidate. And
// it ends, so that whoever is the only one that can be elected is:
//
//   - at once, when those that are left and can be reached are no quorum;
//   - at once, when others elect the candidate without our vote;
//   - ShunMax after this server began to look, such as when a peer does not shun it.
type shunning struct {
	// until tells, by candidate, when it counts like others again.
	until map[zoo.ServerID]time.Duration
	// endsAt is when the present election goes on without; zero for at once.
	endsAt time.Duration
}

// Shun has this server prefer other candidates, if there are any, until an instant. It takes
// effect at the next Look.
func (m *Machine) Shun(candidate zoo.ServerID, until time.Duration) {
	m.shunning.until[candidate] = until
}

// Forgive ends what Shun has begun.
func (m *Machine) Forgive(candidate zoo.ServerID) { delete(m.shunning.until, candidate) }

// beginShunning decides whether anybody is shunned in the election that begins.
func (m *Machine) beginShunning(now time.Duration) {
	s := &m.shunning
	for id, until := range s.until {
		if now >= until {
			delete(s.until, id)
		}
	}
	s.endsAt = 0
	if len(s.until) > 0 && m.isVoter() {
		s.endsAt = now + m.cfg.ShunMax
	}
}

// endShunning lets all candidates count in this election.
func (m *Machine) endShunning(now time.Duration) {
	m.shunning.endsAt = 0
	m.reconsider(now)
}

// reconsider takes the best vote that was heard in this round, when those that are shunned
// may have become others, and looks whether that decides.
func (m *Machine) reconsider(now time.Duration) {
	best := m.current
	for _, b := range m.votes {
		if b.state == wire.Looking && m.prefers(b.vote, best) {
			best = b.vote
		}
	}
	if best != m.current {
		m.adopt(now, best)
	}
	m.decide(now)
}

// yield ends the shunning when others elect a candidate without our vote: to keep ours back
// would keep nobody but ourselves.
func (m *Machine) yield(now time.Duration, v Vote) {
	if m.shuns(v.Leader) && m.beats(v, m.own) &&
		m.hasQuorum(m.votes, ballot{v, m.round, wire.Looking}) {
		m.endShunning(now)
	}
}

// disputed tells whether a voter holds on to a candidate that would be the better one for all
// but those who shun it: others, who have voted before they heard that, may turn to it yet.
func (m *Machine) disputed() bool {
	if m.shunning.endsAt == 0 {
		return false
	}
	for _, b := range m.votes {
		if b.state == wire.Looking && m.beats(b.vote, m.current) {
			return true
		}
	}
	return false
}

// shuns tells whether a candidate is shunned now.
func (m *Machine) shuns(id zoo.ServerID) bool {
	s := &m.shunning
	if s.endsAt == 0 {
		return false
	}
	_, shunned := s.until[id]
	return shunned && m.members.Decides(func(id zoo.ServerID) bool {
		_, shunned := s.until[id]
		return id == m.cfg.ID || !shunned && m.Responsive(id)
	})
}

// prefers is the order in which this server votes: that of all, but for those that it shuns.
// Nobody with a shorter history than ours comes before one that is shunned.
//
// Who answers whom goes by the order that is common to all: two servers with orders of their
// own would each tell the other its better vote, for ever.
func (m *Machine) prefers(v, other Vote) bool {
	if shunned := m.shuns(v.Leader); shunned == m.shuns(other.Leader) ||
		!m.members.Weighs(v.Leader) || !m.members.Weighs(other.Leader) {
		return m.beats(v, other)
	} else if shunned {
		return false
	}
	return v.Epoch > m.own.Epoch || v.Epoch == m.own.Epoch && v.Zxid >= m.own.Zxid
}
