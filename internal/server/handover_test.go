package server

import (
	"errors"
	"net/http"
	"testing"

	"zoo"
	"zoo/internal/ops/admin"
	"zoo/internal/wire"
)

// The plot: an operator has the leader hand over, first to nobody in particular and then back
// by name. The sessions of other servers' clients live on, what was written is there, and
// who does not lead says so.
func TestALeaderHandsOverWhenItIsAsked(t *testing.T) {
	e := newEnsemble(t, 3, 0)
	for id := range e.ports {
		e.start(id)
	}
	e.session(1)
	first := e.leader()
	c := e.session(first%3 + 1)
	c.create("/a", "x")
	second, err := operator{e.servers[first].Server}.HandOver(t.Context(), 0)
	if err != nil || second == first {
		t.Fatalf("server %d leads behind %d: %v", second, first, err)
	}
	until(t, func() bool { return e.servesWithout(first) })
	back := e.back(second)
	back.call(1, wire.OpExists, &wire.ExistsRequest{Path: "/a"}, zoo.CodeOK)

	_, err = operator{e.servers[first].Server}.HandOver(t.Context(), 0)
	var refusal *admin.Refusal
	if !errors.As(err, &refusal) || refusal.Status != http.StatusConflict {
		t.Fatalf("a follower hands over: %v", err)
	}
	third, err := operator{e.servers[second].Server}.HandOver(t.Context(), first)
	if err != nil || third != first {
		t.Fatalf("server %d leads and not %d: %v", third, first, err)
	}
}
