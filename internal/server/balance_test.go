package server

import (
	"testing"

	"zoo"
	"zoo/internal/core/balance"
	"zoo/internal/wire"
)

func (e *ensemble) clientCount(id zoo.ServerID) int {
	return operator{e.servers[id].Server}.Attendance().Clients
}

// leavers opens sessions at a server, and gives those that are hung up on.
func (e *ensemble) leavers(id zoo.ServerID, n int) <-chan *client {
	gone := make(chan *client, n)
	for range n {
		c := e.session(id)
		go func() { _, _ = c.nc.Read(make([]byte, 1)); gone <- c }()
	}
	return gone
}

// The plot: all of thirty clients are at one server, whose fair share is ten. It sends ten
// away, and those come back to it: they may stay. Others have to go then, and go to another
// server, until there is no clear surplus any more.
func TestAServerWithTooManyClientsSendsSomeAway(t *testing.T) {
	e := newEnsemble(t, 3, 0)
	e.adjust = func(cfg *Config) {
		cfg.Balance = balance.Rule{TolerancePercent: 20, RoundMax: 50}
	}
	for id := range e.ports {
		e.start(id)
	}
	gone, back := e.leavers(1, 30), map[zoo.SessionID]*client{}
	for moved := 0; moved < 10 || e.clientCount(1) > 15; moved++ {
		c, next := <-gone, zoo.ServerID(1)
		if moved >= 10 {
			next = 2
		}
		if back[c.opened.SessionID] != nil {
			t.Fatal("a client that came back is sent away again")
		}
		again := e.servers[next].dial()
		again.handshake(c.resume())
		if again.opened.SessionID != c.opened.SessionID {
			t.Fatal("a session is lost")
		}
		back[c.opened.SessionID] = again
	}
	for _, c := range back {
		c.call(1, wire.OpExists, &wire.ExistsRequest{Path: "/"}, zoo.CodeOK)
	}
}

// Without the setting everybody stays where they are.
func TestClientsStayUnlessTheyAreToBeBalanced(t *testing.T) {
	l := &loop{server: &Server{}}
	l.beginSending(10)
	if l.sending.left != 0 {
		t.Error("clients are sent away")
	}
}
