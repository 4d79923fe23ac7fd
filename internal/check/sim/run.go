package sim

import (
	"fmt"
	"math/rand/v2"
	"time"

	"zoo"
	"zoo/internal/core/replica"
)

// Report is how a seed went.
type Report struct {
	Seed uint64
	// Steps counts everything that happened, Time is how long it took on the
	// virtual clock.
	Steps int
	Time  time.Duration
	// Hash sums up every step. It is the same whenever the seed is played.
	Hash  uint64
	Stats Stats
	// Violation is nil if every promise held.
	Violation error
}

// The bounds of what must happen once the faults are over.
const (
	// electTicksMax is the time until every server serves.
	electTicksMax = 80
	// commitTicksMax is the time until a write is acknowledged.
	commitTicksMax = 40
	// agreeTicksMax is the time until all servers hold the same.
	agreeTicksMax = 40
	// calmThink is the mean pause of clients where epochs are soon used up.
	calmThink = 10 * tickTime
)

// Run plays a seed: a storm of faults and requests, then calm, in which the
// ensemble must find together again.
func Run(seed uint64, options Options) Report {
	rng := rand.New(rand.NewPCG(seed, 0x736565642d7a6f6f))
	p := drawPlan(rng)
	p.weighSome(rand.New(rand.NewPCG(seed, 0x776569676874732d)))
	p.turnSome(rand.New(rand.NewPCG(seed, 0x7475726e73)))
	// These numbers spare the seeds that README.md names.
	p.masterSome(rand.New(rand.NewPCG(seed, 0x6d617374657303)))
	p.suit(&options)
	drains := rand.New(rand.NewPCG(seed, 0x647261696e732d7a))
	p.crowdSome(drains, &options)
	w := newWorld(rng, p, options)
	w.aside = rand.New(rand.NewPCG(seed, 0x61736964652d7a6f))
	w.drains.rng = drains
	w.ports.rng = rand.New(rand.NewPCG(seed, 0x706f7274732d7a6f))
	w.drawWeather(rand.New(rand.NewPCG(seed, 0x776561746865727a)))
	if options.Drains {
		w.weather.counterMax = 0 // A crowd would use up an epoch in no time.
	}
	if w.trace.on() {
		w.trace.line("", "seed %d: %+v", seed, w.plan)
	}
	w.stormy = true
	w.begin()
	w.addClients(w.plan.clients)
	w.after(w.plan.faultEvery/2, w.nemesis)
	w.beginRestarts()
	w.beginOracle()
	w.beginDrains()
	w.beginPorts()
	steps := w.plan.stormSteps(&options)
	for w.steps < steps && w.step() {
	}
	w.calm()
	return Report{
		Seed: seed, Steps: w.steps, Time: w.now, Hash: w.trace.hash, Stats: w.stats,
		Violation: w.broken,
	}
}

// begin starts all servers.
func (w *World) begin() {
	for _, s := range w.servers {
		w.after(w.between(0, 10*time.Millisecond), func() {
			if s.process == 0 && !w.awaitsFile(s) {
				s.start()
			}
		})
	}
}

// calm ends the storm and demands what must follow.
func (w *World) calm() {
	if w.broken != nil {
		return
	}
	if w.trace.on() {
		w.trace.line("", "CALM")
	}
	w.stormy = false
	if w.weather.counterMax > 0 {
		// A learner that comes late must find an epoch that lasts.
		w.plan.think = max(w.plan.think, calmThink)
	}
	w.heal()
	w.restartAll()
	w.calmPorts()
	for _, s := range w.servers {
		s.disk.slow = 1
		s.disk.calm()
		s.setSpace(2 * spaceMin)
		s.resume()
		w.after(0, s.start)
	}
	w.demand(electTicksMax, "every server serves", w.allServe)
	w.calmSince = w.now
	acks := w.stats.Acks
	w.demand(commitTicksMax, "a write is acknowledged", func() bool { return w.stats.Acks > acks })
	w.maintain()
	for _, c := range w.clients {
		c.resting = true
	}
	w.demand(agreeTicksMax, "all servers agree", w.allAgree)
	// A configuration that is under way comes into force, or compare finds that it does not.
	w.play(agreeTicksMax*tickTime, func() bool { return w.allAgree() && !w.proposesMembers() })
	w.demand(agreeTicksMax, "all servers agree", w.allAgree)
	w.compare()
}

