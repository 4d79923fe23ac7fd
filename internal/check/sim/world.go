package sim

import (
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"time"

	"zoo"
	"zoo/internal/core/quorum"
)

// World is one ensemble with all that surrounds it. Everything in it belongs to
// the goroutine that plays it.
type World struct {
	options Options
	plan    plan
	rng     *rand.Rand
	// aside decides what came to the simulator later, so that the storms of the seeds
	// stay as they were; nil in stories.
	aside   *rand.Rand
	weather weather
	// restarts and oracle are what only some options play.
	restarts restarts
	oracle   oracle
	drains   drains
	ports    ports
	agenda   agenda
	now      time.Duration
	steps    int
	// crowd counts the steps of this instant.
	crowd int
	trace trace

	view    *quorum.View
	servers []*server
	mesh    *mesh
	net     *network
	clients []*client
	ledger  *ledger
	stats   Stats
	// stormy is true while faults are allowed.
	stormy bool
	// calmSince is when every server served after the storm, zero before.
	calmSince time.Duration
	broken    error
	// names are what stories call zxids.
	names map[zoo.Zxid]string
}

// Stats count what a seed has been through, to show that it was not idle.
type Stats struct {
	Commits, Acks, Reads, Syncs        int
	Turns                              int
	Leaders, Crashes, Kills, DiskFails int
	Diffs, Truncs, Snaps, Reloads      int
	Snapshots, SessionsClosed          int
	Expired, Partitions, Pauses, Cuts  int
	Moves, Stalls, Refused             int
	Purges, Uncut, Mastered            int
	Ports, NewDisks, Lags              int
	SyncTroubles, Repeats, Exhausted   int
	Reconfigs, Handovers, Transfers    int
	// Spared are the turns of servers that had their history in memory, Recalled those
	// that had to recover their disk to keep a log.
	Spared, Recalled int
	Restarts, Grants int
	// Shut counts quorum ports that nobody could reach.
	Shut int
	// Drains are servers that were drained, Parted and SentAway clients that had to go from
	// those, and to spread them.
	Drains, Parted, SentAway int
}

// Violation is a broken promise, with the time at which it broke.
type Violation struct {
	At   time.Duration
	Text string
}

// Error tells what broke and when.
func (v *Violation) Error() string { return fmt.Sprintf("at %v: %s", v.At, v.Text) }

// crowdMax is more than can happen in one instant, unless a server ticks without
// getting anywhere.
const crowdMax = 1000

func newWorld(rng *rand.Rand, p plan, options Options) *World {
	w := &World{options: options, plan: p, rng: rng}
	w.trace = newTrace(options.Trace, &w.now)
	w.net = newNetwork(w)
	w.view = p.view()
	w.ledger = newLedger(w)
	for i, m := range w.view.Members() {
		w.servers = append(w.servers, newServer(w, i, m))
	}
	w.addSpares()
	w.addNewcomer()
	w.mesh = newMesh(w)
	return w
}

func member(id int, observer bool) quorum.Member {
	role := "participant"
	if observer {
		role = "observer"
	}
	return quorum.Member{
		ID: zoo.ServerID(id), Observer: observer,
		Text: fmt.Sprintf("host%d:2888:3888:%s", id, role),
	}
}

// violate records the first broken promise and ends the play.
func (w *World) violate(format string, args ...any) {
	if w.broken != nil {
		return
	}
	w.broken = &Violation{At: w.now, Text: fmt.Sprintf(format, args...)}
	if w.trace.on() {
		w.trace.line("", "VIOLATION: %v", w.broken)
	}
}

// after makes an appointment.
func (w *World) after(d time.Duration, run func()) { w.agenda.add(w.now+d, run) }

// step plays the next appointment. It reports false when there is nothing left
// to play, or nothing worth playing.
func (w *World) step() (ok bool) {
	if w.broken != nil || w.agenda.empty() {
		return false
	}
	defer w.catch()
	next := w.agenda.take()
	if next.at > w.now {
		w.crowd = 0
	}
	w.now = next.at
	w.steps++
	if w.crowd++; w.crowd > crowdMax {
		w.violate("time stands still: %d steps at one instant", w.crowd)
	}
	next.run()
	return w.broken == nil
}

// catch makes a violation of a panic: a broken invariant of the core, or a bug.
func (w *World) catch() {
	if r := recover(); r != nil {
		w.violate("panic: %v\n%s", r, debug.Stack())
	}
}

// play runs until the condition holds, or the time is over. It reports whether
// the condition held.
func (w *World) play(limit time.Duration, until func() bool) bool {
	end := w.now + limit
	for !until() {
		if w.agenda.empty() || w.agenda.next() > end {
			return false
		}
		if !w.step() {
			return false
		}
	}
	return w.broken == nil
}

// Chances.

func (w *World) chance(p float64) bool { return p > 0 && w.rng.Float64() < p }

func (w *World) between(low, high time.Duration) time.Duration {
	if high <= low {
		return low
	}
	return low + time.Duration(w.rng.Int64N(int64(high-low)))
}

// around draws a pause with the given mean, up to three times of it.
func (w *World) around(mean time.Duration) time.Duration {
	return w.between(mean/4, mean/4+3*mean/2)
}

// travel is the time that a message takes. A few take much longer.
func (w *World) travel() time.Duration {
	d := w.between(w.plan.netMin, w.plan.netMax)
	if w.stormy && w.rng.IntN(64) == 0 {
		d *= 10
	}
	return d
}

// server finds a server by its id.
func (w *World) server(id zoo.ServerID) *server { return w.servers[id-1] }
