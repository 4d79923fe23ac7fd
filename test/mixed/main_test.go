package mixed

import (
	"context"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"zoo/test/ensemble"
)

// binary is ours. TestMain sets it.
var binary string

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "zoo-mixed-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary, err = ensemble.Build(context.Background(), dir)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// storyLimit bounds one story, startLimit one start of a server within it. They are for
// machines that are busy with other tests.
const (
	storyLimit = 5 * time.Minute
	startLimit = time.Minute
)

// tick is short, so that what waits for ticks does not take long.
const tick = 500 * time.Millisecond

// story is one ensemble and its time.
type story struct {
	*testing.T
	*ensemble.Ensemble
	ctx context.Context
	// kinds tells whose each server is now, in the order of their ids.
	kinds []kind
	// forgiven says that Java's leader has written a digest that is not its tree's.
	forgiven bool
}

// kind is whose a server is.
type kind byte

const (
	javas kind = 'J'
	ours  kind = 'Z'
)

// definitions hold for both programs: those that do not work from zoo.cfg.
var definitions = []string{"-Dznode.container.checkIntervalMs=1000",
	"-Dzookeeper.extendedTypesEnabled=true"}

// program runs a server of the kind, with more definitions. What the JVM is told makes
// it start sooner.
func (k kind) program(more ...string) ensemble.Program {
	if k == ours {
		return ensemble.Zoo(binary, slices.Concat(definitions, more)...)
	}
	quick := []string{"-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"}
	return ensemble.Java("128m", slices.Concat(quick, definitions, more)...)
}

// plan writes the files of an ensemble. Nothing runs yet.
func plan(t *testing.T, m makeUp, lines ...string) *story {
	t.Helper()
	ensemble.LeaveOut(t, "Java's ZooKeeper", ensemble.FindJava())
	ctx, cancel := context.WithTimeout(t.Context(), storyLimit)
	t.Cleanup(cancel)
	s := &story{T: t, ctx: ctx, kinds: []kind(m.voters + m.observers + m.joiners)}
	lines = append(lines, "snapCount=1000", "maxSessionTimeout=20000")
	e, err := ensemble.New(ensemble.Options{Dir: t.TempDir(), TickTime: tick,
		Voters: len(m.voters), Observers: len(m.observers), Joiners: len(m.joiners), Lines: lines,
		Apart: m.apart, Operated: true})
	s.must(err)
	s.Ensemble = e
	for i, server := range e.Servers {
		server.Become(s.kinds[i].program())
	}
	t.Cleanup(s.end)
	return s
}

// envLogs is where the logs of failed tests are kept.
const envLogs = "ZOO_MIXED_LOGS"

func (s *story) end() {
	s.End(s.T, envLogs, func(server *ensemble.Server) string {
		return fmt.Sprintf("server %d (%c)", server.ID, s.kind(server))
	})
}

func (s *story) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *story) kind(server *ensemble.Server) kind { return s.kinds[server.ID-1] }

// starts starts servers and waits until they serve.
func (s *story) starts(servers ...*ensemble.Server) {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.ctx, startLimit)
	defer cancel()
	for _, server := range servers {
		s.must(server.Start())
	}
	for _, server := range servers {
		s.must(server.WaitServing(ctx))
	}
}

func (s *story) kills(servers ...*ensemble.Server) {
	s.Helper()
	for _, server := range servers {
		s.must(server.Kill())
	}
}

func (s *story) leader() *ensemble.Server {
	s.Helper()
	leader, err := s.Leader(s.ctx)
	s.must(err)
	return leader
}
