//go:build unix

package server

import (
	"errors"
	"net"
	"syscall"
)

// setBacklog listens once more on a socket that listens already, which is the way
// to another backlog: Go gives every listener the system's largest.
func setBacklog(listener net.Listener, backlog int) error {
	conn, err := listener.(*net.TCPListener).SyscallConn()
	if err != nil {
		return err
	}
	var failure error
	err = conn.Control(func(fd uintptr) { failure = syscall.Listen(int(fd), backlog) })
	return errors.Join(err, failure)
}
