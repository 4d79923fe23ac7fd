package server

import (
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"syscall"
	"time"

	"zoo/internal/net/nowait"
)

// A connection under TLS has two layers with crypto/tls between them:
//
//	sealed       what the connection's readers and writers use
//	tls.Conn     seals what is written to it, opens what it reads
//	ciphertext   the socket, as tls.Conn sees it
//
// After the handshake a write to ciphertext only adds to a buffer: so to seal never
// waits for the client, whatever tls.Conn writes and whoever makes it write, such as
// the reader that answers a change of keys. It is sealed that then writes the buffer
// to the socket, waiting or not, as its caller may.

// sealBytesMax is how much is sealed before it is written: a client that does not
// read costs no more than that in a second copy.
const sealBytesMax = 64 << 10

// keptBytesMax bounds what waits to be written below. A writer adds sealBytesMax and
// takes it away again; only a client that changes its keys without end, and has every
// change answered, gets so far.
const keptBytesMax = 4 * sealBytesMax

var errKept = errors.New("a client asks for too many answers below TLS")

// ciphertext is the lower layer. Reads go through to the socket.
type ciphertext struct {
	net.Conn
	pool *bufferPool
	// first was read before; it is the reader's.
	first []byte

	mu sync.Mutex // guards what follows; not held over I/O
	// keeping is set for good after the handshake.
	keeping bool
	out     *buffer // nil while empty
}

func (c *ciphertext) Read(b []byte) (int, error) {
	if len(c.first) > 0 {
		n := copy(b, c.first)
		if c.first = c.first[n:]; len(c.first) == 0 {
			c.first = nil
		}
		return n, nil
	}
	return c.Conn.Read(b)
}

func (c *ciphertext) Write(b []byte) (int, error) {
	c.mu.Lock()
	if !c.keeping {
		c.mu.Unlock()
		return c.Conn.Write(b)
	}
	defer c.mu.Unlock()
	if c.out == nil {
		c.out = c.pool.take()
	}
	if len(c.out.b)+len(b) > keptBytesMax {
		return 0, errKept
	}
	c.out.b = append(c.out.b, b...)
	return len(b), nil
}

// take gives what is to be written; nil is nothing.
func (c *ciphertext) take() *buffer {
	c.mu.Lock()
	defer c.mu.Unlock()
	b := c.out
	c.out = nil
	return b
}

// sealed is the upper layer. One goroutine writes at a time, as conn.writing sees to.
type sealed struct {
	*tls.Conn
	below *ciphertext
	raw   syscall.RawConn // nil where every write may wait
	// owed was sealed and is not written yet, from done on. The writer's.
	owed *buffer
	done int
}

func newSealed(nc *tls.Conn, below *ciphertext) *sealed {
	below.mu.Lock()
	below.keeping = true
	below.mu.Unlock()
	return &sealed{Conn: nc, below: below, raw: nowait.Raw(below.Conn)}
}

// Write writes all, waiting for the client.
func (s *sealed) Write(b []byte) (written int, err error) {
	for {
		for s.next() {
			_, err := s.below.Conn.Write(s.owed.b[s.done:])
			s.paid()
			if err != nil {
				return written, err
			}
		}
		if written == len(b) {
			return written, nil
		}
		n, err := s.seal(b[written:])
		written += n
		if err != nil {
			return written, err
		}
	}
}

// try writes what the socket takes without waiting. It may have sealed more than was
// taken: then owes is true, and the next Write begins with the rest.
func (s *sealed) try(b []byte) (written int, err error) {
	for {
		for s.next() {
			n, err := nowait.Write(s.raw, s.owed.b[s.done:])
			s.done += n
			if err != nil || s.done < len(s.owed.b) {
				return written, err
			}
			s.paid()
		}
		if written == len(b) {
			return written, nil
		}
		n, err := s.seal(b[written:])
		written += n
		if err != nil {
			return written, err
		}
	}
}

// seal adds to what is below; it does not wait.
func (s *sealed) seal(b []byte) (int, error) { return s.Conn.Write(b[:min(len(b), sealBytesMax)]) }

// next sees to it that owed is what has to be written next; false is nothing.
func (s *sealed) next() bool {
	if s.owed == nil {
		s.owed, s.done = s.below.take(), 0
	}
	return s.owed != nil
}

// paid gives the buffer back.
func (s *sealed) paid() {
	s.below.pool.give(s.owed)
	s.owed, s.done = nil, 0
}

// owes tells that sealed bytes wait for the socket.
func (s *sealed) owes() bool { return s.owed != nil }

// CloseWrite takes leave, as far as that is possible without waiting.
func (s *sealed) CloseWrite() error {
	if err := s.Conn.CloseWrite(); err != nil {
		return err
	}
	// It has left a deadline that is over, which would stop its own last words.
	if err := s.below.Conn.SetWriteDeadline(time.Now().Add(lingerMax)); err != nil {
		return err
	}
	if _, err := s.try(nil); err != nil {
		return err
	}
	if half, ok := s.below.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
