package server

import (
	"time"

	"zoo"
	"zoo/internal/core/replica"
)

// heardPerTurn is how many connections the loop looks at in one turn: with ten thousand
// writers would wait for some eight milliseconds if it looked at all of them.
const heardPerTurn = 256

// hearing is the loop's round through all connections.
type hearing struct {
	// at is when the next round is due.
	at time.Duration
	// left is who is still to be looked at in this one, and slept how long the server was
	// asleep before it.
	left     []*conn
	slept    time.Duration
	sessions []zoo.SessionID
}

// due is when the loop has something to do here.
func (h *hearing) due(now time.Duration) time.Duration {
	if len(h.left) > 0 {
		return now
	}
	return h.at
}

// touchInterval is half a tick: often enough for the shortest session.
func (l *loop) touchInterval() time.Duration { return max(l.server.cfg.TickTime/2, 1) }

// hearAll goes on with the round through the connections, or begins one. It tells the replica
// which sessions' clients were heard of. Connections that were silent give back what they do
// not need while they are.
func (l *loop) hearAll() {
	h := &l.heard
	if len(h.left) == 0 {
		if l.now.Mono < h.at {
			return
		}
		l.beginRound()
	}
	h.sessions = h.sessions[:0]
	n := min(heardPerTurn, len(h.left))
	for i, c := range h.left[:n] {
		// Others may have left since the round began.
		if l.conns[c.id] == c {
			l.hear(c, h.slept)
		}
		h.left[i] = nil
	}
	h.left = h.left[n:]
	if len(h.sessions) > 0 {
		l.replica.Step(l.now, replica.Touched{Sessions: h.sessions})
	}
}

func (l *loop) beginRound() {
	h := &l.heard
	h.slept = max(l.now.Mono-h.at-l.touchInterval(), 0)
	h.at = l.now.Mono + l.touchInterval()
	l.watchLinks()
	l.server.lists.forget()
	l.count()
	h.left = make([]*conn, 0, len(l.conns))
	for _, c := range l.conns {
		h.left = append(h.left, c)
	}
}

// hear looks whether a connection was heard of. One that was silent for its
// session's timeout is closed: its client is gone, or has the session elsewhere.
// The time that this server slept through does not count.
func (l *loop) hear(c *conn, slept time.Duration) {
	heard := c.touched.Load() && c.touched.Swap(false)
	c.mu.Lock()
	defer c.mu.Unlock()
	heard = heard || c.awaits
	c.heardAt += slept
	switch {
	case heard:
		c.heardAt = l.now.Mono
		if c.session != 0 {
			l.heard.sessions = append(l.heard.sessions, c.session)
		}
	case c.session != 0 && !c.ending && l.now.Mono-c.heardAt > c.timeout:
		l.closeLocked(c)
	case c.queue.len() == 0:
		c.queue = requestQueue{}
	}
}
