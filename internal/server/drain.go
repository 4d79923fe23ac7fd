package server

import (
	"context"
	"net/http"
	"time"

	"zoo/internal/core/balance"
	"zoo/internal/core/replica"
	"zoo/internal/ops/admin"
	"zoo/internal/wire"
)

// draining is how a server that is drained parts with its clients. Loop only.
type draining struct {
	// perSecond is the rate that the operator wants.
	perSecond int
	// pace is nil while clients are taken; at is the next look at them.
	pace *balance.Pace
	at   time.Duration
}

// partInterval lies between two looks at the connections of a server that is drained, and
// is how long a client has to be silent to count as one that rests.
const partInterval = 50 * time.Millisecond

// followDrain begins to part with the clients, or ends it, as the replica says.
func (l *loop) followDrain() {
	d, drained := &l.draining, l.status.Drain == wire.DrainDone
	switch {
	case !drained:
		d.pace = nil
		l.server.drained.Store(0)
	case d.pace == nil:
		d.pace = balance.NewPace(l.now.Mono, d.perSecond)
		d.at = l.now.Mono
		l.server.drained.Store(1)
	}
}

// part ends some connections whose clients will go on at another server.
func (l *loop) part() {
	d := &l.draining
	d.at = l.now.Mono + partInterval
	d.pace.Look(l.now.Mono)
	for _, c := range l.conns {
		if l.partWith(c) == balance.Enough {
			break
		}
	}
	l.flush()
}

func (l *loop) partWith(c *conn) balance.Verdict {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ending {
		return balance.Keep
	}
	seen := c.seenTurns
	c.seenTurns = c.turns.Load()
	verdict := l.draining.pace.Judge(balance.Conn{
		Resting: c.restingLocked(seen), Finishing: c.finishing.Load()})
	switch verdict {
	case balance.Close:
		l.closeLocked(c)
	case balance.Finish:
		c.finishing.Store(true)
	}
	return verdict
}

// clientCount counts the connections of clients that have not been told to end.
func (l *loop) clientCount() (n int) {
	for _, c := range l.conns {
		if !c.ends() {
			n++
		}
	}
	return n
}

// Drain has this server part with its clients.
func (o operator) Drain(ctx context.Context, perSecond int) error {
	s := o.server
	leads, err := s.mayDrain(ctx)
	if err != nil {
		return err
	}
	if leads {
		if _, err := o.HandOver(ctx, 0); err != nil {
			return err
		}
	}
	s.inLoop(ctx, func() {
		l := s.loop
		l.draining = draining{perSecond: perSecond}
		l.followDrain() // at the new rate, if it is drained already
		l.replica.Step(l.now, replica.Drain{})
	})
	return s.awaitDrained(ctx)
}

// mayDrain tells whether this server may be drained as far as it knows, and whether it
// leads.
func (s *Server) mayDrain(ctx context.Context) (leads bool, err error) {
	err = errNotServing()
	s.inLoop(ctx, func() {
		l := s.loop
		if !l.serves() {
			return
		}
		err = nil
		if why := l.replica.DrainRefusal(); why != "" {
			err = &admin.Refusal{Status: http.StatusConflict, Text: why}
		}
		leads = l.status.State == replica.Leading
	})
	return leads, err
}

// awaitDrained waits for the leader's word.
func (s *Server) awaitDrained(ctx context.Context) error {
	for {
		changed := s.changes.next()
		status, ok := s.status()
		switch {
		case !ok:
			return errNotServing()
		case status.Drain == wire.DrainDone:
			return nil
		case status.Drain == wire.DrainNone:
			return &admin.Refusal{Status: http.StatusConflict, Text: status.DrainRefusal}
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		case <-s.closing:
			return errNotServing()
		}
	}
}

// Undrain has this server take clients again.
func (o operator) Undrain(ctx context.Context) error {
	s := o.server
	if !s.inLoop(ctx, func() { s.loop.replica.Step(s.loop.now, replica.Undrain{}) }) {
		return errNotServing()
	}
	return nil
}

// Attendance tells what this server does for clients.
func (o operator) Attendance() admin.Attendance {
	s := o.server
	a, _ := ask(s, func() admin.Attendance {
		l := s.loop
		status := l.replica.Status()
		a := admin.Attendance{
			State: "open", Clients: l.clientCount(), Reason: status.DrainRefusal,
			Leads: status.State == replica.Leading,
		}
		switch {
		case status.Drain != wire.DrainDone:
		case a.Clients > 0:
			a.State = "draining"
		default:
			a.State = "drained"
		}
		return a
	})
	a.Server = s.cfg.ID
	return a
}
