package zootest

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"zoo"
	"zoo/client"
	"zoo/internal/server"
)

// Ensemble is servers that belong together. They are counted from 0, as they are in
// Servers; server i has the id i+1.
type Ensemble struct {
	t       testing.TB
	servers []*Server
	voters  int // the first ones vote; 0 for a standalone server
	wires   *network
}

// add makes room for a server: its port is its own from now on.
func (e *Ensemble) add(s *Server) {
	e.t.Helper()
	door, err := openDoor(&s.halt)
	if err != nil {
		e.t.Fatalf("zootest: %v", err)
	}
	s.door = door
	e.t.Cleanup(door.close)
	e.servers = append(e.servers, s)
}

// begin starts all servers.
func (e *Ensemble) begin() {
	e.t.Helper()
	e.t.Cleanup(e.end)
	for _, s := range e.servers {
		s.Restart()
	}
	e.WaitServing()
}

// end ends all servers at once.
func (e *Ensemble) end() {
	e.t.Helper()
	var group sync.WaitGroup
	for _, s := range e.servers {
		group.Go(s.Kill)
	}
	group.Wait()
}

// Servers are all servers, also those that do not run.
func (e *Ensemble) Servers() []*Server { return append([]*Server(nil), e.servers...) }

// ConnectString is the addresses of all servers, as clients take it.
func (e *Ensemble) ConnectString() string { return strings.Join(e.addresses(), ",") }

func (e *Ensemble) addresses() []string {
	list := make([]string, len(e.servers))
	for i, s := range e.servers {
		list[i] = s.Address()
	}
	return list
}

// Client opens a session with the ensemble, and closes it at the end of the test t. The
// options are those of change.
func (e *Ensemble) Client(t testing.TB, change ...func(*client.Options)) *client.Client {
	t.Helper()
	return dial(t, e.addresses(), change)
}

func dial(t testing.TB, servers []string, change []func(*client.Options)) *client.Client {
	t.Helper()
	opts := client.Options{Servers: servers, SessionTimeout: patience}
	for _, f := range change {
		f(&opts)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c, err := client.Dial(ctx, opts)
	if err != nil {
		t.Fatalf("zootest: open a session with %s: %v", strings.Join(opts.Servers, ","), err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), goodbyeMax)
		defer cancel()
		_ = c.Close(ctx) // the servers may be gone
	})
	return c
}

// goodbyeMax is how long a client may take to end its session, whose server is paused.
const goodbyeMax = time.Second

// Kill ends server i as if its process were killed; see Server.Kill.
func (e *Ensemble) Kill(i int) { e.t.Helper(); e.servers[i].Kill() }

// Restart starts server i again.
func (e *Ensemble) Restart(i int) { e.t.Helper(); e.servers[i].Restart() }

// Pause stops server i where it is; see Server.Pause.
func (e *Ensemble) Pause(i int) { e.t.Helper(); e.servers[i].Pause() }

// Resume lets server i go on.
func (e *Ensemble) Resume(i int) { e.t.Helper(); e.servers[i].Resume() }

// Disconnect breaks the connections of the clients of server i.
func (e *Ensemble) Disconnect(i int) { e.t.Helper(); e.servers[i].Disconnect() }

// Partition divides the servers into groups: those of different groups do not reach each
// other any more, and what connects them breaks. Clients reach all of them. A server that
// is in no group is cut off from everybody, its clients included. The next Partition takes
// the place of this one, and Heal ends it.
func (e *Ensemble) Partition(groups ...[]int) {
	side := map[zoo.ServerID]int{}
	for n, group := range groups {
		for _, i := range group {
			side[e.servers[i].id] = n
		}
	}
	e.wires.divide(side)
	for _, s := range e.servers {
		_, reached := side[s.id]
		s.door.bar(!reached)
	}
}

// Heal ends a Partition. Who is paused or killed stays so.
func (e *Ensemble) Heal() {
	e.wires.divide(nil)
	for _, s := range e.servers {
		s.door.bar(false)
	}
}

