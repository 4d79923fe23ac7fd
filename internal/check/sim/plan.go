package sim

import (
	"io"
	"math/rand/v2"
	"slices"
	"time"

	"zoo"
	"zoo/internal/core/quorum"
	"zoo/internal/core/zab"
)

// Options say how a seed is played. The zero value is right.
type Options struct {
	// Steps is the length of the part with faults, 2,000 by default.
	Steps int
	// Reconfigures lets members come and go.
	Reconfigures bool
	// Unlogged keeps the history of observers in memory (syncEnabled=false).
	Unlogged bool
	// Restarts lets a member come by new files and restarts, without reconfiguration.
	Restarts bool
	// Oracle plays two voters of which an oracle lets one decide alone.
	Oracle bool
	// Drains has operators drain servers, and lets the ensemble spread its clients.
	Drains bool
	// Ports shuts quorum ports while election ports are open, one of them for ever.
	Ports bool
	// Planted puts a known bug back.
	Planted zab.Planted
	// Trace receives the story, line by line.
	Trace io.Writer
	// headcount lets every second server count heads where weights decide: what the
	// simulator must find.
	headcount bool
}

const stepsDefault = 2000

// The ensemble's clock. A tick is shorter than anybody would configure, so that
// many timeouts fit into few steps; the limits are the usual ones.
const (
	tickTime  = 100 * time.Millisecond
	initLimit = 10
	syncLimit = 4
	// spaceMin is the mark below which a disk has too little room.
	spaceMin = 1000
)

// plan is the weather of one seed. Every seed has its own, because faults that
// are all equally likely everywhere hide those that need one of them often and
// the others never.
type plan struct {
	voters, observers, clients int
	// hierarchy weighs the voters; without groups their majority decides.
	hierarchy quorum.Hierarchy

	netMin, netMax   time.Duration
	diskMin, diskMax time.Duration
	// think is the mean pause of a client between two requests.
	think time.Duration
	// faultEvery is the mean pause between two faults.
	faultEvery time.Duration
	// faults are the weights of the kinds of faults.
	faults [faultKinds]int

	// noticeLoss and slowTurn are chances: of a lost notification, and of a
	// server that takes its events late and in one batch.
	noticeLoss, slowTurn float64
	snapCount            int
	// historyMin is how many committed transactions a leader keeps for learners.
	historyMin int
	// turnAt is how many transactions an epoch has before its leader enters the next one; 0
	// is ever so many.
	turnAt uint32
	// localSessions keeps sessions on their servers until they own an ephemeral.
	localSessions bool
	// masters lets followers serve the observers.
	masters bool
}

func drawPlan(rng *rand.Rand) plan {
	p := plan{
		voters:     3,
		observers:  []int{0, 0, 1, 1, 2}[rng.IntN(5)],
		clients:    2 + rng.IntN(4),
		netMin:     50 * time.Microsecond,
		netMax:     time.Duration(1+rng.IntN(8)) * time.Millisecond,
		diskMin:    50 * time.Microsecond,
		diskMax:    time.Duration(1+rng.IntN(12)) * time.Millisecond,
		think:      time.Duration(10+rng.IntN(150)) * time.Millisecond,
		faultEvery: time.Duration(100+rng.IntN(700)) * time.Millisecond,
		noticeLoss: []float64{0, 0, 0.02, 0.2}[rng.IntN(4)],
		slowTurn:   []float64{0, 0.1, 0.5}[rng.IntN(3)],
		snapCount:  []int{5, 20, 1000}[rng.IntN(3)],
		historyMin: []int{2, 10, 500}[rng.IntN(3)],
	}
	if rng.IntN(3) == 0 {
		p.voters = 5
	}
	p.localSessions = rng.IntN(4) == 0
	for i := range p.faults {
		if rng.IntN(2) == 0 {
			p.faults[i] = 1 + rng.IntN(8)
		}
	}
	return p
}

// suit changes the ensemble to one that the options are about.
func (p *plan) suit(o *Options) {
	if o.Restarts || o.Oracle {
		p.hierarchy = quorum.Hierarchy{}
	}
	if o.Oracle {
		p.voters = 2
	}
}

// masterSome lets one in four ensembles have followers that serve their observers, and
// half of those more observers than before.
func (p *plan) masterSome(rng *rand.Rand) {
	p.masters = rng.IntN(4) == 0
	if p.masters && rng.IntN(2) == 0 {
		p.observers = 2 + rng.IntN(2)
	}
}

// weighSome gives one seed in four groups and weights. They are drawn from their own
// numbers, so that the storms of the others stay as they were.
func (p *plan) weighSome(rng *rand.Rand) {
	if rng.IntN(4) != 0 {
		return
	}
	p.voters = 3 + rng.IntN(5)
	groups := 1 + rng.IntN(3)
	for p.hierarchy.Groups == nil {
		h := quorum.Hierarchy{Weights: map[zoo.ServerID]int64{}}
		for n := range groups {
			h.Groups = append(h.Groups, quorum.Group{Number: int64(n + 1)})
		}
		for id := range zoo.ServerID(p.voters) {
			g := &h.Groups[rng.IntN(groups)]
			g.Members = append(g.Members, id+1)
			h.Weights[id+1] = []int64{0, 1, 1, 1, 2, 3}[rng.IntN(6)]
		}
		// A line of a configuration names somebody.
		empty := func(g quorum.Group) bool { return g.Members == nil }
		h.Groups = slices.DeleteFunc(h.Groups, empty)
		if _, err := quorum.NewHierarchicalView(p.members(), h, 0); err == nil {
			p.hierarchy = h
		}
	}
}

// turnSome gives one seed in four epochs of few transactions, again from its own numbers.
func (p *plan) turnSome(rng *rand.Rand) {
	if rng.IntN(4) == 0 {
		p.turnAt = 5 + rng.Uint32N(60)
	}
}

func (p *plan) members() []quorum.Member {
	members := make([]quorum.Member, 0, p.voters+p.observers)
	for i := range p.voters + p.observers {
		members = append(members, member(i+1, i >= p.voters))
	}
	return members
}

// view is who decides in this ensemble.
func (p *plan) view() *quorum.View {
	view, err := quorum.NewView(p.members(), 0)
	if p.hierarchy.Groups != nil {
		view, err = quorum.NewHierarchicalView(p.members(), p.hierarchy, 0)
	}
	if err != nil {
		panic(err)
	}
	return view
}

// calmPlan is the weather of the stories: nothing goes wrong by itself.
func calmPlan(voters, observers int) plan {
	return plan{
		voters: voters, observers: observers,
		netMin: 500 * time.Microsecond, netMax: time.Millisecond,
		diskMin: 200 * time.Microsecond, diskMax: time.Millisecond,
		snapCount: 1000, historyMin: 500,
	}
}
