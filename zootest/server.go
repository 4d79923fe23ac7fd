package zootest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"

	"zoo"
	"zoo/client"
	"zoo/internal/config"
	"zoo/internal/host"
	"zoo/internal/server"
)

// Server is one server, standalone or of an Ensemble. It keeps its address and its data
// from Kill to Restart.
type Server struct {
	t        testing.TB
	ensemble *Ensemble
	id       zoo.ServerID
	dir      string
	opts     *options
	door     *door
	halt     halt

	mu sync.Mutex
	// host is nil while the server does not run; resume is nil unless it is paused.
	host   *host.Server
	resume func()
}

// ID is the server's number in its ensemble, from 1.
func (s *Server) ID() zoo.ServerID { return s.id }

// Address is the host:port for clients, also while nobody serves there.
func (s *Server) Address() string { return s.door.address() }

// Client opens a session with this server alone, and closes it at the end of the test t.
func (s *Server) Client(t testing.TB, change ...func(*client.Options)) *client.Client {
	t.Helper()
	return dial(t, []string{s.Address()}, change)
}

// Mode is what the server is now: standalone, leader, follower, observer or read-only, and
// looking while it serves nobody, is paused or does not run.
func (s *Server) Mode() string { return s.standing().Mode }

// String names the server and its mode.
func (s *Server) String() string { return fmt.Sprintf("server %d %s", s.id, s.Mode()) }

// Restart starts the server, killing it before if it runs. It does not wait for it to
// serve.
func (s *Server) Restart() {
	s.t.Helper()
	s.Kill()
	h, err := host.Start(context.Background(), host.Options{
		Source: s.source(), Log: s.opts.log, Adjust: s.adjust,
		Build: server.BuildInfo{Version: "zootest"},
	})
	if err != nil {
		s.t.Fatalf("zootest: start server %d: %v", s.id, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.host = h
}

func (s *Server) source() config.Source {
	src := config.Source{DataDir: s.dir, ClientListen: s.Address(), ID: s.id}
	for _, key := range slices.Sorted(maps.Keys(s.opts.settings)) {
		src.Properties = append(src.Properties, key+"="+s.opts.settings[key])
	}
	return src
}

// adjust puts the test's network in the place of the real one.
func (s *Server) adjust(c *server.Config) {
	c.ClientBind = s.door.bind
	dial, bind := s.ensemble.wires.dialer(s), s.ensemble.wires.binder(s)
	c.Quorum.Dial, c.Quorum.Bind = dial, bind
	c.Election.Dial, c.Election.Bind = dial, bind
}

// Kill ends the server as if its process were killed: all its connections break, and what
// it has written stays. One that does not run stays as it is.
func (s *Server) Kill() {
	s.t.Helper()
	s.Resume()
	s.mu.Lock()
	h := s.host
	s.host = nil
	s.mu.Unlock()
	if h == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := h.Close(ctx); err != nil {
		s.t.Errorf("zootest: end of server %d: %v", s.id, err)
	}
}

// Pause stops the server where it is, as SIGSTOP stops a process: it reads, writes and
// decides nothing, and its connections stand, until Resume. One that is paused or does not
// run stays as it is.
func (s *Server) Pause() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.host == nil || s.resume != nil {
		return
	}
	// The loop first: it must not come to wait for what it writes.
	goOn := s.host.Pause()
	s.halt.stop()
	s.resume = func() { s.halt.end(); goOn() }
}

// Resume ends a Pause. The time in between is to the server as if it had slept.
func (s *Server) Resume() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.resume != nil {
		s.resume()
		s.resume = nil
	}
}

// Disconnect breaks the connections of all clients, who may connect again.
func (s *Server) Disconnect() { s.door.disconnect() }

// WaitServing waits until the server serves clients.
func (s *Server) WaitServing() { s.t.Helper(); s.ensemble.WaitServing(int(s.id) - 1) }

// ExpireSession ends a session; see Ensemble.ExpireSession.
func (s *Server) ExpireSession(id zoo.SessionID) { s.t.Helper(); s.ensemble.ExpireSession(id) }

// running is the server's inside; nil while it does not run.
func (s *Server) running() *host.Server {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.host
}

// goes tells whether the server runs and is not paused.
func (s *Server) goes() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.host != nil && s.resume == nil
}

func (s *Server) standing() server.Standing {
	if h := s.running(); h != nil && s.goes() {
		return h.Standing()
	}
	return server.Standing{Mode: server.ModeLooking}
}
