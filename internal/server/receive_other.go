//go:build !unix

package server

import "net"

// socket is a connection as its reader and its writers use it.
type socket struct {
	net.Conn
	in    *input
	first []byte
	under *sealed // nil without TLS
}

func newSocket(conn net.Conn, in *input) *socket {
	s := &socket{Conn: conn, in: in, first: make([]byte, firstBytes)}
	s.under, _ = conn.(*sealed)
	return s
}

// receive waits for bytes and adds them to the input.
func (s *socket) receive() error { return receivePortably(s.Conn, s.in, s.first) }

// try writes nothing: a write that cannot wait is not known here.
func (s *socket) try(b []byte) (written int, err error) {
	if s.under != nil {
		return s.under.try(b)
	}
	return 0, nil
}

// owes tells that TLS has more to write than it was given.
func (s *socket) owes() bool { return s.under != nil && s.under.owes() }
