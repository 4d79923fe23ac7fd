package mixed

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"zoo/test/ensemble"
)

// stopLimit is how long a server may take to end when it is asked to.
const stopLimit = 20 * time.Second

// The plot: an ensemble of Java's servers is replaced by ours, one server at a time, on
// the same directories, the leader last, and then back. Clients in Go and in Java work on
// all the time. None loses its session, no write is answered with anything but the loss
// of a connection, and nothing that was acknowledged is lost.
func TestAnEnsembleIsReplacedServerByServerAndBack(t *testing.T) {
	s := plan(t, makeUp{voters: "JJJ"})
	s.starts(s.Servers...)
	h := s.startWriting()
	keepers := s.keepers()
	c := s.javaClient()
	h.progress(s)
	for _, next := range []kind{ours, javas} {
		for range s.Servers {
			server := s.nextToReplace(next)
			before := h.acknowledged.Load()
			s.replace(server, next)
			h.progress(s)
			s.Logf("server %d is %c: %d writes meanwhile", server.ID, next,
				h.acknowledged.Load()-before)
		}
		s.work()
		c.stillWorks()
	}
	c.leave()
	s.verify(h, keepers)
}

// nextToReplace is a server that is not of the kind yet, a follower if there is one.
func (s *story) nextToReplace(to kind) *ensemble.Server {
	s.Helper()
	order := s.leaderFirst()
	for i := len(order) - 1; i >= 0; i-- {
		if s.kind(order[i]) != to {
			return order[i]
		}
	}
	s.Fatal("all are replaced")
	return nil
}

// replace ends a server as an operator would, and starts the other program in its place.
func (s *story) replace(server *ensemble.Server, by kind) {
	s.Helper()
	s.must(server.Stop(stopLimit))
	s.kinds[server.ID-1] = by
	server.Become(by.program())
	s.starts(server)
}

// javaClient is zkCli.sh with an ephemeral that it keeps.
type javaClient struct {
	*story
	dialogue *ensemble.Dialogue
}

// zkCli is where Debian puts Java's client.
const zkCli = "/usr/share/zookeeper/bin/zkCli.sh"

func (s *story) javaClient() *javaClient {
	s.Helper()
	cmd := exec.Command(zkCli, "-timeout", "15000", "-server", strings.Join(s.Addresses(), ","))
	cmd.Env = append(os.Environ(), "CLIENT_JVMFLAGS=-Xmx64m -XX:TieredStopAtLevel=1")
	d, err := ensemble.Talk(cmd)
	s.must(err)
	// A program that does not end when its input does is of no further interest.
	s.Cleanup(func() { _ = d.Process().Kill() })
	c := &javaClient{s, d}
	c.hear("state:SyncConnected")
	c.say("create -e /java mine", "Created /java\n")
	return c
}

// say gives a command and waits for what it answers.
func (c *javaClient) say(command, pattern string) {
	c.Helper()
	c.must(c.dialogue.Say(command))
	c.hear(pattern)
}

func (c *javaClient) hear(pattern string) {
	c.Helper()
	ctx, cancel := context.WithTimeout(c.ctx, startLimit)
	defer cancel()
	_, err := c.dialogue.Expect(ctx, pattern)
	c.must(err)
}

// stillWorks: its session, and with it its ephemeral, has come through all that was.
func (c *javaClient) stillWorks() {
	c.Helper()
	c.say("get /java", "mine\n")
	if strings.Contains(c.dialogue.Transcript(), "Expired") {
		c.Errorf("Java's client has lost its session:\n%s", c.dialogue.Transcript())
	}
}

// leave ends the program as its user would.
func (c *javaClient) leave() {
	c.Helper()
	c.must(c.dialogue.Say("quit"))
	c.must(c.dialogue.Close(c.ctx))
}
