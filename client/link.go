package client

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"time"

	"zoo"
	"zoo/internal/jute"
	"zoo/internal/wire"
)

// frameBytesMax bounds a request. A server's own limit is usually less, and it then
// closes the connection.
const frameBytesMax = 1<<31 - 1

var errTooLarge = errors.New("the request does not fit a frame")

// link is one connection of an open session. One goroutine writes, one reads.
type link struct {
	c       *Client
	server  Server
	nc      net.Conn
	in      *bufio.Reader
	timeout time.Duration
	// readOnly tells that the server has lost its ensemble.
	readOnly bool
	// extended tells that the server has been asked for extensions and has some. It is
	// under Client.mu.
	extended bool
	// wake tells the writer that there is something in out.
	wake chan struct{}
	// heard is when the server sent the last frame, in nanoseconds since began.
	heard atomic.Int64
	began time.Time

	// out and pending are under Client.mu: the bytes to write, and the calls that are
	// to be answered in this order. authPending is answered in its own order.
	out         []byte
	pending     []*call
	authPending []*call
}

// silenceMax is how long a server may be silent: the client must have time to find
// another one before the session expires.
func (l *link) silenceMax() time.Duration { return l.timeout * 2 / 3 }

// pingEvery makes sure that the server and the client hear each other within
// silenceMax.
func (l *link) pingEvery() time.Duration { return max(l.timeout/3, time.Millisecond) }

// sendLocked gives a call its xid and its place. The caller holds Client.mu.
func (l *link) sendLocked(k *call) {
	if k.settle != nil {
		k.settle()
		k.encode()
	}
	if k.op == wire.OpAuth {
		k.xid = wire.XidAuth
		l.authPending = append(l.authPending, k)
	} else {
		k.xid = l.c.nextXidLocked()
		l.pending = append(l.pending, k)
	}
	binary.BigEndian.PutUint32(k.frame[wire.FrameHeaderBytes:], uint32(k.xid))
	l.out = append(l.out, k.frame...)
	k.frame = nil
	k.link = l
	if l.c.opts.Trace.Call != nil {
		k.sent = time.Now()
	}
	l.wakeWriter()
}

// mustNotLocked tells whether a call is an extension that this server has not been asked
// for. The caller holds Client.mu.
func (l *link) mustNotLocked(k *call) bool { return !l.extended && len(k.extensions()) > 0 }

func (l *link) wakeWriter() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// run serves the connection until it breaks, and tells why. When it returns its
// goroutines have ended.
func (l *link) run(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	parts := []func(context.Context) error{l.read, l.write}
	if l.readOnly {
		parts = append(parts, l.seek)
	}
	ended := make(chan error, len(parts))
	for _, part := range parts {
		go func() { ended <- part(ctx) }()
	}
	err := <-ended
	stop()
	l.nc.Close()
	// The calls fail before the reader has ended.
	l.c.detach(l, err)
	for range parts[1:] {
		<-ended
	}
	return err
}

// write sends what there is, and pings when there was nothing for a while.
func (l *link) write(ctx context.Context) error {
	pause := time.NewTicker(l.pingEvery())
	defer pause.Stop()
	for {
		select {
		case <-ctx.Done():
			return ErrClosed
		case <-l.wake:
		case <-pause.C:
			// While the watchers hold up the reader it is not the server that is silent.
			if l.since() > l.silenceMax() && !l.c.events.held.Load() {
				return errSilent
			}
			l.ping()
		}
		if err := l.flush(); err != nil {
			return err
		}
	}
}

func (l *link) since() time.Duration { return time.Since(l.began) - time.Duration(l.heard.Load()) }

func (l *link) ping() {
	ping := call{op: wire.OpPing, xid: wire.XidPing}
	ping.encode()
	l.c.mu.Lock()
	defer l.c.mu.Unlock()
	l.out = append(l.out, ping.frame...)
}

// flush writes all there is in one call.
func (l *link) flush() error {
	l.c.mu.Lock()
	out := l.out
	l.out = nil
	l.c.mu.Unlock()
	if len(out) == 0 {
		return nil
	}
	if err := l.nc.SetWriteDeadline(time.Now().Add(l.silenceMax())); err != nil {
		return err
	}
	n, err := l.nc.Write(out)
	l.c.counts.sent.Add(uint64(n))
	return err
}

