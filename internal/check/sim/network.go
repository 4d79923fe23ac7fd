package sim

import (
	"time"

	"zoo"
	"zoo/internal/core/replica"
	"zoo/internal/core/tree"
	"zoo/internal/core/zab"
	"zoo/internal/wire"
)

// network is the quorum links, and the walls between servers.
type network struct {
	w     *World
	walls [][]bool // walls[a][b]: nothing from a reaches b
	links []*link
	// last is the newest link id; an id is never used twice.
	last zab.LinkID
}

// link is one connection from a learner, side 0, to a leader's quorum port,
// side 1. Each direction keeps its order. The two sides may learn of its end at
// different times, or one of them never.
type link struct {
	net     *network
	id      zab.LinkID
	side    [2]*server
	process [2]uint32
	open    [2]bool
	// lastAt keeps the order of what side i sends.
	lastAt [2]time.Duration
	// held is what waits behind a wall, sent by side i.
	held [2][]parcel
	// broken loses what is under way; cut tells, for the checks, that a fault has done that,
	// of which the sides may never hear.
	broken, cut bool
	// since is when it was made or last disturbed, registeredAt when the leader last has
	// heard who is behind it, before the play if it has not; both for the checks.
	since, registeredAt time.Duration
	// synced is what the learner has heard before NEWLEADER, offered the epoch
	// that the leader has named; both for the checks.
	synced  syncRecord
	offered zoo.Epoch
	// acked tells that the leader has the ACK of NEWLEADER, heardAt when it last
	// heard of the learner.
	acked   bool
	heardAt time.Duration
	// barred tells that the learner's ACKEPOCH counts for nothing, as it has promised this
	// epoch before: a leader that needs it waits in vain, as Java's does.
	barred bool
	// decided tells that the learner knows what becomes of its log, toldAt when it last
	// heard of the leader.
	decided bool
	toldAt  time.Duration
	// heldAt is when something to the learner last was held back, or long ago.
	heldAt time.Duration
	// hungUpAt is when a side was closed.
	hungUpAt [2]time.Duration
	// lag is how much longer what side i sends takes.
	lag [2]time.Duration
	// mastered tells that side 1 is a follower that serves observers.
	mastered bool
}

// parcel is what one delivery brings: packets, or the tree behind a SNAP, or the
// end of the link.
type parcel struct {
	packets []wire.QuorumPacket
	frozen  *tree.Frozen
	end     bool
}

// drop forgets a parcel that nobody takes.
func (p parcel) drop() {
	if p.frozen != nil {
		p.frozen.Close()
	}
}

func newNetwork(w *World) *network { return &network{w: w} }

func (n *network) blocked(from, to *server) bool {
	return n.walls != nil && n.walls[from.index][to.index]
}

// wall blocks what the function says, and nothing else.
func (n *network) wall(blocked func(from, to int) bool) {
	count := len(n.w.servers)
	n.walls = make([][]bool, count)
	for a := range n.walls {
		n.walls[a] = make([]bool, count)
		for b := range n.walls[a] {
			n.walls[a][b] = a != b && blocked(a, b)
		}
	}
	n.disturbed()
}

// heal removes all walls. What waited behind them arrives, and who still holds
// a link whose other end is gone is told so.
func (n *network) heal() {
	n.walls = nil
	n.disturbed()
	for _, l := range n.links {
		for side := range l.held {
			held := l.held[side]
			l.held[side] = nil
			for _, p := range held {
				l.carry(side, p)
			}
		}
		l.reset()
	}
}

// disturbed says that timeouts of any link are excused.
func (n *network) disturbed() {
	for _, l := range n.links {
		l.since = n.w.now
	}
}

// dial is one attempt of a learner to reach a leader's quorum port, or of an observer to
// reach the port of an observer master.
func (n *network) dial(s *server, to zoo.ServerID, master bool) {
	target, process := n.w.server(to), s.process
	n.w.after(n.w.travel(), func() {
		switch {
		case s.process != process:
		case n.blocked(s, target) || n.blocked(target, s):
			n.w.after(tickTime, func() { s.failDial(process, to) })
		case target.shut && !master:
			n.dialShut(s, to)
		case !target.alive || !target.listening(master) || target.deaf:
			s.failDial(process, to)
		default:
			n.connect(s, target, master)
		}
	})
}

// failDial tells a server that nobody answered.
func (s *server) failDial(process uint32, leader zoo.ServerID) {
	if s.process == process {
		s.hear(replica.DialFailed{Leader: leader})
	}
}

func (n *network) connect(learner, leader *server, master bool) {
	n.last++
	l := &link{
		net: n, id: n.last, side: [2]*server{learner, leader},
		process: [2]uint32{learner.process, leader.process},
		open:    [2]bool{true, true},
		lastAt:  [2]time.Duration{n.w.now, n.w.now},
		since:   n.w.now, registeredAt: -1,
		heldAt: -time.Hour, mastered: master,

		hungUpAt: [2]time.Duration{-time.Hour, -time.Hour},
	}
	n.sweep()
	n.links = append(n.links, l)
	leader.hear(replica.LinkUp{Link: l.id})
	learner.hear(replica.LinkUp{Link: l.id, Leader: leader.id})
}

