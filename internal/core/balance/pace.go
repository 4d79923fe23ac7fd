package balance

import "time"

// Verdict is what becomes of a connection.
type Verdict uint8

// The verdicts.
const (
	// Keep leaves it alone for now.
	Keep Verdict = iota
	// Close ends it at once.
	Close
	// Finish ends it as soon as all that was read of it is answered, and reads no more.
	Finish
	// Enough leaves it and all others alone until the next look.
	Enough
)

// Conn is what is known of a connection.
type Conn struct {
	// Resting says that nothing of it is under way, and that nothing has come since the
	// last look.
	Resting bool
	// Finishing says that it was told to Finish before.
	Finishing bool
}

// Pace ends all connections of a server, so many in a second. It is begun anew for each
// drain.
type Pace struct {
	perSecond int
	// busyUntil is until when connections are left alone that do not rest.
	busyUntil time.Duration
	looked    time.Duration
	// credit is how many may end, in connections times nanoseconds.
	credit int64
}

// BusyMax is how long a connection has to come to rest: a client that is closed while it
// asks for nothing sees no request fail. One that never rests is ended behind an answer.
const BusyMax = 5 * time.Second

// NewPace begins to end connections, so many in a second, at least one.
func NewPace(now time.Duration, perSecond int) *Pace {
	return &Pace{perSecond: max(perSecond, 1), busyUntil: now + BusyMax, looked: now}
}

// Look begins a look at the connections. What was not used of the time since the last look
// is lost but for a second of it, so that clients that come to rest together do not go
// together.
func (p *Pace) Look(now time.Duration) {
	second := int64(time.Second)
	p.credit = min(p.credit+int64(min(now-p.looked, time.Second))*int64(p.perSecond),
		second*int64(p.perSecond))
	p.looked = now
}

// Judge decides about one connection.
func (p *Pace) Judge(c Conn) Verdict {
	switch {
	case p.credit < int64(time.Second):
		return Enough
	case c.Resting:
		p.credit -= int64(time.Second)
		return Close
	case c.Finishing || p.looked < p.busyUntil:
		return Keep
	}
	p.credit -= int64(time.Second)
	return Finish
}
