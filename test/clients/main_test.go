package clients

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"zoo/test/ensemble"
)

// program runs the servers of all tests, from binary if that is zoo. TestMain sets them.
var (
	program ensemble.Program
	binary  string
)

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

// againstJava tells whether the stories are told of Java's server.
func againstJava() bool { return os.Getenv("ZOO_CLIENTS_SERVER") == "java" }

func run(m *testing.M) int {
	if againstJava() {
		program = ensemble.Java("256m")
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "zoo-clients-")
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
	program = ensemble.Zoo(binary)
	return m.Run()
}

// storyLimit bounds one story, startLimit one start of a server within it. They are
// for machines that are busy with other tests.
const (
	storyLimit = 3 * time.Minute
	startLimit = time.Minute
)

// story is one test's ensemble and its time.
type story struct {
	*testing.T
	*ensemble.Ensemble
	ctx context.Context
}

// tick is short, so that sessions can be short too: the shortest is two of it.
const tick = 500 * time.Millisecond

// begin starts three voters and an observer. Whatever happens, they are gone after
// the test; when it failed, the end of each server's log is shown.
func begin(t *testing.T) *story {
	t.Helper()
	return beginWithin(t, storyLimit)
}

// beginWithin is begin for a story that may take longer.
func beginWithin(t *testing.T, limit time.Duration) *story {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	t.Cleanup(cancel)
	e, err := ensemble.New(ensemble.Options{
		Dir: t.TempDir(), Voters: 3, Observers: 1, Program: program, TickTime: tick,
		Operated: true,
		// Snapshots are to be taken within the few seconds of a story.
		Lines: []string{"snapCount=1000"}})
	if err != nil {
		t.Fatal(err)
	}
	s := &story{T: t, Ensemble: e, ctx: ctx}
	t.Cleanup(s.end)
	start, stop := context.WithTimeout(ctx, startLimit)
	defer stop()
	if err := e.Start(start); err != nil {
		t.Fatal(err)
	}
	return s
}

// envLogs is where the logs of failed tests are kept.
const envLogs = "ZOO_CLIENTS_LOGS"

func (s *story) end() {
	s.End(s.T, envLogs, func(server *ensemble.Server) string {
		return fmt.Sprintf("server %d", server.ID)
	})
}

func (s *story) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// eachRole runs a story's part against every server, as its own test.
func (s *story) eachRole(part func(s *story, server *ensemble.Server)) {
	for _, server := range s.Servers {
		mode, err := server.Mode(s.ctx)
		s.must(err)
		s.Run(fmt.Sprintf("%s-%d", mode, server.ID), func(t *testing.T) {
			part(&story{T: t, Ensemble: s.Ensemble, ctx: s.ctx}, server)
		})
	}
}

func (s *story) leader() *ensemble.Server {
	s.Helper()
	leader, err := s.Leader(s.ctx)
	s.must(err)
	return leader
}

func (s *story) observer() *ensemble.Server { return s.Servers[len(s.Servers)-1] }

// followers are the voters that do not lead now.
func (s *story) followers() []*ensemble.Server {
	s.Helper()
	s.leader()
	return s.WithMode(s.ctx, "follower")
}

// restart starts a killed server and waits until it serves again.
func (s *story) restart(server *ensemble.Server) {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.ctx, startLimit)
	defer cancel()
	s.must(server.Start())
	s.must(server.WaitServing(ctx))
}

// settle waits until every server has applied the same last transaction.
func (s *story) settle() {
	s.Helper()
	s.must(s.WaitOneZxid(s.ctx))
}

// leaveOut skips a story whose client is not installed, loudly.
func leaveOut(t *testing.T, what string, err error) {
	t.Helper()
	ensemble.LeaveOut(t, what, err)
}
