package sim

import (
	"time"

	"zoo/internal/core/replica"
)

// The kinds of faults.
const (
	faultPower        = iota // a server loses its power, between two operations
	faultPowerInOp           // the same in the middle of its next operations on files
	faultPowerAll            // all servers at once
	faultKill                // a process dies, the machine does not
	faultDisk                // an operation on a file fails
	faultPause               // a process stops for a while
	faultSlowDisk            // a disk becomes slow for a while
	faultPartition           // the servers fall into two groups
	faultOneWay              // one server is heard no more, or hears no more
	faultIsolate             // the leader is cut off
	faultLink                // a quorum link breaks, on both sides or on one
	faultElectionLink        // an election connection breaks
	faultClock               // a wall clock jumps
	faultSpace               // a disk has too little room for a while
	faultKinds
)

var faultNames = [faultKinds]string{
	"power", "power inside an operation", "power of all", "kill", "disk error", "pause",
	"slow disk", "partition", "one-way partition", "isolated leader", "quorum link",
	"election link", "wall clock", "disk space",
}

// nemesis brings faults for as long as the storm lasts.
func (w *World) nemesis() {
	if !w.stormy {
		return
	}
	w.strike()
	w.strikeMore()
	w.after(w.around(w.plan.faultEvery), w.nemesis)
}

// strike draws a fault by its weight and a victim.
func (w *World) strike() {
	total := 0
	for _, weight := range w.plan.faults {
		total += weight
	}
	if total == 0 {
		return
	}
	kind, at := 0, w.rng.IntN(total)
	for at >= w.plan.faults[kind] {
		at -= w.plan.faults[kind]
		kind++
	}
	victim := w.victim()
	w.trace.mix(stepFault, victim.index, uint64(kind))
	if w.trace.on() {
		w.trace.line(victim.name, "FAULT %s", faultNames[kind])
	}
	w.faults()[kind](victim)
}

// victim prefers the leader, because what it does matters most.
func (w *World) victim() *server {
	if w.rng.IntN(3) == 0 {
		for _, s := range w.servers {
			if s.listening(false) {
				return s
			}
		}
	}
	return w.servers[w.rng.IntN(len(w.servers))]
}

func (w *World) faults() *[faultKinds]func(*server) {
	return &[faultKinds]func(*server){
		faultPower:        w.powerFault,
		faultPowerInOp:    func(s *server) { s.disk.arm(1+w.rng.IntN(12), errPower) },
		faultPowerAll:     w.powerAllFault,
		faultKill:         w.killFault,
		faultDisk:         func(s *server) { s.disk.arm(1+w.rng.IntN(12), errDisk) },
		faultPause:        w.pauseFault,
		faultSlowDisk:     w.slowDiskFault,
		faultPartition:    w.partitionFault,
		faultOneWay:       w.oneWayFault,
		faultIsolate:      w.isolateFault,
		faultLink:         w.linkFault,
		faultElectionLink: w.electionLinkFault,
		faultClock:        w.clockFault,
		faultSpace:        w.spaceFault,
	}
}

func (w *World) powerFault(s *server) {
	if s.alive {
		s.losePower()
		s.comeBack()
	}
}

func (w *World) powerAllFault(*server) {
	for _, s := range w.servers {
		w.powerFault(s)
	}
}

func (w *World) killFault(s *server) {
	if s.alive {
		s.kill("killed")
		s.comeBack()
	}
}

func (w *World) pauseFault(s *server) {
	s.pause()
	process := s.process
	w.after(w.between(tickTime/4, 2*syncLimit*tickTime), func() {
		if s.process == process {
			s.resume()
		}
	})
}

func (w *World) slowDiskFault(s *server) {
	s.disk.slow = time.Duration(5 + w.rng.IntN(60))
	w.after(w.between(tickTime, 10*tickTime), func() {
		s.disk.slow, s.disk.slowAt = 1, w.now
		s.disturbed = w.now
	})
}

func (w *World) partitionFault(*server) {
	split := w.rng.Uint64()
	group := func(i int) uint64 { return split >> i & 1 }
	w.partition(func(from, to int) bool { return group(from) != group(to) })
}

