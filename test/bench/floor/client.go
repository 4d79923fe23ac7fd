package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
)

const (
	// frameBytesMax bounds a request.
	frameBytesMax = 4 << 20
	// inBytes is what is read at once: a hundred requests of a kilobyte and more.
	inBytes = 128 << 10
	// outBytesMax is how many bytes of answers may wait before requests do.
	outBytesMax = 4 << 20
)

// client is one connection. Its reader owns what is not said to belong to others.
type client struct {
	server *server
	conn   net.Conn
	in     []byte
	have   int
	// frames are the writes of one read, neighbours as one.
	frames [][]byte

	// committed counts the submissions that are committed. ready says that the flusher
	// knows.
	committed atomic.Int64
	ready     atomic.Bool

	mu     sync.Mutex
	room   sync.Cond
	out    *buffer // nil when it is empty
	broken bool
	zxid   uint64
	// base is the offset of the first byte in out. starts are the offsets of the first
	// answers that wait for a submission, from the number settled on.
	base    int64
	starts  []int64
	settled int64
}

func newClient(s *server, conn net.Conn) *client {
	c := &client{server: s, conn: conn, in: make([]byte, inBytes)}
	c.room.L = &c.mu
	return c
}

// serve answers until the client hangs up.
func (c *client) serve() error {
	if err := c.greet(); err != nil {
		return err
	}
	for {
		n, err := c.conn.Read(c.in[c.have:])
		if err != nil {
			return err
		}
		c.have += n
		used, err := c.take(c.in[:c.have])
		if err != nil {
			return err
		}
		c.keep(used)
	}
}

// greet reads a connect request, or srvr, which is answered and the end. A new session is a
// write, like its end, and is answered when that is committed.
func (c *client) greet() error {
	word := c.in[:4]
	if _, err := io.ReadFull(c.conn, word); err != nil {
		return err
	}
	if string(word) == "srvr" {
		_, err := io.WriteString(c.conn, c.server.describe())
		return errors.Join(err, io.EOF)
	}
	n := binary.BigEndian.Uint32(word)
	if n < timeoutAt || n > inBytes-4 {
		return fmt.Errorf("connect request of %d bytes", n)
	}
	request := c.in[:4+n]
	if _, err := io.ReadFull(c.conn, request[4:]); err != nil {
		return err
	}
	c.mu.Lock()
	c.out = c.server.buffers.take()
	c.out.b = connected(c.out.b, request)
	c.starts = append(c.starts, c.base)
	w := wait{client: c, number: c.settled + 1}
	c.mu.Unlock()
	c.server.submit([][]byte{request}, w)
	return nil
}

// keep moves an unfinished request to the front and makes room for all of it.
func (c *client) keep(used int) {
	c.have = copy(c.in, c.in[used:c.have])
	if c.have >= 4 {
		if need := int(binary.BigEndian.Uint32(c.in)) + 4; need > len(c.in) {
			c.in = append(c.in, make([]byte, need-len(c.in))...)
		}
	}
}

// take answers all whole requests in b and tells how many bytes they are. Answers wait in
// the output for the writes in front of them.
func (c *client) take(b []byte) (used int, err error) {
	c.mu.Lock()
	for c.out.len() > outBytesMax && !c.broken {
		c.room.Wait()
	}
	if c.out == nil {
		c.out = c.server.buffers.take()
	}
	used, err = c.answer(b)
	w := wait{client: c, number: c.settled + int64(len(c.starts))}
	c.flush()
	c.mu.Unlock()
	if len(c.frames) > 0 {
		c.server.submit(c.frames, w)
	}
	return used, err
}

// answer appends the answers and notes the writes. mu is held.
func (c *client) answer(b []byte) (used int, err error) {
	c.frames = c.frames[:0]
	adjacent := false
	for len(b)-used >= 4 {
		n := int(binary.BigEndian.Uint32(b[used:])) + 4
		if n < requestBytesMin || n > frameBytesMax {
			return used, fmt.Errorf("request of %d bytes", n)
		}
		if len(b)-used < n {
			break
		}
		request := b[used : used+n]
		adjacent = c.note(request, adjacent)
		c.zxid++
		c.out.b = c.server.answers.append(c.out.b, request, c.zxid)
		used += n
	}
	return used, nil
}

// note remembers a request if it writes, joined to the last one if that lies before it.
// Its answer and what follows wait for the submission. mu is held.
func (c *client) note(request []byte, adjacent bool) (write bool) {
	if !writes(operation(request)) {
		return false
	}
	if len(c.frames) == 0 {
		c.starts = append(c.starts, c.base+int64(c.out.len()))
	}
	if !adjacent {
		c.frames = append(c.frames, request)
		return true
	}
	last := &c.frames[len(c.frames)-1]
	*last = (*last)[:len(*last)+len(request)]
	return true
}

// flush writes what may go. mu is held also while the socket takes it: a client that does
// not read stops whoever answers it, which zoo bench never does.
func (c *client) flush() {
	n := c.out.len()
	done := int(c.committed.Load() - c.settled)
	c.settled += int64(done)
	c.starts = c.starts[:copy(c.starts, c.starts[done:])]
	if len(c.starts) > 0 {
		n = int(c.starts[0] - c.base)
	}
	if n == 0 {
		return
	}
	if !c.broken {
		_, err := c.conn.Write(c.out.b[:n])
		c.broken = err != nil // its reader meets the error too
	}
	c.base += int64(n)
	c.room.Signal()
	if c.out.cut(n); c.out.len() == 0 {
		c.server.buffers.give(c.out)
		c.out = nil
	}
}
