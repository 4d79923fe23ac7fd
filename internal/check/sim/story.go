package sim

import (
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"zoo"
	"zoo/internal/core/replica"
	"zoo/internal/core/tree"
	"zoo/internal/core/zab"
	"zoo/internal/wire"
)

// TB is what a story needs of a test.
type TB interface {
	Helper()
	Fatalf(format string, args ...any)
	Logf(format string, args ...any)
}

// Story is a world in calm weather whose faults a test tells one by one. All the
// promises are checked as in a seed; a broken one fails the test.
type Story struct {
	t TB
	w *World
	// leader is the server that proposals go to: the one last elected.
	leader *server
	teller *client
	left   *client
	cutOff []zoo.ServerID
}

// Option shapes the ensemble of a story.
type Option func(*setting)

type setting struct {
	plan    plan
	planted zab.Planted
}

// Servers sets the number of voters; they have the ids from 1 on.
func Servers(n int) Option { return func(s *setting) { s.plan.voters = n } }

// Observers sets the number of observers; their ids follow those of the voters.
func Observers(n int) Option { return func(s *setting) { s.plan.observers = n } }

// HistoryMin sets how many committed transactions a leader keeps for learners.
func HistoryMin(n int) Option { return func(s *setting) { s.plan.historyMin = n } }

// SnapCount sets how many transactions lie between two snapshots.
func SnapCount(n int) Option { return func(s *setting) { s.plan.snapCount = n } }

// Plant puts a known bug back.
func Plant(p zab.Planted) Option { return func(s *setting) { s.planted = p } }

// storySeed makes the small delays of stories; what they tell does not depend on
// it.
const storySeed = 1

// storyTicksMax bounds every wait of a story.
const storyTicksMax = 100

// New starts an ensemble in calm weather.
func New(t TB, options ...Option) *Story {
	t.Helper()
	s := setting{plan: calmPlan(3, 0)}
	for _, option := range options {
		option(&s)
	}
	w := newWorld(rand.New(rand.NewPCG(storySeed, storySeed)), s.plan,
		Options{Planted: s.planted, Trace: logWriter{t}})
	w.begin()
	w.play(20*time.Millisecond, func() bool { return false })
	story := &Story{t: t, w: w}
	story.teller = &client{w: w, name: "c"}
	story.keepAlive()
	return story
}

// keepAlive keeps the session of the client that proposes.
func (s *Story) keepAlive() {
	s.teller.ping()
	s.w.after(tickTime, s.keepAlive)
}

// logWriter sends the trace to the test's log.
type logWriter struct{ t TB }

func (l logWriter) Write(p []byte) (int, error) {
	l.t.Logf("%s", strings.TrimSuffix(string(p), "\n"))
	return len(p), nil
}

// until plays until the condition holds, or fails the test.
func (s *Story) until(what string, holds func() bool) {
	s.t.Helper()
	if !s.w.play(storyTicksMax*tickTime, holds) {
		if s.w.broken != nil {
			s.t.Fatalf("%v", s.w.broken)
		}
		s.t.Fatalf("never: %s: %s", what, s.w.describe())
	}
}

// Violation lets time pass and gives the promise that broke, which a test of a
// planted bug waits for.
func (s *Story) Violation(ticks int) error {
	s.w.play(time.Duration(ticks)*tickTime, func() bool { return false })
	return s.w.broken
}

// Elect waits until the server leads and serves.
func (s *Story) Elect(id zoo.ServerID) {
	s.t.Helper()
	leader := s.w.server(id)
	s.until("server leads", func() bool { return leader.listening(false) && leader.serving() })
	s.leader = leader
}

// Propose lets a client create /name on the leader, and waits until the leader
// itself has logged it; whether anybody else has is another question.
func (s *Story) Propose(name string) {
	s.t.Helper()
	s.meet()
	before := s.leader.log.persisted()
	r := wire.CreateRequest{Path: "/" + name, ACL: openToAll}
	s.teller.submit(wire.OpCreate, r.AppendTo(nil))
	s.until("the leader logs "+name, func() bool { return s.leader.log.persisted() > before })
	s.w.name(s.leader.log.persisted(), name)
}

// meet connects the client to the leader.
func (s *Story) meet() {
	s.t.Helper()
	c := s.teller
	if c.conn != nil && c.conn.server == s.leader && c.conn.ready {
		return
	}
	c.disconnect()
	c.session, c.seen = 0, 0
	c.connect(s.leader)
	s.until("the client connects", func() bool { return c.conn != nil && c.conn.ready })
}

// CommitAll waits until everything that the leader has logged is applied on every
// server that is not cut off or down.
func (s *Story) CommitAll() {
	s.t.Helper()
	s.until("all is committed", func() bool {
		for _, other := range s.w.servers {
			if other.alive && !other.paused && !slices.Contains(s.cutOff, other.id) &&
				other.appliedZxid() < s.leader.log.last() {
				return false
			}
		}
		return true
	})
}