func (w *World) oneWayFault(s *server) {
	other := w.rng.IntN(len(w.servers))
	all, inward := w.rng.IntN(2) == 0, w.rng.IntN(2) == 0
	w.partition(func(from, to int) bool {
		if inward {
			from, to = to, from
		}
		return from == s.index && (all || to == other)
	})
}

func (w *World) isolateFault(s *server) {
	w.partition(func(from, to int) bool { return from == s.index || to == s.index })
	if w.rng.IntN(3) == 0 {
		w.depose(s)
	}
}

// depose lets all others know at once that a server is cut off, and the server only by their
// silence: a leader then leads on for a while beside its successor. Its clients write
// nothing meanwhile, so that nothing but the leader's own doubts keeps it from answering.
func (w *World) depose(s *server) {
	for _, l := range w.net.links {
		if l.side[1] == s {
			l.loseAfter(0, w.between(0, tickTime/4))
		}
	}
	for _, p := range w.mesh.pairs {
		if p.side[0] == s || p.side[1] == s {
			p.cut(func() time.Duration { return w.between(0, tickTime/4) })
		}
	}
	for _, c := range w.clients {
		if c.conn != nil && c.conn.server == s {
			c.syncsUntil = w.now + syncLimit*tickTime
		}
	}
}

// partition walls the servers off for a while. Some of the connections across
// the wall are found dead meanwhile, the others only by their silence.
func (w *World) partition(blocked func(from, to int) bool) {
	w.stats.Partitions++
	w.net.wall(blocked)
	for _, l := range w.net.links {
		for side := range l.side {
			if w.net.blocked(l.side[0], l.side[1]) && w.rng.IntN(3) == 0 {
				l.loseAfter(side, w.between(0, 4*tickTime))
			}
		}
	}
	for _, p := range w.mesh.pairs {
		if w.net.blocked(p.side[0], p.side[1]) && w.rng.IntN(3) == 0 {
			p.cut(func() time.Duration { return w.between(0, 4*tickTime) })
		}
	}
	walls := w.net.walls
	w.after(w.between(tickTime/2, 15*tickTime), func() {
		if w.net.walls != nil && &w.net.walls[0] == &walls[0] {
			w.heal()
		}
	})
}

// heal takes all walls away.
func (w *World) heal() {
	if w.trace.on() {
		w.trace.line("", "the network heals")
	}
	w.net.heal()
	w.mesh.healed()
	for _, s := range w.servers {
		s.disturbed = w.now
	}
}

// linkFault breaks one quorum link. One side may not notice before it times out.
func (w *World) linkFault(*server) {
	if len(w.net.links) == 0 {
		return
	}
	w.breakLink(w.net.links[w.rng.IntN(len(w.net.links))])
}

// breakLink loses what is under way on a link.
func (w *World) breakLink(l *link) {
	w.stats.Cuts++
	l.since = w.now
	l.side[0].disturbed, l.side[1].disturbed = w.now, w.now
	l.broken, l.cut = true, true
	for side := range l.side {
		if w.rng.IntN(4) > 0 {
			l.endAfter(side, w.between(0, 2*tickTime))
		}
	}
}

func (w *World) electionLinkFault(*server) {
	p := w.mesh.pairs[w.rng.IntN(len(w.mesh.pairs))]
	p.side[0].disturbed, p.side[1].disturbed = w.now, w.now
	p.cut(w.travel)
}

func (w *World) clockFault(s *server) {
	s.wallStep += w.between(-time.Hour, time.Hour)
}

// spaceFault tells a server that its disk has too little room. Now and then it is told
// so about most of them at once.
func (w *World) spaceFault(s *server) {
	short := []*server{s}
	if w.rng.IntN(2) == 0 {
		short = w.servers[w.rng.IntN(2):]
	}
	for _, s := range short {
		s.setSpace(0)
		w.after(w.between(tickTime, 10*tickTime), func() { s.setSpace(spaceMin + spaceMin/4) })
	}
}

// setSpace changes how much room there is on a server's disk.
func (s *server) setSpace(free int64) {
	s.free = free
	s.hear(replica.Space{Free: free})
}
