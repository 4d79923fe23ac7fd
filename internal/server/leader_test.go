package server

import (
	"testing"

	"zoo"
)

// The plot: three servers, and a leader that is to be kept free. A client that asks
// all of them gets a session at two; the third hangs up. Its words are for operators
// and still answered, which Java's are not.
func TestALeaderMayBeKeptFreeOfClients(t *testing.T) {
	e := newEnsemble(t, 3, 0)
	e.adjust = func(cfg *Config) { cfg.LeaderAlone = true }
	asked := map[zoo.ServerID]*client{}
	for id := zoo.ServerID(1); id <= 3; id++ {
		asked[id] = e.start(id).dial()
		asked[id].sendFrame(newSession().AppendTo(nil))
	}
	var refused []zoo.ServerID
	for id, c := range asked {
		if n, _ := c.nc.Read(make([]byte, 1)); n == 0 {
			refused = append(refused, id)
		}
	}
	leader := e.leader()
	if len(refused) != 1 || refused[0] != leader {
		t.Fatalf("%d leads, refused by %v", leader, refused)
	}
	if text := e.servers[leader].ask("isro"); text != "rw" {
		t.Errorf("isro: got %q", text)
	}
}
