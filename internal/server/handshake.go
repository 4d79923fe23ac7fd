package server

import (
	"errors"
	"os"
	"sync"
	"time"

	"zoo/internal/jute"
	"zoo/internal/ops/command"
	"zoo/internal/wire"
)

// sessionlessMaxDefault is how long a client may take to introduce itself, unless
// configured (zookeeper.nio.sessionlessCnxnTimeout).
const sessionlessMaxDefault = 10 * time.Second

// heldMax is how long a client is kept waiting for the server to serve, and
// heldShare which part of its session's timeout: the rest is needed to look for
// another server.
const (
	heldMax   = 10 * time.Second
	heldShare = 4
)

// handshake asks for a session for the connection; false ends it.
func (c *conn) handshake() bool {
	_ = c.socket.SetReadDeadline(time.Now().Add(c.server.cfg.SessionlessMax))
	frame, ok := c.firstFrame()
	if !ok {
		return false
	}
	var request wire.ConnectRequest
	d := jute.NewDecoder(frame)
	request.DecodeFrom(&d)
	if d.Err() != nil {
		return false
	}
	c.asked = c.server.mono()
	c.server.meters.conns.requests.Inc()
	if request.SessionID != 0 {
		c.server.meters.conns.revalidated.Inc()
	}
	if !c.server.admit(&request) {
		c.server.meters.conns.rejected.Inc()
		c.refuse(refusedRate)
		return false
	}
	request.Passwd = append([]byte(nil), request.Passwd...)
	c.in.rest()
	_ = c.socket.SetReadDeadline(time.Time{})
	if !c.server.gate.wait(heldFor(request.TimeOut), c.server.closing) {
		return false
	}
	c.connect(&request)
	return true
}

func heldFor(timeoutMillis int32) time.Duration {
	share := time.Duration(timeoutMillis) * time.Millisecond / heldShare
	return min(max(share, 0), heldMax)
}

// firstFrame reads the first frame, unless it is a four-letter word.
func (c *conn) firstFrame() ([]byte, bool) {
	for {
		if err := c.socket.receive(); err != nil {
			c.lostEarly(err)
			return nil, false
		}
		b := c.in.pending()
		if len(b) >= command.WordBytes && command.Known(b[:command.WordBytes]) {
			if c.answerWord(b) {
				return nil, false
			}
			continue
		}
		frame, whole, err := c.in.next(c.server.cfg.FrameBytesMax)
		if whole {
			c.noteReceived(len(frame) + wire.FrameHeaderBytes)
		}
		if err != nil {
			c.refuse(refusedFrame, "error", err)
			return nil, false
		}
		if whole {
			return frame, true
		}
	}
}

// lostEarly counts a connection that ended before its handshake.
func (c *conn) lostEarly(err error) {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		c.server.meters.conns.sessionless.Inc()
		c.refuse(refusedSessionless)
		return
	}
	c.dropped()
}

func (c *conn) noteReceived(bytes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.traffic.received++
	c.traffic.receivedBytes += uint64(bytes)
}

// answerWord answers a four-letter word, which makes the connection end; false if
// not all of it is there yet.
func (c *conn) answerWord(b []byte) bool {
	word := string(b[:command.WordBytes])
	end := command.WordBytes + c.server.commands.ArgumentBytes(word)
	if len(b) < end {
		return false
	}
	c.mu.Lock()
	c.asksWord = true
	c.mu.Unlock()
	c.noteReceived(end)
	_ = c.socket.SetDeadline(time.Now().Add(c.server.cfg.SessionlessMax))
	text := c.server.commands.Answer(word, b[command.WordBytes:end])
	c.mu.Lock()
	c.traffic.sent++
	c.mu.Unlock()
	if _, err := c.socket.Write([]byte(text)); err == nil {
		c.hangUp()
	}
	return true
}

// connect hands the handshake to the loop. What the client sends behind it stays in the
// input until that has answered.
func (c *conn) connect(request *wire.ConnectRequest) {
	c.readOnlyByte = request.HasReadOnly
	c.server.queue.call(func() { c.server.loop.admit(c, request) })
}

// gate keeps handshakes until the server serves.
type gate struct {
	mu      sync.Mutex
	opened  bool
	changed chan struct{} // closed when the gate opens; nil while nobody waits
}

func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.opened = true
	if g.changed != nil {
		close(g.changed)
		g.changed = nil
	}
}

func (g *gate) shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.opened = false
}

// opening tells whether the gate is open, and is closed when it opens next if it is not.
func (g *gate) opening() (opens <-chan struct{}, opened bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.opened && g.changed == nil {
		g.changed = make(chan struct{})
	}
	return g.changed, g.opened
}

// wait is true as soon as the gate is open, false if that takes too long.
func (g *gate) wait(atMost time.Duration, closing <-chan struct{}) bool {
	opens, opened := g.opening()
	if opened {
		return true
	}
	timer := time.NewTimer(atMost)
	defer timer.Stop()
	select {
	case <-opens:
		return true
	case <-timer.C:
	case <-closing:
	}
	return false
}
