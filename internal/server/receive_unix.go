//go:build unix

package server

import (
	"io"
	"net"
	"syscall"

	"zoo/internal/net/nowait"
)

// socket is a connection as its reader and its writers use it. Where there is a
// descriptor, a buffer is taken only when bytes are there, and a write can be
// tried without waiting.
type socket struct {
	net.Conn
	raw syscall.RawConn // nil where there is no descriptor
	// first is where a read waits without a descriptor; nil with one.
	first *[firstBytes]byte
	under *sealed // nil without TLS

	// The reader's: how the last read went.
	in      *input
	readErr error
	onRead  func(fd uintptr) bool // readReady, bound once
}

func newSocket(conn net.Conn, in *input) *socket {
	s := &socket{Conn: conn, in: in}
	if s.raw = nowait.Raw(conn); s.raw == nil {
		s.first = new([firstBytes]byte)
	}
	s.under, _ = conn.(*sealed)
	s.onRead = s.readReady
	return s
}

// receive waits for bytes and adds them to the input.
func (s *socket) receive() error {
	if s.raw == nil {
		return receivePortably(s.Conn, s.in, s.first[:])
	}
	if err := s.raw.Read(s.onRead); err != nil {
		return err
	}
	return s.readErr
}

// readReady reads once; false makes the runtime wait until there is something.
func (s *socket) readReady(fd uintptr) bool {
	for {
		n, err := syscall.Read(int(fd), s.in.space())
		switch {
		case err == syscall.EINTR:
			continue
		case err == syscall.EAGAIN:
			s.in.park()
			return false
		case err != nil:
			s.readErr = err
		case n == 0:
			s.readErr = io.EOF
		default:
			s.readErr = nil
			s.in.arrived(n)
		}
		return true
	}
}

// try writes what the socket takes without waiting.
func (s *socket) try(b []byte) (written int, err error) {
	if s.under != nil {
		return s.under.try(b)
	}
	return nowait.Write(s.raw, b)
}

// owes tells that TLS has more to write than it was given.
func (s *socket) owes() bool { return s.under != nil && s.under.owes() }
