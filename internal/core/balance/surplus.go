package balance

import (
	"cmp"
	"slices"
	"time"

	"zoo"
)

// Server is what is known of one server that takes clients.
type Server struct {
	ID zoo.ServerID
	// Clients counts its connections with a session.
	Clients int
}

// Rule says when clients are sent from one server to another.
type Rule struct {
	// TolerancePercent is how much more than its fair share a server may have; 0 sends
	// nobody away.
	TolerancePercent int
	// RoundMax bounds how many a server sends away in one round.
	RoundMax int
}

// slack is how many clients more than its fair share every server may have: with few
// clients chance alone makes a large part of them.
const slack = 5

// Surplus tells how many clients each server is to send away in one round; servers that
// send none are left out. It does not matter in which order the servers are.
//
// A server within the tolerance sends nobody, so that an even ensemble is at rest. One
// beyond it sends no more than half of what it has above its fair share, so that it never
// comes below that, and has to take none back. As clients that are sent away go to any of
// the other servers, which have less on the average, each that goes makes the counts more
// even to be expected.
func (r Rule) Surplus(servers []Server) []Server {
	if r.TolerancePercent <= 0 || len(servers) < 2 {
		return nil
	}
	sum := 0
	for _, s := range servers {
		sum += max(s.Clients, 0)
	}
	fair := (sum + len(servers) - 1) / len(servers)
	var sent []Server
	for _, s := range servers {
		above := s.Clients - fair
		if above <= slack || above*100 <= fair*r.TolerancePercent {
			continue
		}
		sent = append(sent, Server{s.ID, min((above+1)/2, r.RoundMax)})
	}
	slices.SortFunc(sent, func(a, b Server) int { return cmp.Compare(a.ID, b.ID) })
	return sent
}

// Client is what is known of a connection that might be sent away.
type Client struct {
	// Resting says that nothing of it is under way, and that nothing has come lately.
	Resting bool
	// Age is for how long it has been there.
	Age time.Duration
	// SentBefore says that its session was sent away from here not long ago, and is back.
	SentBefore bool
}

// SentMemory is for how long a server knows whom it has sent away. A client that comes back
// meanwhile may know of no other server, and stays: so no client goes to and fro, whatever
// the counts do.
const SentMemory = time.Hour

// May tells whether a client may be sent away, for which it must have been there for some
// time: it has had the trouble of connecting.
func (c Client) May(ageMin time.Duration) bool {
	return c.Resting && c.Age >= ageMin && !c.SentBefore
}

// Sent remembers the sessions that were sent away, for SentMemory.
type Sent struct {
	at map[zoo.SessionID]time.Duration
	// order is that of time; what lies before head is forgotten.
	order []zoo.SessionID
	head  int
}

// sentMax bounds what is remembered: beyond it nobody is sent away.
const sentMax = 1 << 18

// Full tells whether no more can be remembered.
func (s *Sent) Full(now time.Duration) bool {
	s.forget(now)
	return len(s.at) >= sentMax
}

// Add notes that a session is sent away.
func (s *Sent) Add(now time.Duration, id zoo.SessionID) {
	if s.at == nil {
		s.at = map[zoo.SessionID]time.Duration{}
	}
	s.at[id] = now
	s.order = append(s.order, id)
}

// Has tells whether a session was sent away.
func (s *Sent) Has(now time.Duration, id zoo.SessionID) bool {
	at, sent := s.at[id]
	return sent && now-at < SentMemory
}

func (s *Sent) forget(now time.Duration) {
	for s.head < len(s.order) && now-s.at[s.order[s.head]] >= SentMemory {
		delete(s.at, s.order[s.head])
		s.head++
	}
	if s.head > len(s.order)/2 {
		s.order = slices.Clone(s.order[s.head:])
		s.head = 0
	}
}