// sweep forgets links that both sides know to be gone.
func (n *network) sweep() {
	kept := n.links[:0]
	for _, l := range n.links {
		if l.open[0] || l.open[1] {
			kept = append(kept, l)
		}
	}
	clear(n.links[len(kept):])
	n.links = kept
}

// find gives a link of the server by its id, and the server's side of it.
func (n *network) find(s *server, id zab.LinkID) (*link, int) {
	for _, l := range n.links {
		if l.id == id {
			if l.side[0] == s {
				return l, 0
			}
			return l, 1
		}
	}
	return nil, 0
}

// send puts a parcel on its way.
func (l *link) send(side int, p parcel) {
	w := l.net.w
	at := max(l.lastAt[side], w.now+w.travel()+l.lags(side))
	l.lastAt[side] = at
	w.after(at-w.now, func() { l.carry(side, p) })
}

// sendTree puts a tree on its way, which may take longer than any silence may
// last. Both sides see that bytes move meanwhile.
func (l *link) sendTree(side int, frozen *tree.Frozen) {
	w := l.net.w
	var took time.Duration
	if w.stormy && w.rng.IntN(4) == 0 {
		took = w.between(0, 2*syncLimit*tickTime)
	}
	for at := tickTime / 2; at < took; at += tickTime / 2 {
		w.after(at, l.moved)
	}
	l.lastAt[side] = max(l.lastAt[side], w.now) + took
	l.send(side, parcel{frozen: frozen})
}

// moved tells both sides that bytes move, if they do.
func (l *link) moved() {
	if l.broken || l.net.blocked(l.side[0], l.side[1]) || l.net.blocked(l.side[1], l.side[0]) {
		return
	}
	for side, s := range l.side {
		if l.open[side] && l.open[1-side] && s.process == l.process[side] {
			s.hear(replica.Moved{Link: l.id})
		}
	}
}

// carry brings a parcel to the other side, unless it is held or lost.
func (l *link) carry(side int, p parcel) {
	if l.broken {
		p.drop()
		return
	}
	from, to := l.side[side], l.side[1-side]
	if len(l.held[side]) > 0 || l.net.blocked(from, to) {
		l.held[side] = append(l.held[side], p)
		if side == 1 {
			l.heldAt = l.net.w.now
		}
		return
	}
	if !l.open[1-side] {
		p.drop()
		return
	}
	if p.end {
		l.end(1 - side)
		return
	}
	l.observe(1-side, p)
	to.receive(l, p)
}

// hangup closes one side. The other learns it after what was sent before, or
// loses that: a process that dies may reset its connections.
func (l *link) hangup(side int) {
	if !l.open[side] {
		return
	}
	l.open[side] = false
	l.hungUpAt[side] = l.net.w.now
	if l.net.w.stormy && l.net.w.rng.IntN(3) == 0 {
		l.lose()
		return
	}
	l.send(side, parcel{end: true})
}

// lose breaks the link with all that is under way.
func (l *link) lose() {
	l.broken = true
	l.reset()
}

// reset tells the side that still believes in a link which the other has left.
func (l *link) reset() {
	for side := range l.open {
		if l.open[side] && (l.broken || !l.open[1-side]) {
			l.endAfter(side, l.net.w.travel())
		}
	}
}

func (l *link) endAfter(side int, d time.Duration) {
	l.net.w.after(d, func() { l.end(side) })
}

// end tells one side that the link is gone.
func (l *link) end(side int) {
	if !l.open[side] {
		return
	}
	if l.net.blocked(l.side[1-side], l.side[side]) {
		l.held[1-side] = append(l.held[1-side], parcel{end: true})
		return
	}
	l.gone(side)
}

// loseAfter has one side give the link up by itself, as its system does with a connection
// that is dead; a wall does not keep that from it.
func (l *link) loseAfter(side int, d time.Duration) {
	l.net.w.after(d, func() {
		if l.open[side] {
			l.gone(side)
		}
	})
}

func (l *link) gone(side int) {
	l.open[side] = false
	if l.side[side].process == l.process[side] {
		l.side[side].hear(replica.LinkDown{Link: l.id})
	}
}

// stopped ends the links of a process that is gone. Without power there is
// nobody to say so, until the machine is back.
func (n *network) stopped(s *server, abrupt bool) {
	for _, l := range n.links {
		for side := range l.side {
			if l.side[side] != s || l.process[side] != s.process || !l.open[side] {
				continue
			}
			if abrupt && n.w.rng.IntN(2) == 0 {
				l.open[side] = false
				continue
			}
			l.hangup(side)
		}
	}
}

// started resets what others still hold open to an earlier process of a machine
// that is back.
func (n *network) started(s *server) {
	for _, l := range n.links {
		for side := range l.side {
			if l.side[side] == s && l.process[side] != s.process && l.open[1-side] {
				l.open[side] = false
				l.reset()
			}
		}
	}
}
