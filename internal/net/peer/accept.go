package peer

import (
	"errors"
	"net"
	"syscall"
	"time"
)

// acceptPause is how long a listener rests when the process has run out of
// descriptors or buffers: others will give some back.
const acceptPause = 100 * time.Millisecond

// acceptAll gives every connection of listener to take until done is closed,
// and then returns nil. Any other end is an error: a server whose listener has
// died must not go on as if it could be reached (ZOOKEEPER-4203).
func acceptAll(listener net.Listener, done <-chan struct{}, take func(net.Conn)) error {
	for {
		conn, err := listener.Accept()
		switch {
		case err == nil:
			take(conn)
		case closed(done):
			return nil
		case !transient(err):
			return err
		case !sleep(done, nil, acceptPause):
			return nil
		}
	}
}

// transient says whether accepting may succeed again by itself.
func transient(err error) bool {
	for _, errno := range []syscall.Errno{
		syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM,
		syscall.ECONNABORTED, syscall.EINTR,
	} {
		if errors.Is(err, errno) {
			return true
		}
	}
	return false
}

// closed says whether done is.
func closed(done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}
