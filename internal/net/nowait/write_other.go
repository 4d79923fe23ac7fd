//go:build !unix

package nowait

import (
	"net"
	"syscall"
)

// Raw is nil: here every write goes through a goroutine that may wait.
func Raw(net.Conn) syscall.RawConn { return nil }

// Write takes nothing.
func Write(syscall.RawConn, []byte) (written int, err error) { return 0, nil }
