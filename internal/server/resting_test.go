//go:build !race

package server

import (
	"runtime"
	"runtime/metrics"
	"testing"

	"zoo/internal/wire"
)

// The plot: five hundred clients open sessions, and send a ping now and then. What a reader
// needs of its stack while it answers one is more than while it waits, and stacks do not
// shrink as far again; but of a session that rests the stack is as small as Go makes any.
// (The race detector's frames are larger.)
func TestTheStackOfASessionThatRestsIsTheSmallest(t *testing.T) {
	const sessions, stackBytes, slackBytes = 500, 2 << 10, 512
	s := startStandalone(t)
	before := stacks()
	clients := make([]*client, sessions)
	for i := range clients {
		clients[i] = s.connect()
	}
	ping := request(wire.XidPing, wire.OpPing, nil)
	// What a stack begins with depends on those that the last collection has seen.
	for range 2 {
		runtime.GC()
		for _, c := range clients {
			c.write(ping)
			c.frame()
		}
	}
	runtime.GC()
	if each := (stacks() - before) / sessions; each > stackBytes+slackBytes {
		t.Errorf("the stack of a session that rests has %d bytes", each)
	}
}

func stacks() int64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/stacks:bytes"}}
	metrics.Read(sample)
	return int64(sample[0].Value.Uint64())
}

// The plot: a client ends its session. The loop has forgotten its connection by then, so
// that this takes no other turn; nothing of it is counted any more.
func TestASessionThatHasEndedTakesItsConnectionAlong(t *testing.T) {
	s := startStandalone(t)
	c := s.connect()
	c.write(request(1, wire.OpCloseSession, nil))
	c.frame()
	left, ok := ask(s.Server, func() int { return len(s.loop.conns) })
	if !ok || left != 0 || s.inflight.Load() != 0 {
		t.Errorf("%d connections and %d requests are left", left, s.inflight.Load())
	}
}
