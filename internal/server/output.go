package server

import (
	"sync/atomic"
	"time"
)

// The output of a connection is appended to under conn.mu, by its reader and by
// the loop. It is written by whoever sets conn.writing, one at a time, without
// the lock:
//
//   - the reader at the end of its turn, which may wait for the client: a client
//     that does not read its replies is not read either;
//   - a flusher for the loop, which never waits: what the socket does not take
//     goes to a goroutine of its own.

// flush writes all output, waiting for the client where it must. False is a
// broken connection. If somebody else is writing, it is theirs to do.
func (c *conn) flush() bool {
	c.mu.Lock()
	if c.writing || c.hungUp {
		c.mu.Unlock()
		return true
	}
	return c.writeLocked(nil, 0)
}

// writeLocked writes b from done on, and then all output that there is. It
// releases mu.
func (c *conn) writeLocked(b *buffer, done int) bool {
	c.writing = true
	for {
		if b == nil {
			if b = c.takeLocked(); b == nil {
				break
			}
		}
		c.mu.Unlock()
		_, err := c.socket.Write(b.b[done:])
		c.server.outputs.give(b)
		b, done = nil, 0
		c.mu.Lock()
		if err != nil {
			c.breakLocked()
			return false
		}
	}
	c.writtenLocked()
	return true
}

// takeLocked takes the output to write it; nil is none.
func (c *conn) takeLocked() *buffer {
	b := c.out
	c.out = nil
	if b != nil {
		c.roomLocked()
	}
	return b
}

// breakLocked ends a connection that cannot be written. It releases mu.
func (c *conn) breakLocked() {
	c.writing = false
	c.ending = true
	signal(c.room) // for a reader that waits for room there will never be
	c.mu.Unlock()
	_ = c.socket.Close()
}

// writtenLocked ends the writing when nothing is left. It releases mu. To hang up is
// to write, under TLS: so writing stays set until that is done, and hungUp for good.
func (c *conn) writtenLocked() {
	if c.ending && !c.hungUp {
		c.hungUp = true
		c.mu.Unlock()
		c.hangUp()
		c.mu.Lock()
	}
	c.writing = false
	c.roomLocked()
	c.mu.Unlock()
}

// tryFlush writes what the socket takes at once. The loop and the flushers use
// it for connections whose dirty flag they hold.
func (c *conn) tryFlush() {
	c.mu.Lock()
	c.dirty = false
	if c.writing || c.hungUp {
		c.mu.Unlock()
		return
	}
	c.writing = true
	for {
		b := c.takeLocked()
		if b == nil {
			c.writtenLocked()
			return
		}
		c.mu.Unlock()
		n, err := c.socket.try(b.b)
		if err == nil && (n < len(b.b) || c.socket.owes()) {
			c.server.spawn("writer", func() { c.writeRest(b, n) })
			return
		}
		c.server.outputs.give(b)
		c.mu.Lock()
		if err != nil {
			c.breakLocked()
			return
		}
	}
}

// writeRest waits for a client that is slow to read.
func (c *conn) writeRest(b *buffer, done int) {
	c.mu.Lock()
	c.writeLocked(b, done)
}

// hangUp takes leave of a client to which everything was said: the sending side
// is closed first, because closing a socket on which unread bytes lie would take
// back what is still on its way. The reader ends the rest.
func (c *conn) hangUp() {
	half, ok := c.socket.Conn.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil {
		_ = c.socket.Close()
		return
	}
	_ = c.socket.SetReadDeadline(time.Now().Add(lingerMax))
}

// flushers are the goroutines that write for the loop.
const (
	// flushersMin is how many there are, unless there are more cores.
	flushersMin = 4
	// flushInline is up to how many connections the loop writes itself: to hand
	// over one would take longer.
	flushInline = 2
	// flushPieceMax is how many connections a flusher takes at a time.
	flushPieceMax = 32
	// flushQueue is how many calls for flushers may wait for them.
	flushQueue = 64
)

// flushList is connections with output that the flushers share, each a piece at a time: so
// none of them has more to do than the others.
type flushList struct {
	conns []*conn
	piece int
	taken atomic.Int64
}

func newFlushList(conns []*conn) *flushList {
	piece := (len(conns) + flushersMin - 1) / flushersMin
	return &flushList{conns: conns, piece: min(piece, flushPieceMax)}
}

// pieces is how many flushers can have a piece.
func (f *flushList) pieces() int { return (len(f.conns) + f.piece - 1) / f.piece }

// next takes a piece; it is empty when all are taken.
func (f *flushList) next() []*conn {
	end := int(f.taken.Add(int64(f.piece)))
	return f.conns[min(end-f.piece, len(f.conns)):min(end, len(f.conns))]
}

// flusher writes the lists of connections that the loop hands over. Between two large pieces
// it gives way: thousands of connections to be written must not keep the loop, the readers,
// and the clients on the same machine from the cores.
func (s *Server) flusher() {
	for {
		select {
		case list := <-s.flushes:
			for piece := list.next(); len(piece) > 0; piece = list.next() {
				for _, c := range piece {
					c.tryFlush()
				}
				if len(piece) == flushPieceMax {
					giveWay()
				}
			}
		case <-s.closing:
			return
		}
	}
}
