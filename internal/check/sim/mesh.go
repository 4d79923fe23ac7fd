package sim

import (
	"time"

	"zoo"
	"zoo/internal/core/replica"
	"zoo/internal/wire"
)

// mesh is the election connections: one for each pair of servers, dialed again
// for ever. Only the newest notification matters, so an older one that is still
// waiting may be replaced, and a broken connection loses what is under way.
type mesh struct {
	w     *World
	pairs []*pair // of servers i<j, see at
}

// pair is the connection of two servers; side 0 is the one with the lower id.
type pair struct {
	mesh *mesh
	side [2]*server
	// up tells what each side believes. A side may learn late that the other
	// is gone.
	up [2]bool
	// life counts connections: what belongs to an older one is lost.
	life uint32
	// dialing is true while an attempt to connect is under way.
	dialing bool
	// lastAt keeps the order of what side i sends.
	lastAt [2]time.Duration
	// held is what waits behind a partition, for the receiving side i.
	held [2]*wire.Notification
	// last is the newest notification of each side. It is sent again on every
	// new connection, as the real connections do.
	last [2]*wire.Notification
}

func newMesh(w *World) *mesh {
	m := &mesh{w: w}
	for i, a := range w.servers {
		for _, b := range w.servers[i+1:] {
			m.pairs = append(m.pairs, &pair{mesh: m, side: [2]*server{a, b}})
		}
	}
	return m
}

// of calls f for each pair that the server belongs to, with its side.
func (m *mesh) of(s *server, f func(p *pair, side int)) {
	for _, p := range m.pairs {
		switch s {
		case p.side[0]:
			f(p, 0)
		case p.side[1]:
			f(p, 1)
		}
	}
}

func (m *mesh) pair(a, b *server) (*pair, int) {
	for _, p := range m.pairs {
		if p.side[0] == a && p.side[1] == b {
			return p, 0
		}
		if p.side[0] == b && p.side[1] == a {
			return p, 1
		}
	}
	return nil, 0
}

// started dials from and to a server that has just come up.
func (m *mesh) started(s *server) {
	m.of(s, func(p *pair, side int) { p.dial(m.w.between(0, 4*time.Millisecond)) })
}

// stopped breaks the connections of a server that is gone. The others notice at
// once if its machine still runs, and late or never if it lost its power.
func (m *mesh) stopped(s *server, abrupt bool) {
	m.of(s, func(p *pair, side int) {
		p.life++
		p.up[side] = false
		p.last[side] = nil
		p.held = [2]*wire.Notification{}
		if !abrupt || m.w.rng.IntN(2) == 0 {
			p.noticeDown(1-side, m.w.travel())
		}
	})
}

// reannounce tells a new replica of a process that lives on which connections
// there are.
func (m *mesh) reannounce(s *server) {
	m.of(s, func(p *pair, side int) {
		if p.up[side] {
			s.hear(replica.ElectionUp{Peer: p.side[1-side].id})
		}
	})
}

func (p *pair) connected() bool { return p.up[0] && p.up[1] }

// dial attempts to connect after a pause, and again until it works.
func (p *pair) dial(pause time.Duration) {
	if p.dialing {
		return
	}
	p.dialing = true
	p.mesh.w.after(pause, func() {
		p.dialing = false
		if p.connected() {
			return
		}
		if !p.possible() {
			if p.side[0].alive && p.side[1].alive {
				p.dial(p.mesh.w.between(20*time.Millisecond, 100*time.Millisecond))
			}
			return
		}
		p.connect()
	})
}

func (p *pair) possible() bool {
	net := p.mesh.w.net
	return p.side[0].alive && p.side[1].alive && !p.side[0].paused && !p.side[1].paused &&
		!net.blocked(p.side[0], p.side[1]) && !net.blocked(p.side[1], p.side[0])
}

// connect makes a new connection. A side that still believes in the old one sees
// it end first.
func (p *pair) connect() {
	p.life++
	p.held = [2]*wire.Notification{}
	for i, s := range p.side {
		if p.up[i] {
			s.hear(replica.ElectionDown{Peer: p.side[1-i].id})
		}
		p.up[i] = true
		p.lastAt[i] = p.mesh.w.now
		s.hear(replica.ElectionUp{Peer: p.side[1-i].id})
	}
	for i, n := range p.last {
		if n != nil {
			p.send(i, *n)
		}
	}
}

// cut breaks the connection; each side learns it in its own time.
func (p *pair) cut(delay func() time.Duration) {
	p.life++
	p.held = [2]*wire.Notification{}
	p.noticeDown(0, delay())
	p.noticeDown(1, delay())
}

// noticeDown tells one side that the connection has ended, and lets it dial.
func (p *pair) noticeDown(side int, delay time.Duration) {
	s := p.side[side]
	life, process := p.life, s.process
	p.mesh.w.after(delay, func() {
		if p.life != life || s.process != process || !p.up[side] {
			return
		}
		p.up[side] = false
		s.hear(replica.ElectionDown{Peer: p.side[1-side].id})
		p.dial(p.mesh.w.between(2*time.Millisecond, 30*time.Millisecond))
	})
}

// send carries a notification to a peer, now or when there is a connection.
func (m *mesh) send(s *server, to zoo.ServerID, n wire.Notification) {
	p, side := m.pair(s, m.w.server(to))
	if p == nil {
		return
	}
	n = m.w.ownVote(s, n)
	p.last[side] = &n
	if p.up[side] && !(m.w.stormy && m.w.chance(m.w.plan.noticeLoss)) {
		p.send(side, n)
	}
}

func (p *pair) send(side int, n wire.Notification) {
	w := p.mesh.w
	at := max(p.lastAt[side], w.now+w.travel())
	p.lastAt[side] = at
	life := p.life
	w.after(at-w.now, func() {
		if p.life != life || !p.up[1-side] {
			return
		}
		if w.net.blocked(p.side[side], p.side[1-side]) {
			p.held[1-side] = &n
			return
		}
		p.deliver(1-side, n)
	})
}

func (p *pair) deliver(side int, n wire.Notification) {
	w, s, from := p.mesh.w, p.side[side], p.side[1-side]
	w.trace.mix(stepNotify, s.index, uint64(n.State), uint64(n.Leader), uint64(n.Round))
	if w.trace.on() {
		w.trace.line(s.name, "hears %s: %v votes %d zxid=%v round=%d epoch=%d",
			from.name, n.State, n.Leader, n.Zxid, n.Round, n.PeerEpoch)
	}
	w.ledger.notified(s, from, &n)
	s.hear(replica.Notified{Peer: from.id, Notification: n})
}

// healed lets through what a partition held back, and joins the halves of
// connections again of which one side has given up.
func (m *mesh) healed() {
	for _, p := range m.pairs {
		for side, n := range p.held {
			if n != nil && p.up[side] && !m.w.net.blocked(p.side[1-side], p.side[side]) {
				p.held[side] = nil
				p.deliver(side, *n)
			}
		}
		if !p.connected() {
			p.dial(m.w.between(time.Millisecond, 20*time.Millisecond))
		}
	}
}
