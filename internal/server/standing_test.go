package server

import (
	"context"
	"errors"
	"testing"

	"zoo"
	"zoo/internal/wire"
)

// The plot: a session is ended from outside. Its connection breaks and its ephemeral goes;
// it cannot be ended twice, and not by a follower.
func TestASessionIsEndedFromOutside(t *testing.T) {
	s := startStandalone(t)
	c, other := s.connect(), s.connect()
	c.call(1, wire.OpCreate, ephemeral("/e"), zoo.CodeOK)
	id := zoo.SessionID(c.opened.SessionID)
	if err := s.ExpireSession(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	c.ended()
	other.call(1, wire.OpExists, &wire.ExistsRequest{Path: "/e"}, zoo.CodeNoNode)
	if err := s.ExpireSession(t.Context(), id); !errors.Is(err, zoo.CodeSessionExpired) {
		t.Errorf("the second time: %v", err)
	}
	e := newEnsemble(t, 3, 0)
	for id := range e.ports {
		e.start(id)
	}
	at := e.session(1)
	follower := e.servers[e.leader()%3+1]
	id = zoo.SessionID(at.opened.SessionID)
	if err := follower.ExpireSession(t.Context(), id); !errors.Is(err, ErrNotTracked) {
		t.Errorf("at a follower: %v", err)
	}
	if err := e.servers[e.leader()].ExpireSession(t.Context(), id); err != nil {
		t.Error(err)
	}
	at.ended()
}

// The plot: whoever waits for a server hears when it serves, and what it is; or that it
// has ended before.
func TestWhoRunsAServerHearsWhatItIs(t *testing.T) {
	s := startStandalone(t)
	if err := s.WaitServing(t.Context()); err != nil {
		t.Fatal(err)
	}
	if now := s.Standing(); now.Mode != "standalone" || now.Leader != 0 {
		t.Errorf("it is %+v", now)
	}
	e := newEnsemble(t, 3, 0)
	lonely := e.start(1)
	if now := lonely.Standing(); now.Mode != ModeLooking {
		t.Errorf("it is %+v", now)
	}
	changed := lonely.Changed()
	e.start(2)
	<-changed
	for _, s := range e.servers {
		if err := s.WaitServing(t.Context()); err != nil {
			t.Fatal(err)
		}
		if now := s.Standing(); now.Leader != e.leader() {
			t.Errorf("it is %+v", now)
		}
	}
	third := newEnsemble(t, 3, 0).start(1)
	heard := make(chan error, 1)
	go func() { heard <- third.WaitServing(context.Background()) }()
	if err := third.stop(); err != nil {
		t.Fatal(err)
	}
	if err := <-heard; !errors.Is(err, ErrEnded) {
		t.Errorf("it has ended, and the wait with %v", err)
	}
}

// The plot: a server is paused. It answers what came meanwhile when it goes on.
func TestAPausedServerGoesOn(t *testing.T) {
	s := startStandalone(t)
	c := s.connect()
	resume := s.Pause()
	c.pipeline(request(1, wire.OpCreate, create("/a", "")),
		request(2, wire.OpExists, &wire.ExistsRequest{Path: "/a"}))
	if s.loop.mu.TryLock() || s.treeMu.TryRLock() {
		t.Error("it goes on")
	}
	resume()
	c.reply(1, zoo.CodeOK)
	c.reply(2, zoo.CodeOK)
}
