package server

import (
	"bytes"
	"net"
	"testing"

	"zoo/internal/wire"
)

// parting is the socket of a connection that takes leave: it keeps what was written, and
// calls back when the sending side is closed.
type parting struct {
	net.Conn
	written   bytes.Buffer
	onLeaving func()
	leaves    int
}

func (p *parting) Write(b []byte) (int, error) { return p.written.Write(b) }

func (p *parting) CloseWrite() error {
	p.leaves++
	p.onLeaving()
	return nil
}

// departing is a connection that is going to end, and what its client sees of that.
func departing(t *testing.T) (*conn, *parting) {
	s := startStandalone(t)
	s.connect() // now it serves
	near, far := net.Pipe()
	t.Cleanup(func() { near.Close(); far.Close() })
	p := &parting{Conn: near, onLeaving: func() {}}
	return newConn(s.Server, 1, p), p
}

func (c *conn) say(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.endLocked(append(c.beginLocked(), text...))
}

// The plot: while a connection takes leave, and after that, its reader and a flusher
// have something to write. Nobody writes: under TLS to take leave is to write, and two
// who do share a buffer.
func TestWhileAConnectionTakesLeaveNobodyWrites(t *testing.T) {
	c, p := departing(t)
	p.onLeaving = func() {
		c.say("too late")
		c.flush()
		c.tryFlush()
	}
	c.say("bye")
	c.ending = true
	if !c.flush() {
		t.Error("the connection is broken")
	}
	c.flush()
	c.tryFlush()
	if got := p.written.String(); got != "bye" || p.leaves != 1 {
		t.Errorf("%q was written, and leave taken %d times", got, p.leaves)
	}
}

// The plot: a reader waits for the tree's lock, and meanwhile the loop ends its
// connection and writes the last there is to say. The read is not answered.
func TestAReadIsNotAnsweredBehindTheEnd(t *testing.T) {
	c, p := departing(t)
	turn := c.server.takeTurn(c)
	defer turn.release()
	turn.lock(holdConn)
	c.ending = true
	if !turn.read(operationOf(wire.OpPing), 1, nil) {
		t.Error("the connection is cut off instead of hung up")
	}
	if c.out != nil || p.written.Len() > 0 {
		t.Error("the read was answered")
	}
}

// The plot: a read that may take long waits for the write in front of it. That one is
// refused, since the session has moved, which ends the connection; the loop has taken the
// output, and has not written it yet. The reader does not close the socket under it: its
// client would hear nothing, not even the answers from before.
func TestAReadThatWaitsForAWriteDoesNotCutOffTheLastWords(t *testing.T) {
	c, p := departing(t)
	turn := c.server.takeTurn(c)
	defer turn.release()
	c.say("moved")
	c.writing = true
	last := c.takeLocked()
	c.inflight.Store(1)
	c.ending = true
	if !turn.readOrPostpone(operationOf(wire.OpGetChildren), 1, wire.OpGetChildren, nil) {
		t.Error("the connection is cut off instead of hung up")
	}
	if !c.finish(turn) {
		t.Error("a connection that is drained is cut off instead of hung up")
	}
	c.mu.Lock()
	if !c.writeLocked(last, 0) || p.written.String() != "moved" || p.leaves != 1 {
		t.Errorf("%q was written, and leave taken %d times", p.written.String(), p.leaves)
	}
}
