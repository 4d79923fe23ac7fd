package reconfig

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"zoo"
	"zoo/client"
	"zoo/test/ensemble"
)

// crowd is clients that know all servers. Each has an ephemeral, and watches one znode.
type crowd struct {
	s       *story
	clients []*client.Client
	ids     []zoo.SessionID

	mu sync.Mutex
	// told counts what the watches have told, by client.
	told map[int]int
	// states are those that the sessions went through.
	states map[client.State]int
}

func three(t *testing.T, lines ...string) *story {
	ctx, cancel := context.WithTimeout(t.Context(), storyLimit)
	t.Cleanup(cancel)
	binary, err := ensemble.Build(ctx, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	e, err := ensemble.New(ensemble.Options{
		Dir: t.TempDir(), Voters: 3, Program: ensemble.Zoo(binary),
		TickTime: 200 * time.Millisecond, Lines: lines,
	})
	if err != nil {
		t.Fatal(err)
	}
	s := &story{t, ctx, binary, e}
	t.Cleanup(func() { s.must(e.Close()) })
	s.must(e.Start(ctx))
	s.must(e.WaitServing(ctx))
	return s
}

// come lets clients connect to all servers.
func (s *story) come(n int) *crowd {
	c := &crowd{s: s, told: map[int]int{}, states: map[client.State]int{}}
	maker := s.dial(s.Servers...)
	_, err := maker.Create(s.ctx, "/watched", nil, client.CreateOptions{})
	s.must(err)
	s.must(maker.Close(s.ctx))
	for i := range n {
		one, err := client.New(client.Options{Servers: s.Addresses(),
			Watcher: client.NewWatcher(c.stateWatcher)})
		s.must(err)
		c.clients = append(c.clients, one)
		_, err = one.Create(s.ctx, fmt.Sprintf("/here-%d", i), nil,
			client.CreateOptions{Mode: zoo.Ephemeral})
		s.must(err)
		watcher := client.NewWatcher(func(e client.Event) { c.watched(i, e) })
		_, _, err = one.Get(s.ctx, "/watched", watcher)
		s.must(err)
		c.ids = append(c.ids, one.SessionID())
	}
	return c
}

func (c *crowd) stateWatcher(e client.Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.states[e.State]++
}

func (c *crowd) watched(i int, e client.Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e.Type == zoo.EventNodeDataChanged {
		c.told[i]++
	}
}

// intact wants all sessions to be what they were, with their ephemerals and watches.
func (c *crowd) intact() {
	s := c.s
	s.Helper()
	for i, one := range c.clients {
		_, err := one.Exists(s.ctx, fmt.Sprintf("/here-%d", i), nil)
		for err != nil && one.State() == client.StateDisconnected && s.ctx.Err() == nil {
			s.must(one.WaitConnected(s.ctx))
			_, err = one.Exists(s.ctx, fmt.Sprintf("/here-%d", i), nil)
		}
		if err != nil || one.SessionID() != c.ids[i] {
			s.Fatalf("client %d has lost its session: %v", i, err)
		}
	}
	maker := s.dial(s.Servers...)
	_, err := maker.Set(s.ctx, "/watched", nil, -1)
	s.must(err)
	s.must(maker.Close(s.ctx))
	s.must(ensemble.Until(s.ctx, "all watches tell", func(context.Context) error {
		c.mu.Lock()
		defer c.mu.Unlock()
		for i := range c.clients {
			if c.told[i] != 1 {
				return fmt.Errorf("client %d has heard %d times", i, c.told[i])
			}
		}
		return nil
	}))
}

// operate runs zoo member drain or undrain as somebody, which is enough with the root's usual
// ACL.
func (s *story) operate(step string, args ...string) (string, error) {
	s.Helper()
	who := filepath.Join(s.TempDir(), "who")
	s.must(os.WriteFile(who, []byte("digest u:p"), 0o600))
	return s.member(step, append(args, "--auth-file", who), s.Servers...)
}

// figure is a figure of a server's mntr.
func (s *story) figure(server *ensemble.Server, name string) int {
	s.Helper()
	text, _, err := server.Monitor(s.ctx, name)
	s.must(err)
	n, err := strconv.Atoi(text)
	if err != nil {
		s.Fatalf("server %d: %s is %q", server.ID, name, text)
	}
	return n
}

// The plot: every server of three is drained, stopped and started, the leader among them,
// under clients with ephemerals and watches. No session ends, no ephemeral is lost, and
// each watch tells once in the end.
func TestServersAreDrainedStoppedAndStartedUnderClients(t *testing.T) {
	s := three(t)
	c := s.come(30)
	for _, server := range s.Servers {
		out, err := s.operate("drain", strconv.Itoa(server.ID), "--rate", "200")
		if err != nil || !strings.Contains(out, "is drained") {
			t.Fatalf("server %d is not drained", server.ID)
		}
		if n := s.figure(server, "zk_drained"); n != 1 {
			t.Errorf("server %d does not say that it is drained", server.ID)
		}
		if mode, err := server.Mode(s.ctx); err != nil || mode != "follower" {
			t.Errorf("a drained server is %s: %v", mode, err)
		}
		s.must(server.Stop(10 * time.Second))
		s.must(server.Start())
		s.must(s.WaitServing(s.ctx))
		if n := s.figure(server, "zk_drained"); n != 0 {
			t.Errorf("server %d is drained behind its restart", server.ID)
		}
	}
	c.intact()
	if c.states[client.StateExpired] > 0 {
		t.Errorf("sessions went through %v", c.states)
	}
	for _, one := range c.clients {
		s.must(one.Close(s.ctx))
	}
}

// The plot: two of three servers are drained, and the last is not. The first takes clients
// again. When one is stopped, neither of the others is drained: the quorum needs it.
func TestAServerThatIsNeededIsNotDrained(t *testing.T) {
	s := three(t)
	for _, id := range []string{"1", "2"} {
		_, err := s.operate("drain", id)
		s.must(err)
	}
	out, err := s.operate("drain", "3")
	if err == nil || !strings.Contains(out, "nowhere to go") {
		t.Error("the last server that takes clients was drained")
	}
	_, err = s.operate("undrain", s.Servers[0].Address())
	s.must(err)
	out, err = s.member("list", nil, s.Servers...)
	if err != nil || strings.Count(out, "drained") != 1 {
		t.Error("server 2 alone is drained, and the list does not say so")
	}
	s.must(s.Servers[1].Stop(10 * time.Second))
	out, err = s.operate("drain", "1")
	if err == nil || !strings.Contains(out, "no quorum") {
		t.Error("a server was drained that the quorum needs")
	}
}
