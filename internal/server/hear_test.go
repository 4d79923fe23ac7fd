package server

import (
	"testing"

	"zoo/internal/core/replica"
)

// The plot: a thousand connections were heard of, and one of them leaves while the loop looks
// at the others. The moral: a turn looks at a few of them, a round at all that are there.
func TestTheLoopHearsOfManyConnectionsInManyTurns(t *testing.T) {
	s := startStandalone(t)
	const many, first = 1000, replica.ConnID(1) << 40
	done := make(chan struct{})
	s.queue.call(func() {
		defer close(done)
		l, all := s.loop, make([]*conn, many)
		for len(l.heard.left) > 0 {
			l.hearAll()
		}
		for i := range all {
			all[i] = &conn{id: first + replica.ConnID(i), server: s.Server}
			all[i].touched.Store(true)
			l.conns[all[i].id] = all[i]
		}
		l.heard.at = l.now.Mono
		l.hearAll()
		if heard := len(l.conns) - len(l.heard.left); heard != heardPerTurn {
			t.Errorf("%d connections in one turn", heard)
		}
		gone := l.heard.left[len(l.heard.left)-1]
		delete(l.conns, gone.id)
		for len(l.heard.left) > 0 {
			l.hearAll()
		}
		for _, c := range all {
			if c.touched.Load() != (c == gone) {
				t.Errorf("connection %d: not heard is %v", c.id-first, c != gone)
			}
			delete(l.conns, c.id)
		}
	})
	<-done
}