// Leader is the number of the server that leads a majority of those that vote. It waits
// until there is one.
func (e *Ensemble) Leader() int {
	e.t.Helper()
	leader := -1
	e.wait("nobody leads", func() bool {
		leader = e.leader()
		return leader >= 0
	})
	return leader
}

// leader is the number of the leader, -1 for none.
func (e *Ensemble) leader() int {
	for i, s := range e.servers {
		mode := s.standing().Mode
		if mode == "standalone" || mode == "leader" && e.leads(s) {
			return i
		}
	}
	return -1
}

// leads tells whether a leader reaches a majority: it may not know yet that it does not.
func (e *Ensemble) leads(s *Server) bool {
	reached := 0
	for _, voter := range e.servers[:e.voters] {
		if voter.goes() && e.wires.joined(voter.id, s.id) {
			reached++
		}
	}
	return reached > e.voters/2
}

// WaitServing waits until servers serve clients under a leader that they reach: those of
// the numbers, or all that run and are not paused.
func (e *Ensemble) WaitServing(servers ...int) {
	e.t.Helper()
	var list []*Server
	for _, i := range servers {
		list = append(list, e.servers[i])
	}
	if len(servers) == 0 {
		for _, s := range e.servers {
			if s.goes() {
				list = append(list, s)
			}
		}
	}
	e.wait("not all servers serve", func() bool {
		for _, s := range list {
			if !e.serves(s) {
				return false
			}
		}
		return true
	})
}

// serves tells whether a server serves, and is not about to find out that it does not.
func (e *Ensemble) serves(s *Server) bool {
	standing := s.standing()
	switch standing.Mode {
	case "standalone":
		return true
	case "leader":
		return e.leads(s)
	case "follower", "observer":
		if standing.Leader < 1 || int(standing.Leader) > len(e.servers) {
			return false // It follows nobody any more.
		}
		leader := e.servers[standing.Leader-1]
		above := leader.standing()
		return above.Mode == "leader" && above.Epoch == standing.Epoch &&
			e.wires.joined(leader.id, s.id)
	}
	return false
}

// lookInterval is how long a wait may sleep without any server that has changed.
const lookInterval = 20 * time.Millisecond

// wait waits until something is so, which a change of a server brings about.
func (e *Ensemble) wait(what string, so func() bool) {
	e.t.Helper()
	limit := time.NewTimer(patience)
	defer limit.Stop()
	look := time.NewTicker(lookInterval)
	defer look.Stop()
	for {
		changed := e.changed()
		if so() {
			return
		}
		select {
		case <-changed:
		case <-look.C:
		case <-limit.C:
			e.t.Fatalf("zootest: %s after %v: %s", what, patience, e)
		}
		e.check()
	}
}

// changed is closed by the next change of a server that looks for its role, the one that
// is waited for most of the time.
func (e *Ensemble) changed() <-chan struct{} {
	for _, s := range e.servers {
		if s.goes() && s.standing().Mode == server.ModeLooking {
			return s.running().Changed()
		}
	}
	return nil
}

// check fails the test if a server has ended by itself.
func (e *Ensemble) check() {
	e.t.Helper()
	for _, s := range e.servers {
		if h := s.running(); h != nil && h.Err() != nil {
			e.t.Fatalf("zootest: server %d has ended: %v", s.id, h.Err())
		}
	}
}

// String says what each server is.
func (e *Ensemble) String() string {
	var words []string
	for _, s := range e.servers {
		words = append(words, s.String())
	}
	return strings.Join(words, ", ")
}

// ExpireSession ends a session as if its client had been silent for its timeout: its
// ephemeral znodes go, and the client hears that it has expired when it connects again. It
// returns when the leader has applied that. A session that does not exist fails the test.
func (e *Ensemble) ExpireSession(id zoo.SessionID) {
	e.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		err := error(server.ErrNotTracked)
		if h := e.servers[e.Leader()].running(); h != nil {
			err = h.ExpireSession(ctx, id)
		}
		if err == nil {
			return
		}
		// The leader may have changed since it was found.
		if !errors.Is(err, server.ErrNotTracked) && !errors.Is(err, server.ErrEnded) {
			e.t.Fatalf("zootest: expire session %v: %v", id, err)
		}
	}
}
