package server

import (
	"net"
	"testing"

	"zoo/internal/core/zab"
	"zoo/internal/net/peer"
	"zoo/internal/wire"
)

// A client pipelines requests and does not read, so its reader waits for room.
// Then the socket breaks under the writer. There will never be room, and the
// reader must be told, or the connection stays until the server ends.
func TestReaderThatWaitsForRoomIsToldThatTheConnectionBroke(t *testing.T) {
	s := startStandalone(t)
	near, far := net.Pipe()
	defer near.Close()
	for title, breaks := range map[string]func(*conn){
		"the writer fails": func(c *conn) { c.mu.Lock(); c.breakLocked() },
		"too much is unsent": func(c *conn) {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.out = &buffer{b: make([]byte, unsentBytesMax+1)}
			l := &loop{server: s.Server}
			l.soilLocked(c)
		},
	} {
		c := newConn(s.Server, 7, far)
		room := c.roomForLocked(true)
		breaks(c)
		select {
		case <-room:
		default:
			t.Errorf("%s: nobody wakes the reader", title)
		}
		if !c.waitForRoom() || !c.ending {
			t.Errorf("%s: the reader goes on waiting", title)
		}
	}
}

// In one turn a learner's ACKEPOCH asks for a SNAP and its link goes down. A tree
// frozen for the dead link would never be let go, and every change from then on
// would leave its before-image.
func TestNoTreeIsFrozenForALinkThatIsDown(t *testing.T) {
	s := newEnsemble(t, 1, 0).start(1)
	left := make(chan int, 1)
	s.queue.call(func() {
		s.loop.linkDown(peer.LinkID(99), net.ErrClosed)
		s.loop.send([]zab.Outgoing{{Link: 99, Packet: wire.QuorumPacket{Type: wire.PacketSnap}}})
		left <- len(s.loop.links.streams) + len(s.loop.links.batches)
	})
	if n := <-left; n != 0 {
		t.Fatalf("%d things are left of a dead link", n)
	}
}
