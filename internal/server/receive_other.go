//go:build !unix

package server

import "net"

// socket is a connection as its reader and its writers use it.
type socket struct {
	net.Conn
	in *input
}

func newSocket(conn net.Conn, in *input) *socket { return &socket{Conn: conn, in: in} }

// receive waits for bytes and adds them to the input.
func (s *socket) receive() error { return receivePortably(s.Conn, s.in) }

// try writes nothing: a write that cannot wait is not known here.
func (s *socket) try([]byte) (written int, err error) { return 0, nil }
