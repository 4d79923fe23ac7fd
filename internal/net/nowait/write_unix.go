//go:build unix

package nowait

import (
	"net"
	"sync"
	"syscall"
)

// Raw is the descriptor behind a connection, nil where there is none that can be
// written without waiting, as under TLS.
func Raw(conn net.Conn) syscall.RawConn {
	sc, ok := conn.(syscall.Conn)
	if !ok {
		return nil
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return nil
	}
	return raw
}

// Write writes what the socket takes without waiting. A nil raw takes nothing.
func Write(raw syscall.RawConn, b []byte) (written int, err error) {
	if raw == nil {
		return 0, nil
	}
	a := attempts.Get().(*attempt)
	defer a.end()
	a.b, a.written, a.err = b, 0, nil
	if err := raw.Write(a.ready); err != nil {
		return a.written, err
	}
	return a.written, a.err
}

// attempt is one Write under way. What syscall.RawConn calls would be made anew for each
// write, and what it leaves behind as well.
type attempt struct {
	b       []byte
	written int
	err     error
	ready   func(fd uintptr) bool // write, bound once
}

var attempts = sync.Pool{New: func() any {
	a := &attempt{}
	a.ready = a.write
	return a
}}

func (a *attempt) write(fd uintptr) bool {
	a.written, a.err = writeReady(int(fd), a.b)
	return true
}

func (a *attempt) end() {
	a.b, a.err = nil, nil
	attempts.Put(a)
}

func writeReady(fd int, b []byte) (written int, err error) {
	for written < len(b) {
		n, err := syscall.Write(fd, b[written:])
		switch {
		case err == syscall.EINTR:
		case err == syscall.EAGAIN:
			return written, nil
		case err != nil:
			return written, err
		case n == 0:
			return written, nil
		default:
			written += n
		}
	}
	return written, nil
}
