package server

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"zoo/internal/core/replica"
	"zoo/internal/ops/command"
	"zoo/internal/wire"
)

// silentLoopMax is how long the loop may leave a question unanswered before the process
// counts as one that does not work. A turn of the loop takes milliseconds, and a second
// where it takes in the snapshot of a large tree.
const silentLoopMax = 10 * time.Second

// pulse is a question to the loop that stays until it is answered, however many ask
// meanwhile, so that it is known for how long the loop has been silent.
type pulse struct {
	// looping says that there is a loop.
	looping atomic.Bool

	mu     sync.Mutex
	answer chan struct{} // closed by the loop; nil if nothing is asked
	asked  time.Duration
}

// feel asks, unless somebody else has, and gives the answer's channel and the time of
// the question.
func (p *pulse) feel(now time.Duration, ask func(func())) (<-chan struct{}, time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.answer == nil {
		answer := make(chan struct{})
		p.answer, p.asked = answer, now
		ask(func() {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.answer = nil
			close(answer)
		})
	}
	return p.answer, p.asked
}

// Live is whether the loop turns. What the disk, the network and the other servers do is
// no reason to start the process anew.
func (q source) Live() []command.Check {
	s := q.server
	if !s.pulse.looping.Load() {
		return []command.Check{{Name: "loop", OK: true, Reason: s.starting()}}
	}
	answer, asked := s.pulse.feel(s.mono(), s.queue.call)
	timer := time.NewTimer(statusMax)
	defer timer.Stop()
	select {
	case <-answer:
		return []command.Check{{Name: "loop", OK: true}}
	case <-s.closing:
		return []command.Check{{Name: "loop", OK: true, Reason: "the server is closing"}}
	case <-timer.C:
	}
	silent := s.mono() - asked
	return []command.Check{{Name: "loop", OK: silent < silentLoopMax,
		Reason: fmt.Sprintf("no answer for %v", silent.Round(time.Millisecond))}}
}

// starting tells what a server does that has no loop yet.
func (s *Server) starting() string {
	switch r := s.recovery.Load(); {
	case s.space.full.Load():
		return "the disk is full: waiting for room to open the data directory"
	case r != nil:
		return "the data directory is being read, " + r.stage(s.mono()).Detail
	}
	return "starting"
}

// Ready is whether this server serves what the ensemble has committed, and takes writes.
func (q source) Ready() []command.Check {
	s := q.server
	if !s.pulse.looping.Load() {
		return []command.Check{{Name: "data", Reason: s.starting()}}
	}
	c, ok := ask(s, func() condition {
		l := s.loop
		return condition{Status: l.replica.Status(), restarting: l.restarting,
			replacing: l.replacing != nil, full: s.space.full.Load()}
	})
	if !ok {
		return []command.Check{{Name: "loop", Reason: "no answer, see livez"}}
	}
	return c.checks()
}

// condition is what decides whether a server is ready.
type condition struct {
	replica.Status
	restarting, replacing, full bool
}

func (c *condition) checks() []command.Check {
	data := c.data()
	checks := []command.Check{data, c.quorum(), c.sync(), c.disk(), c.space(), c.clients()}
	for i := range checks {
		if data.OK || i == 0 {
			continue
		}
		// Without data there is no role; what it was before says nothing.
		checks[i].OK, checks[i].Reason = false, "not before there is data"
	}
	return checks
}

func (c *condition) data() command.Check {
	check := command.Check{Name: "data", OK: !c.restarting}
	switch {
	case c.full:
		check.OK = false
		check.Reason = "the disk is full: waiting for room to open the data directory again"
	case c.replacing:
		check.OK = false
		check.Reason = "a restore is replacing all data"
	case c.restarting:
		check.Reason = "the data directory is being read again"
	}
	return check
}

func (c *condition) quorum() command.Check {
	check := command.Check{Name: "quorum", OK: c.State != replica.Looking && !c.ReadOnly}
	switch {
	case c.ReadOnly:
		check.Reason = "read-only for want of a quorum"
	case c.Stalled:
		check.Reason = "out of the election until the disk answers"
	case c.State == replica.Looking:
		check.Reason = "looking for a leader"
	case c.State == replica.Following || c.State == replica.Observing:
		check.Reason = fmt.Sprintf("%v of server %d", c.State, c.Leader)
	default:
		check.Reason = c.State.String()
	}
	return check
}

func (c *condition) sync() command.Check {
	check := command.Check{Name: "sync", OK: c.Serving && !c.ReadOnly}
	switch {
	case check.OK:
		check.Reason = fmt.Sprintf("applied %v", c.LastApplied)
	case c.State == replica.Following || c.State == replica.Observing:
		check.Reason = fmt.Sprintf("server %d is sending what is missing here", c.Leader)
	case c.State == replica.Leading:
		check.Reason = "no quorum of followers has the leader's history yet"
	default:
		check.Reason = "no leader to be in sync with"
	}
	return check
}

func (c *condition) disk() command.Check {
	check := command.Check{Name: "disk", OK: c.DiskSilent == 0 && !c.Stalled}
	if !check.OK {
		check.Reason = "the disk does not answer"
		if c.DiskSilent > 0 {
			check.Reason += fmt.Sprintf(" for %v", c.DiskSilent.Round(time.Millisecond))
		}
	}
	return check
}

func (c *condition) space() command.Check {
	check := command.Check{Name: "disk_space", OK: !c.Alarm.Refuses}
	switch {
	case c.Alarm.Refuses:
		check.Reason = fmt.Sprintf("short on servers %v, writes that need space are refused",
			c.Alarm.Short)
	case len(c.Alarm.Short) > 0:
		check.Reason = fmt.Sprintf("short on servers %v, writes go on", c.Alarm.Short)
	}
	return check
}

func (c *condition) clients() command.Check {
	check := command.Check{Name: "clients", OK: c.Drain != wire.DrainDone}
	if !check.OK {
		check.Reason = "drained: new clients are turned away until zoo member undrain, " +
			"or a restart"
	}
	return check
}
