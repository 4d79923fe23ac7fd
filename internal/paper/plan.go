package paper

import (
	"slices"
	"time"
)

// Event is a failure or a recovery of Figure 8.
type Event struct {
	// At is when it is due, after the start of the window.
	At time.Duration
	// Mark is what the paper calls it; a recovery has that of its failure, but where the paper
	// has one of its own.
	Mark string
	// Kind is what happens.
	Kind Kind
	// Loss counts the failures, from 0; a recovery has that of the failure that it ends.
	Loss int
}

// Kind is what happens to a server.
type Kind string

// The kinds of events.
const (
	FailFollower Kind = "fail a follower"
	FailLeader   Kind = "fail the leader"
	Heal         Kind = "heal"
)

// stepped is an event of the plan by its step, and whether it takes a second server away.
type stepped struct {
	step   int
	second bool
	Event
}

// The paper tells the order of the events, not their instants: they lie a step apart.
var steps = []stepped{
	{1, false, Event{Mark: "1", Kind: FailFollower, Loss: 0}},
	{2, false, Event{Mark: "1", Kind: Heal, Loss: 0}},
	{3, false, Event{Mark: "2", Kind: FailFollower, Loss: 1}},
	{4, false, Event{Mark: "2", Kind: Heal, Loss: 1}},
	{5, false, Event{Mark: "3", Kind: FailLeader, Loss: 2}},
	{6, false, Event{Mark: "3", Kind: Heal, Loss: 2}},
	{7, false, Event{Mark: "4a", Kind: FailFollower, Loss: 3}},
	{8, true, Event{Mark: "4b", Kind: FailFollower, Loss: 4}},
	{9, false, Event{Mark: "4c", Kind: Heal, Loss: 3}},
	{9, true, Event{Mark: "4c", Kind: Heal, Loss: 4}},
	{10, false, Event{Mark: "5", Kind: FailLeader, Loss: 5}},
	{11, false, Event{Mark: "6", Kind: Heal, Loss: 5}},
}

const (
	lastStep = 12
	losses   = 6
	// lossServersMin is how many servers outlive the loss of one, secondLossServersMin that of
	// two.
	lossServersMin       = 3
	secondLossServersMin = 5
)

// Plan is what happens to an ensemble of that many servers, and how long it takes in all. One
// that would not outlive a second loss is spared it.
func Plan(servers int, step time.Duration) (events []Event, whole time.Duration) {
	for _, s := range steps {
		if s.second && servers < secondLossServersMin {
			continue
		}
		s.At = time.Duration(s.step) * step
		events = append(events, s.Event)
	}
	return events, lastStep * step
}

// The roles that servers tell of themselves.
const (
	roleLeader   = "leader"
	roleFollower = "follower"
)

// cast is which server each loss has hit, by its place among the servers; -1 is none yet.
type cast []int

func newCast() cast { return slices.Repeat(cast{-1}, losses) }

// choose is the server that an event is about, by its place, or -1 if there is none. A follower
// that has not been hit before comes first.
func (c cast) choose(e Event, roles []string) int {
	switch e.Kind {
	case Heal:
		return c[e.Loss]
	case FailLeader:
		return slices.Index(roles, roleLeader)
	}
	for i, role := range roles {
		if role == roleFollower && !slices.Contains(c, i) {
			return i
		}
	}
	return slices.Index(roles, roleFollower)
}
