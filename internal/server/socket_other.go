//go:build !unix

package server

import (
	"errors"
	"net"
)

// setBacklog has no way here.
func setBacklog(net.Listener, int) error { return errors.ErrUnsupported }
