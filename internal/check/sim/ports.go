package sim

import (
	"math/rand/v2"
	"slices"
	"time"

	"zoo"
)

// ports shuts quorum ports, as a rule of a firewall does: who is behind one is heard in
// elections, has the others' votes, and cannot be followed. Some are opened again, and that
// of one voter without which the others are a quorum never is, so that in the end it must not
// lead.
type ports struct {
	rng *rand.Rand
	// victim is whose port stays shut; nil where nothing of the kind happens.
	victim *server
}

// beginPorts shuts ports during the storm.
func (w *World) beginPorts() {
	if !w.options.Ports {
		return
	}
	view := w.plan.view()
	var fit []*server
	for _, s := range w.servers {
		if view.IsVoter(s.id) &&
			view.Decides(func(id zoo.ServerID) bool { return id != s.id }) {
			fit = append(fit, s)
		}
	}
	if len(fit) == 0 {
		return
	}
	w.ports.victim = fit[w.ports.rng.IntN(len(fit))]
	w.after(w.portTime(6*tickTime), w.shutNext)
	w.after(w.portTime(30*tickTime), func() { w.ports.victim.shutPort() })
}

func (w *World) portTime(most time.Duration) time.Duration {
	return time.Duration(w.ports.rng.Int64N(int64(most)))
}

// shutNext shuts the port of some server for a while, and goes on with another.
func (w *World) shutNext() {
	if !w.stormy {
		return
	}
	s := w.servers[w.ports.rng.IntN(len(w.servers))]
	s.shutPort()
	w.after(tickTime+w.portTime(15*tickTime), func() {
		if w.stormy && s != w.ports.victim {
			s.shut = false
		}
	})
	w.after(w.portTime(20*tickTime), w.shutNext)
}

// calmPorts opens all ports but one.
func (w *World) calmPorts() {
	for _, s := range w.servers {
		s.shut = false
	}
	if w.ports.victim != nil {
		w.ports.victim.shutPort()
	}
}

// shutPort keeps learners from a server. Of the links that there are either end may hear late.
func (s *server) shutPort() {
	if s.shut {
		return
	}
	w := s.w
	s.shut = true
	w.stats.Shut++
	if w.trace.on() {
		w.trace.line(s.name, "FAULT quorum port shut")
	}
	for _, l := range slices.Clone(w.net.links) {
		if l.side[1] == s && !l.mastered && !l.broken {
			w.breakLink(l)
		}
	}
}

// dialShut is an attempt at a port that is shut: it is refused, or nothing answers.
func (n *network) dialShut(s *server, to zoo.ServerID) {
	process, pause := s.process, time.Duration(0)
	if n.w.ports.rng.IntN(2) == 0 {
		pause = tickTime
	}
	n.w.after(pause, func() { s.failDial(process, to) })
}
