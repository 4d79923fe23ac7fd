package server

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"zoo"
	"zoo/internal/ops/admin"
	"zoo/internal/wire"
)

func (e *ensemble) drain(id zoo.ServerID) error {
	return operator{e.servers[id].Server}.Drain(e.t.Context(), 1000)
}

func (e *ensemble) attendance(id zoo.ServerID) admin.Attendance {
	return operator{e.servers[id].Server}.Attendance()
}

// refusedFor tells whether a server could not be drained, for a reason that has some words.
func refusedFor(err error, words string) bool {
	var refusal *admin.Refusal
	return errors.As(err, &refusal) && refusal.Status == http.StatusConflict &&
		strings.Contains(refusal.Text, words)
}

// crowded starts three servers with five clients each, which have ephemerals.
func crowded(t *testing.T) (*ensemble, map[zoo.ServerID][]*client) {
	e := newEnsemble(t, 3, 0)
	for id := range e.ports {
		e.start(id)
	}
	clients := map[zoo.ServerID][]*client{}
	for id := range e.ports {
		for i := range 5 {
			c := e.session(id)
			c.call(1, wire.OpCreate, ephemeral(fmt.Sprintf("/by-%d-%d", id, i)), zoo.CodeOK)
			clients[id] = append(clients[id], c)
		}
	}
	return e, clients
}

// The plot: three servers with five clients each, and the leader is drained. It hands over,
// its clients are hung up on and take their sessions to another server, where their
// ephemerals still are. A new client is turned away, and operators are told.
func TestALeaderIsDrained(t *testing.T) {
	e, clients := crowded(t)
	first := e.leader()
	if err := e.drain(first); err != nil {
		t.Fatal(err)
	}
	if e.attendance(first).Leads {
		t.Error("a server that is to be stopped still leads")
	}
	leader := e.leader()
	other := 6 - first - leader
	until(t, func() bool {
		// It may still follow the one that has gone, and hang up later.
		status, ok := e.servers[other].status()
		return ok && status.Serving && status.Leader == leader
	})
	for i, c := range clients[first] {
		// The change of the lead has hung up on everybody already.
		c.ended()
		again := e.servers[other].dial()
		again.handshake(c.resume())
		if again.opened.SessionID != c.opened.SessionID {
			t.Fatalf("session %v has expired", c.opened.SessionID)
		}
		again.call(2, wire.OpExists,
			&wire.ExistsRequest{Path: fmt.Sprintf("/by-%d-%d", first, i)}, zoo.CodeOK)
	}
	stranger := e.servers[first].dial()
	stranger.sendFrame(newSession().AppendTo(nil))
	stranger.ended()
	until(t, func() bool { return e.attendance(first).State == "drained" })
	expectMatch(t, e.servers[first].ask("mntr"), `zk_drained\t1\n`)
	if checks := (source{e.servers[first].Server}).Ready(); checks[len(checks)-1].OK {
		t.Errorf("a drained server is ready for clients: %+v", checks)
	}
}

// The plot: two of three servers are drained, and the last one is refused. Then the first
// takes clients again.
func TestTheLastServerIsNotDrained(t *testing.T) {
	e, _ := crowded(t)
	last := e.leader()
	first, second := last%3+1, (last+1)%3+1
	for _, id := range []zoo.ServerID{first, second} {
		if err := e.drain(id); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.drain(last); !refusedFor(err, "nowhere to go") {
		t.Errorf("the last server is drained: %v", err)
	}
	if err := (operator{e.servers[first].Server}).Undrain(t.Context()); err != nil {
		t.Fatal(err)
	}
	e.session(first).create("/back", "")
}

// The plot: clients of a follower do nothing, and it is drained: they are hung up on without
// another word, all of them, and nobody else is.
func TestOnlyTheClientsOfTheDrainedServerGo(t *testing.T) {
	e := newEnsemble(t, 3, 0)
	for id := range e.ports {
		e.start(id)
	}
	e.session(1)
	drained := e.leader()%3 + 1
	here := []*client{e.session(drained), e.session(drained), e.session(drained)}
	elsewhere := e.session(drained%3 + 1)
	if err := e.drain(drained); err != nil {
		t.Fatal(err)
	}
	for _, c := range here {
		c.ended()
	}
	until(t, func() bool { return e.attendance(drained).State == "drained" })
	elsewhere.create("/there", "")
}

// The plot: a connection that never rests is told to finish, and its client sends a hundred
// writes and reads at once. All are answered before it is hung up on.
func TestAConnectionThatFinishesAnswersWhatItHasRead(t *testing.T) {
	s := startStandalone(t)
	c := s.connect()
	c.create("/a", "")
	s.conns.all()[0].finishing.Store(true)
	var requests [][]byte
	for i := range int32(100) {
		requests = append(requests, request(2*i+1, wire.OpSetData,
			&wire.SetDataRequest{Path: "/a", Version: -1}),
			request(2*i+2, wire.OpGetData, &wire.GetDataRequest{Path: "/a"}))
	}
	c.pipeline(requests...)
	for i := range int32(200) {
		c.reply(i+1, zoo.CodeOK)
	}
	c.ended()
}

// Alone there is nobody to take over the clients.
func TestAServerAloneIsNotDrained(t *testing.T) {
	s := startStandalone(t)
	c := s.connect()
	err := operator{s.Server}.Drain(t.Context(), 100)
	if !refusedFor(err, "only server") {
		t.Errorf("a server alone is drained: %v", err)
	}
	c.create("/a", "")
}
