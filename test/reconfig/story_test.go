package reconfig

import (
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"zoo/client"
	"zoo/test/ensemble"
)

// storyLimit bounds a story; it takes a few seconds.
const storyLimit = 2 * time.Minute

// story is three servers and a fourth that nobody but itself knows of.
type story struct {
	*testing.T
	ctx    context.Context
	binary string
	*ensemble.Ensemble
}

// begin starts them, all with the lines given.
func begin(t *testing.T, lines ...string) *story {
	ctx, cancel := context.WithTimeout(t.Context(), storyLimit)
	t.Cleanup(cancel)
	binary, err := ensemble.Build(ctx, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	e, err := ensemble.New(ensemble.Options{
		Dir: t.TempDir(), Voters: 3, Joiners: 1, Program: ensemble.Zoo(binary),
		TickTime: 200 * time.Millisecond,
		Lines: append(lines, "reconfigEnabled=true", "standaloneEnabled=false",
			"skipACL=yes"),
	})
	if err != nil {
		t.Fatal(err)
	}
	s := &story{t, ctx, binary, e}
	t.Cleanup(func() { s.must(e.Close()) })
	for _, server := range e.Servers {
		s.must(server.Start())
	}
	s.must(e.WaitServing(ctx))
	return s
}

func (s *story) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// member runs zoo member; it asks the servers given.
func (s *story) member(step string, args []string, servers ...*ensemble.Server) (string, error) {
	all := []string{"member", step}
	for _, server := range servers {
		all = append(all, "-s", server.Address())
	}
	out, err := exec.CommandContext(s.ctx, s.binary, append(all, args...)...).CombinedOutput()
	s.Logf("zoo member %s %v: %v\n%s", step, args, err, out)
	return string(out), err
}

func (s *story) dial(servers ...*ensemble.Server) *client.Client {
	s.Helper()
	var addresses []string
	for _, server := range servers {
		addresses = append(addresses, server.Address())
	}
	c, err := client.New(client.Options{Servers: addresses})
	s.must(err)
	return c
}

// role waits until a server says that it has a role.
func (s *story) role(server *ensemble.Server, want string) {
	s.Helper()
	s.must(ensemble.Until(s.ctx, fmt.Sprintf("server %d is %s", server.ID, want),
		func(ctx context.Context) error {
			mode, err := server.Mode(ctx)
			if err == nil && mode != want {
				err = fmt.Errorf("it is %s", mode)
			}
			return err
		}))
}

// restartWithout kills all servers, and starts all but the one given and one more. It gives
// those that run.
func (s *story) restartWithout(gone *ensemble.Server) []*ensemble.Server {
	var members []*ensemble.Server
	for _, server := range s.Servers {
		s.must(server.Kill())
		if server != gone {
			members = append(members, server)
		}
	}
	members = members[1:]
	for _, server := range members {
		s.must(server.Start())
	}
	for _, server := range members {
		s.must(server.WaitServing(s.ctx))
	}
	return members
}

// The plot: a server joins as an observer, may vote, and the leader is taken out. Two of
// the three that are left restart, with what their files say, and go on: neither the
// server that was taken out nor the one that is down is needed.
func TestMembersJoinAndLeaveOneStepAtATime(t *testing.T) {
	s := begin(t)
	founders, joiner := s.Servers[:3], s.Servers[3]
	s.role(joiner, "follower") // without a vote
	c := s.dial(founders...)
	_, err := c.Create(s.ctx, "/kept", nil, client.CreateOptions{})
	s.must(err)
	s.must(c.Close(s.ctx))

	if _, err := s.member("promote", []string{"4"}, founders...); err == nil {
		t.Error("a server that is no member was promoted")
	}
	_, err = s.member("add", []string{joiner.Line("observer")}, founders...)
	s.must(err)
	s.role(joiner, "observer")
	_, err = s.member("promote", []string{"4"}, founders...)
	s.must(err)
	s.role(joiner, "follower")

	leader, err := s.Leader(s.ctx)
	s.must(err)
	_, err = s.member("remove", []string{strconv.Itoa(leader.ID)}, s.Servers...)
	s.must(err)
	s.role(leader, "follower")

	members := s.restartWithout(leader)
	c = s.dial(members...)
	found, err := c.Exists(s.ctx, "/kept", nil)
	if err != nil || found.Czxid == 0 {
		t.Errorf("/kept is gone: %v", err)
	}
	s.must(c.Close(s.ctx))
	out, err := s.member("remove", []string{strconv.Itoa(members[0].ID)}, members...)
	if err == nil || !strings.Contains(out, "no quorum") {
		t.Error("a step was taken that loses the quorum")
	}
}
