package server

import (
	"net"
	"testing"

	"zoo/internal/wire"
)

// screening is a turn of a connection whose writes are compared with the tree, on a
// server that nobody else uses.
func screening(t *testing.T) *turn {
	s := limited(t, func(c *Config) {
		c.EagerACLCheck = true
		c.Large = LargeConfig{ThresholdBytes: 1, SumBytesMax: 1 << 30}
	})
	s.connect() // now it serves
	near, far := net.Pipe()
	t.Cleanup(func() { near.Close(); far.Close() })
	c := newConn(s.Server, 1, near)
	turn := s.takeTurn(c)
	t.Cleanup(turn.release)
	return turn
}

// takeWrite takes a write that has arrived.
func (t *turn) takeWrite(path string, bytes int) bool {
	r := &wire.SetDataRequest{Path: path, Data: make([]byte, bytes), Version: -1}
	in := &t.conn.in
	for rest := request(1, wire.OpSetData, r); len(rest) > 0; {
		n := copy(in.space(), rest)
		in.arrived(n)
		rest = rest[n:]
	}
	frame, whole, err := in.next(1 << 30)
	ok := whole && err == nil && t.take(frame)
	t.bodies = nil
	in.rest()
	return ok
}

// The plot: many writes come at once, small ones and large ones. The tree's lock is let
// go of now and then, so that the loop can go on.
func TestScreenedWritesDoNotKeepTheTreeLocked(t *testing.T) {
	for _, bytes := range []int{0, 1000, 50_000} {
		turn := screening(t)
		holds, before := 0, 0
		const writes = 3 * answersPerHold
		for range writes {
			if !turn.takeWrite("/", bytes) {
				t.Fatal("the connection ends")
			}
			if turn.screened <= before {
				holds++
			}
			before = turn.screened
			if most := screenedPerHoldMax + screenedBytesMin + bytes + 100; before > most {
				t.Fatalf("%d bytes were screened under one hold, want at most %d", before, most)
			}
		}
		if holds == 0 {
			t.Fatalf("%d writes of %d bytes were screened under one hold", writes, bytes)
		}
		if queued := turn.conn.queue.len(); queued != writes {
			t.Fatalf("%d of %d writes are submitted", queued, writes)
		}
	}
}

// The plot: the connection ends, or it must authenticate first, or the server does not
// serve. Then the tree has no say, and nothing of a large write stays counted.
func TestNothingIsScreenedForWhoIsNotServed(t *testing.T) {
	for plot, story := range map[string]struct {
		change func(t *turn)
		stays  bool
	}{
		"it ends": {change: func(t *turn) { t.conn.ending = true }, stays: true},
		"barred":  {change: func(t *turn) { t.conn.barred = true }, stays: true},
		"not served": {change: func(t *turn) {
			t.conn.server.treeMu.Lock()
			t.conn.server.serving = false
			t.conn.server.treeMu.Unlock()
		}},
	} {
		turn := screening(t)
		story.change(turn)
		if stays := turn.takeWrite("/", 1000); stays != story.stays {
			t.Errorf("%s: the connection stays: %v", plot, stays)
		}
		if turn.screened != 0 || turn.conn.queue.len() != 0 {
			t.Errorf("%s: the write was looked at", plot)
		}
		if sum := turn.conn.server.large.sum.Load(); sum != 0 {
			t.Errorf("%s: %d bytes stay counted", plot, sum)
		}
	}
}

// The plot: while the lock changes hands the loop ends the connection. What comes then
// is not submitted any more.
func TestAWriteIsNotScreenedWhenItsConnectionEndsMeanwhile(t *testing.T) {
	turn := screening(t)
	turn.lock(holdConn)
	turn.conn.ending = true
	if refusal, ok := turn.screen(wire.OpSetData, nil); ok || refusal != nil {
		t.Errorf("got %v, %v", refusal, ok)
	}
	if !turn.write(1, wire.OpSetData, nil) || turn.conn.queue.len() != 0 {
		t.Errorf("the write was submitted, or the connection was cut off in the middle")
	}
}
