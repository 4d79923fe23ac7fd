package server

import (
	"time"

	"zoo/internal/core/balance"
	"zoo/internal/core/replica"
)

// sending is how a server that has too many clients sends some to others. Loop only.
type sending struct {
	// left are those that are to go still, at is when the next one may.
	left int
	at   time.Duration
	sent balance.Sent
	// told is the number of clients that the replica knows of.
	told int
}

// balanceRoundMax is how many clients a server sends to others in five ticks: what those
// take in without noticing.
const balanceRoundMax = 50

// settledTicks is how long a client has to be here before it may be sent away.
const settledTicks = 5

// count tells the replica how many clients there are, if the number has changed.
func (l *loop) count() {
	if n := l.clientCount(); n != l.sending.told {
		l.sending.told = n
		l.replica.Step(l.now, replica.Counted{Clients: n})
	}
}

// beginSending takes in what the leader wants. It counts for nothing if this server is not
// to balance, whoever leads.
func (l *loop) beginSending(n int) {
	if l.server.cfg.Balance.TolerancePercent == 0 {
		return
	}
	l.server.log.Info("more clients than other servers", "clients", l.sending.told,
		"to_go", n)
	l.sending.left, l.sending.at = n, l.now.Mono
}

// sendOne sends one client away: one at a look is few enough for the others.
func (l *loop) sendOne() {
	s := &l.sending
	s.at = l.now.Mono + partInterval
	if s.sent.Full(l.now.Mono) {
		s.left = 0
		return
	}
	for _, c := range l.conns {
		if l.sendAway(c) {
			s.left--
			l.server.meters.conns.sentAway.Inc()
			l.flush()
			return
		}
	}
	s.at = l.now.Mono + l.touchInterval() // Nobody may go now.
}

// sendAway ends a connection if its client may be sent away.
func (l *loop) sendAway(c *conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	client := balance.Client{
		Resting:    !c.touched.Load() && c.restingLocked(c.turns.Load()),
		Age:        l.now.Mono - c.accepted,
		SentBefore: l.sending.sent.Has(l.now.Mono, c.session),
	}
	if c.ending || !client.May(settledTicks*l.server.cfg.TickTime) {
		return false
	}
	l.sending.sent.Add(l.now.Mono, c.session)
	l.closeLocked(c)
	return true
}
