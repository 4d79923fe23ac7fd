package server

import (
	"fmt"
	"testing"

	"zoo"
	"zoo/internal/wire"
)

// The plot: epochs last for twenty transactions. A client writes two hundred through a
// follower on one connection, and the leader is the same one all the time.
func TestEpochsPassWithoutAnElection(t *testing.T) {
	e := newEnsemble(t, 3, 1)
	e.adjust = func(cfg *Config) { cfg.EpochTurnAt = 20 }
	for id := range e.ports {
		e.start(id)
	}
	e.session(1)
	leader := e.leader()
	first, _ := e.servers[leader].status()
	c := e.session(e.follower())
	for i := range 200 {
		c.create(fmt.Sprintf("/%d", i), "")
	}
	now, _ := e.servers[leader].status()
	if e.leader() != leader || now.Epoch < first.Epoch+5 {
		t.Fatalf("server %d led epoch %d, server %d leads %d", leader, first.Epoch,
			e.leader(), now.Epoch)
	}
	for id := range e.ports {
		e.expect(e.session(id), "/199", "")
	}
	m := c.call(1, wire.OpExists, &wire.ExistsRequest{Path: "/199"}, zoo.CodeOK)
	if zxid := m.Zxid; zxid.Epoch() < first.Epoch+5 {
		t.Fatalf("the last write is %v", zxid)
	}
}
