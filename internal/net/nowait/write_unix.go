//go:build unix

package nowait

import (
	"net"
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
	rawErr := raw.Write(func(fd uintptr) bool {
		written, err = writeReady(int(fd), b)
		return true
	})
	if rawErr != nil {
		return written, rawErr
	}
	return written, err
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