// Cut walls servers off from all others.
func (s *Story) Cut(ids ...zoo.ServerID) {
	s.cutOff = ids
	s.w.net.wall(func(from, to int) bool {
		return slices.Contains(ids, zoo.ServerID(from+1)) ||
			slices.Contains(ids, zoo.ServerID(to+1))
	})
}

// Heal takes all walls away.
func (s *Story) Heal() {
	s.cutOff = nil
	s.w.heal()
}

// Crash takes a server's power, and with it what was not synced.
func (s *Story) Crash(id zoo.ServerID) { s.w.server(id).losePower() }

// CrashAt lets the power of a server go at its n-th operation on files from now.
func (s *Story) CrashAt(id zoo.ServerID, n int) { s.w.server(id).disk.arm(n, errPower) }

// FailDisk lets the n-th operation on files from now fail.
func (s *Story) FailDisk(id zoo.ServerID, n int) { s.w.server(id).disk.arm(n, errDisk) }

// SlowDisk makes everything on a disk take so many times longer.
func (s *Story) SlowDisk(id zoo.ServerID, factor int) {
	s.w.server(id).disk.slow = time.Duration(factor)
}

// Restart starts a server again.
func (s *Story) Restart(id zoo.ServerID) { s.w.server(id).start() }

// Pause stops a server's process, Resume lets it go on.
func (s *Story) Pause(id zoo.ServerID) { s.w.server(id).pause() }

// Resume ends a Pause.
func (s *Story) Resume(id zoo.ServerID) { s.w.server(id).resume() }

// Wait lets ticks pass.
func (s *Story) Wait(ticks int) {
	s.t.Helper()
	s.w.play(time.Duration(ticks)*tickTime, func() bool { return false })
	if s.w.broken != nil {
		s.t.Fatalf("%v", s.w.broken)
	}
}

// Settle waits until every living server serves and all hold the same.
func (s *Story) Settle() {
	s.t.Helper()
	s.until("all servers agree", func() bool {
		for _, other := range s.w.servers {
			if other.alive && !other.paused && (!other.serving() ||
				other.position != len(s.w.ledger.history)) {
				return false
			}
		}
		return true
	})
}

// Expect checks facts about a server: "tree = {a, b}" for the znodes of the root,
// "DIFF to a", "TRUNC to a" or "SNAP to a" for a synchronisation it went through.
func (s *Story) Expect(id zoo.ServerID, facts ...string) {
	s.t.Helper()
	server := s.w.server(id)
	have := append(slices.Clone(server.facts), server.treeFact())
	for _, fact := range facts {
		if !slices.Contains(have, fact) {
			s.t.Fatalf("server %d: want %q, have %q", id, fact, have)
		}
	}
}

func (s *server) treeFact() string {
	if s.replica == nil {
		return "down"
	}
	var names []string
	s.replica.Tree().EachNode(func(path string, _ tree.Node) bool {
		if path != "" && !strings.HasPrefix(path, "/zookeeper") {
			names = append(names, strings.Clone(path[1:]))
		}
		return true
	})
	slices.Sort(names)
	return "tree = {" + strings.Join(names, ", ") + "}"
}

// appliedZxid is how far the server's tree has come.
func (s *server) appliedZxid() zoo.Zxid {
	if s.replica == nil {
		return 0
	}
	return s.replica.Tree().Zxid()
}

// name gives a zxid a name for stories.
func (w *World) name(z zoo.Zxid, name string) {
	if w.names == nil {
		w.names = make(map[zoo.Zxid]string)
	}
	w.names[z] = name
}

// label is the name of a zxid, or the zxid.
func (w *World) label(z zoo.Zxid) string {
	if name, named := w.names[z]; named {
		return name
	}
	return z.String()
}

// State gives the role of a server, for stories about elections.
func (s *Story) State(id zoo.ServerID) replica.State { return s.w.server(id).status.State }

// Depose lets all others know at once that the leader is cut off, and itself only by their
// silence. The client that has proposed stays with it, for SyncAtOld; another one proposes
// from now on.
func (s *Story) Depose(id zoo.ServerID) {
	s.w.depose(s.w.server(id))
	s.left = s.teller
	s.teller = &client{w: s.w, name: "d"}
}

// SyncAtOld has the client that was left at a deposed leader ask for a sync.
func (s *Story) SyncAtOld() {
	s.t.Helper()
	if s.left.conn == nil {
		s.t.Fatalf("the client has left")
	}
	s.left.submit(wire.OpSync, (&wire.SyncRequest{Path: "/"}).AppendTo(nil))
}