// read takes frames until the connection breaks.
func (l *link) read(ctx context.Context) error {
	defer context.AfterFunc(ctx, l.c.events.wake)()
	for ctx.Err() == nil {
		if err := l.nc.SetReadDeadline(time.Now().Add(l.silenceMax())); err != nil {
			return err
		}
		frame, err := readFrame(l.in, l.c.opts.FrameBytesMax)
		if err != nil {
			return err
		}
		l.heard.Store(int64(time.Since(l.began)))
		l.c.counts.received.Add(uint64(wire.FrameHeaderBytes + len(frame)))
		if err := l.take(ctx, frame); err != nil {
			return err
		}
	}
	return ErrClosed
}

// take gives a frame to whom it is for.
func (l *link) take(ctx context.Context, frame []byte) error {
	var header wire.ReplyHeader
	d := jute.NewDecoder(frame)
	header.DecodeFrom(&d)
	if d.Err() != nil {
		return fmt.Errorf("%w: reply: %w", ErrProtocol, d.Err())
	}
	switch header.Xid {
	case wire.XidPing, wire.XidSetWatches:
		return nil
	case wire.XidNotification:
		return l.event(ctx, header, &d)
	case wire.XidAuth:
		return l.authAnswer(header)
	}
	return l.answer(header, d.Rest())
}

// event gives a watch event to its watchers.
func (l *link) event(ctx context.Context, header wire.ReplyHeader, d *jute.Decoder) error {
	var e wire.WatcherEvent
	e.DecodeFrom(d)
	if d.Err() != nil {
		return fmt.Errorf("%w: watch event: %w", ErrProtocol, d.Err())
	}
	c := l.c
	c.counts.events.Add(1)
	c.mu.Lock()
	watchers := c.watches.fire(e.Type, e.Path)
	c.mu.Unlock()
	c.events.push(delivery{Event{Type: e.Type, State: State(e.State), Path: c.inside(e.Path),
		Zxid: header.Zxid}, watchers}, func() bool { return ctx.Err() != nil })
	l.heard.Store(int64(time.Since(l.began)))
	return nil
}

// authAnswer ends a call of addAuth, or the session where the server refuses: it
// will do so on every connection.
func (l *link) authAnswer(header wire.ReplyHeader) error {
	c := l.c
	c.mu.Lock()
	var k *call
	if len(l.authPending) > 0 {
		k = l.authPending[0]
		l.authPending = l.authPending[1:]
	}
	c.mu.Unlock()
	var err error
	if header.Err != zoo.CodeOK {
		err = fmt.Errorf("authentication: %w", header.Err)
		c.end(StateAuthFailed, err)
	}
	if k != nil {
		k.code = header.Err
		c.finish(k)
	}
	return err
}

// answer ends the oldest call.
func (l *link) answer(header wire.ReplyHeader, body []byte) error {
	c := l.c
	c.mu.Lock()
	if len(l.pending) == 0 || l.pending[0].xid != header.Xid {
		c.mu.Unlock()
		return fmt.Errorf("%w: reply to xid %d is out of order", ErrProtocol, header.Xid)
	}
	k := l.pending[0]
	l.pending[0] = nil
	l.pending = l.pending[1:]
	if header.Zxid > c.session.seen {
		c.session.seen = header.Zxid
	}
	c.mu.Unlock()
	k.code, k.body, k.zxid = header.Err, body, header.Zxid
	if k.then != nil {
		k.then(header.Err)
	}
	c.finish(k)
	return nil
}

// frameGrowBytes is how much of a frame is made room for before it has arrived.
const frameGrowBytes = 64 << 10

// readFrame reads one payload of at most bytesMax.
func readFrame(in io.Reader, bytesMax int) ([]byte, error) {
	var head [wire.FrameHeaderBytes]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		return nil, err
	}
	size := int(int32(binary.BigEndian.Uint32(head[:])))
	if size < 0 || size > bytesMax {
		return nil, fmt.Errorf("%w: a frame of %d bytes, the limit is %d (jute.maxbuffer)",
			ErrProtocol, size, bytesMax)
	}
	frame := make([]byte, 0, min(size, frameGrowBytes))
	for len(frame) < size {
		at := len(frame)
		part := min(size-at, max(at, frameGrowBytes))
		frame = append(frame, make([]byte, part)...)
		if _, err := io.ReadFull(in, frame[at:]); err != nil {
			return nil, err
		}
	}
	return frame, nil
}