// demand plays until the condition holds, which it must soon.
func (w *World) demand(ticks int, what string, holds func() bool) {
	if w.broken != nil {
		return
	}
	if !w.play(time.Duration(ticks)*tickTime, holds) {
		w.violate("not within %d ticks: %s: %s", ticks, what, w.describe())
	}
}

func (w *World) describe() string {
	text := ""
	for _, s := range w.servers {
		text += fmt.Sprintf("[%s alive=%v %v of %d epoch=%d serving=%v logged=%v applied=%v]",
			s.name, s.alive, s.status.State, s.status.Leader, s.status.Epoch,
			s.status.Serving, s.log.last(), s.appliedZxid())
	}
	for _, c := range w.clients {
		if c.conn != nil && len(c.conn.pending) > 0 {
			text += fmt.Sprintf("[%s waits for %+v of %s]", c.name, c.conn.pending[0],
				c.conn.server.name)
		}
	}
	return text
}

func (w *World) allServe() bool {
	for _, s := range w.servers {
		if !s.serving() && w.belongs(s) {
			return false
		}
	}
	return true
}

// allAgree tells whether every server has applied the whole history, and no
// client waits.
func (w *World) allAgree() bool {
	for _, s := range w.servers {
		if w.activates(s) {
			return false
		}
		if !w.belongs(s) {
			continue
		}
		if !s.serving() || s.position != len(w.ledger.history) {
			return false
		}
	}
	for _, c := range w.clients {
		if c.conn != nil && len(c.conn.pending) > 0 {
			return false
		}
	}
	return true
}

// compare looks at the trees in full: they are equal, hold what was acknowledged,
// and no ephemeral is without its session.
func (w *World) compare() {
	if w.broken != nil {
		return
	}
	members := w.members()
	one := members[len(members)-1]
	first := one.replica.Tree()
	for _, s := range members {
		t := s.replica.Tree()
		switch {
		case w.ledger.acked > w.ledger.end():
			w.violate("%v was acknowledged and is not in the history", w.ledger.acked)
		case t.Digest() != first.Digest() || t.Len() != first.Len() ||
			t.SessionCount() != first.SessionCount():
			w.violate("%s and %s hold different trees", s.name, one.name)
		}
		for _, id := range t.EphemeralSessions() {
			if _, known := t.SessionTimeout(id); !known {
				w.violate("%s holds ephemerals of session %v, which is gone", s.name, id)
			}
		}
		w.compareMembers(s)
		w.compareSessions(s, one)
		w.compareTracker(s)
	}
}

// compareTracker checks that the leader watches over every session that there is: one
// that it forgets never expires, and keeps its ephemerals for ever.
func (w *World) compareTracker(s *server) {
	status := s.replica.Status()
	if status.State != replica.Leading || status.LastApplied < status.LastLogged {
		return // The end of a session may be proposed, or committed before it is durable here.
	}
	tracked := make(map[zoo.SessionID]bool)
	all, _ := s.replica.Expiries()
	for _, e := range all {
		for _, id := range e.Sessions {
			tracked[id] = true
		}
	}
	s.replica.Tree().EachSession(func(id zoo.SessionID, _ int32) {
		if !tracked[id] {
			w.violate("%s leads and does not watch over session %v", s.name, id)
		}
	})
}

func (w *World) compareSessions(s, one *server) {
	s.replica.Tree().EachSession(func(id zoo.SessionID, timeout int32) {
		if other, known := one.replica.Tree().SessionTimeout(id); !known || other != timeout {
			w.violate("%s and %s differ in session %v", s.name, one.name, id)
		}
	})
}
