package clients

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"zoo/test/ensemble"
)

// plan makes three voters with lines and -D options of their own. None runs yet.
func plan(t *testing.T, lines []string, defines ...string) *story {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	e, err := ensemble.New(ensemble.Options{Dir: t.TempDir(), Voters: 3, TickTime: tick,
		Program: properties(program, defines...), Lines: lines})
	s := &story{T: t, Ensemble: e, ctx: ctx}
	s.must(err)
	t.Cleanup(s.end)
	return s
}

// javaReadOnly starts Java's client so that a read-only server will do.
func (s *story) javaReadOnly() *talk {
	s.Helper()
	cmd := exec.Command(zkCli, "-r", "-server", strings.Join(s.Addresses(), ","))
	cmd.Env = append(os.Environ(), "CLIENT_JVMFLAGS=-Xmx64m -XX:TieredStopAtLevel=1")
	return s.talk(cmd)
}

// One server of three lives. A client that can do with that much reads there, and may
// not write; when the others come it finds its way to them by itself, and writes.
func TestJavaReadsWithoutAQuorumAndWritesWhenThereIsOne(t *testing.T) {
	needJava(t)
	s := plan(t, []string{"localSessionsEnabled=true", "localSessionsUpgradingEnabled=true"},
		"readonlymode.enabled=true")
	alone := s.Servers[0]
	s.must(alone.Start())
	s.must(alone.WaitServing(s.ctx))
	if mode, err := alone.Mode(s.ctx); err != nil || mode != "read-only" {
		t.Fatalf("a server alone is %q (%v)", mode, err)
	}
	c := s.javaReadOnly()
	c.hear("state:ConnectedReadOnly")
	c.say("ls /", `\[zookeeper\]\n`)
	c.say("create /new x", "Not a read-only call: /new")
	for _, other := range s.Servers[1:] {
		s.must(other.Start())
	}
	s.must(s.WaitServing(s.ctx))
	c.hear("state:SyncConnected")
	c.say("create /new x", "Created /new\n")
	c.say("get /new", "x\n")
	c.leave()
}

// localSessions are how many sessions a server keeps to itself.
func (s *story) localSessions(server *ensemble.Server) string {
	s.Helper()
	n, _, err := server.Monitor(s.ctx, "zk_local_sessions")
	s.must(err)
	return n
}

// A session is the follower's own until its client wants an ephemeral.
func TestJavasLocalSessionIsUpgradedByAnEphemeral(t *testing.T) {
	needJava(t)
	s := plan(t, []string{"localSessionsEnabled=true", "localSessionsUpgradingEnabled=true"})
	s.must(s.Start(s.ctx))
	follower := s.followers()[0]
	c := s.java(follower)
	c.say("create /lasting x", "Created /lasting\n")
	if n := s.localSessions(follower); n != "1" {
		t.Errorf("%s local sessions before", n)
	}
	c.say("create -e /passing x", "Created /passing\n")
	if n := s.localSessions(follower); n != "0" {
		t.Errorf("%s local sessions after", n)
	}
	c.leave()
	witness := s.dial(sessionTimeout, s.leader())
	s.wantGone(witness, "/passing")
}

// Where sessions are not upgraded the client is told why it gets no ephemeral, and
// may go on.
func TestJavasLocalSessionOwnsNoEphemerals(t *testing.T) {
	needJava(t)
	s := plan(t, []string{"localSessionsEnabled=true"})
	s.must(s.Start(s.ctx))
	c := s.java(s.followers()[0])
	c.say("create -e /passing x", "Unable to create ephemeral node on a local session")
	c.say("create /lasting x", "Created /lasting\n")
	c.leave()
}
