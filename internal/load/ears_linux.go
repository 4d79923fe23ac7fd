package load

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"time"
)

// ears are the connections of all watchers, taken out of the runtime's hands: one thread waits
// for all of them. A goroutine for each would be woken by each event, and that costs more than
// to read it, on cores that the servers need at that very moment.
type ears struct {
	epoll int
	fds   []int
	// rests are what was read of a frame that is not whole yet.
	rests [][]byte
	// heard is when the last frame of each had come.
	heard  []time.Time
	ready  []syscall.EpollEvent
	buffer []byte
}

const (
	// earsAtOnce is how many connections are read before the clock is looked at.
	earsAtOnce = 64
	// edge is EPOLLET, which package syscall has with another sign: what was told once is
	// not told again, which would cost another look at each connection.
	edge = 1 << 31
	// earsBytes is more than most reads bring.
	earsBytes = 64 << 10
	// earsNap passes between two looks while less comes than is read at once: each event
	// would wake the thread otherwise. It counts as part of the wait.
	earsNap = 100 * time.Microsecond
	// earsPause is how often a caller who has given up is looked for.
	earsPause = 100 * time.Millisecond
)

// newEars takes over the connections, also when it fails.
func newEars(conns held) (*ears, error) {
	e := &ears{
		rests: make([][]byte, len(conns)), heard: make([]time.Time, len(conns)),
		ready: make([]syscall.EpollEvent, earsAtOnce), buffer: make([]byte, earsBytes),
	}
	var err error
	if e.epoll, err = syscall.EpollCreate1(syscall.EPOLL_CLOEXEC); err != nil {
		err = os.NewSyscallError("epoll_create1", err)
	}
	for _, conn := range conns {
		if err == nil {
			err = e.add(conn)
		}
		conn.Close()
	}
	if err != nil {
		e.close()
		return nil, err
	}
	return e, nil
}

// add keeps a second descriptor of a connection, whose first one the runtime knows.
func (e *ears) add(conn net.Conn) error {
	source, ok := conn.(syscall.Conn)
	if !ok {
		return errors.New("a connection has no descriptor")
	}
	raw, err := source.SyscallConn()
	if err != nil {
		return err
	}
	var failure error
	err = raw.Control(func(fd uintptr) {
		own, err := syscall.Dup(int(fd))
		if failure = os.NewSyscallError("dup", err); err != nil {
			return
		}
		event := syscall.EpollEvent{Events: syscall.EPOLLIN | edge, Fd: int32(len(e.fds))}
		e.fds = append(e.fds, own)
		failure = os.NewSyscallError("epoll_ctl",
			syscall.EpollCtl(e.epoll, syscall.EPOLL_CTL_ADD, own, &event))
	})
	return errors.Join(err, failure)
}

// askedAtOnce is how many connections may have been sent what is not answered yet.
const askedAtOnce = 64

// arm sends a request to all, and has take take each answer.
func (e *ears) arm(ctx context.Context, request []byte, take func(answer []byte) error) error {
	for from := 0; from < len(e.fds); from += askedAtOnce {
		asked := e.fds[from:min(from+askedAtOnce, len(e.fds))]
		for _, fd := range asked {
			if err := send(fd, request); err != nil {
				return err
			}
		}
		if err := e.collect(ctx, len(asked), take); err != nil {
			return err
		}
	}
	return nil
}

// send sends a small frame.
func send(fd int, frame []byte) error {
	n, err := syscall.Write(fd, frame)
	if err != nil {
		return os.NewSyscallError("write", err)
	}
	if n < len(frame) {
		return io.ErrShortWrite
	}
	return nil
}

// hear waits until take has taken a frame from each connection, and tells when each had
// come: the instant right after this and a few other frames were read.
func (e *ears) hear(ctx context.Context, take func(event []byte) error) ([]time.Time, error) {
	if err := e.delay(); err != nil {
		return nil, err
	}
	err := e.collect(ctx, len(e.fds), take)
	return e.heard, err
}

// collect takes a frame, without its length, from each of so many connections.
func (e *ears) collect(ctx context.Context, left int, take func(frame []byte) error) error {
	for deadline := time.Now().Add(tellTimeout); left > 0; {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%d connections are silent: %w", left, os.ErrDeadlineExceeded)
		}
		n, err := syscall.EpollWait(e.epoll, e.ready, int(earsPause/time.Millisecond))
		if err != nil && err != syscall.EINTR {
			return os.NewSyscallError("epoll_wait", err)
		}
		if n > 0 && n < len(e.ready) {
			e.nap()
		}
		whole := e.ready[:0]
		for _, event := range e.ready[:max(n, 0)] {
			frame, err := e.read(int(event.Fd))
			if err != nil {
				return err
			}
			if frame == nil {
				continue
			}
			if err := take(frame); err != nil {
				return err
			}
			whole = append(whole, event)
		}
		now := time.Now()
		for _, event := range whole {
			e.heard[event.Fd] = now
		}
		left -= len(whole)
	}
	return nil
}

// nap lets some more come. Without the runtime, which would wake others for it.
func (e *ears) nap() {
	pause := syscall.NsecToTimespec(int64(earsNap))
	_ = syscall.Nanosleep(&pause, nil)
}

// delay has the system acknowledge what comes later, with what is sent next, as it does
// amid a conversation. A session that was silent acknowledges each event at once, which is
// as much work as to receive it: for both sides, within the time that is measured.
func (e *ears) delay() error {
	for _, fd := range e.fds {
		err := syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_QUICKACK, 0)
		if err != nil {
			return os.NewSyscallError("setsockopt", err)
		}
	}
	return nil
}

// read reads all that has come; the frame is nil while it is not whole.
func (e *ears) read(i int) (frame []byte, err error) {
	b := e.rests[i]
	for more := true; more; {
		n, err := syscall.Read(e.fds[i], e.buffer)
		switch {
		case err == syscall.EINTR:
			continue
		case err == syscall.EAGAIN:
			n = 0
		case err != nil:
			return nil, os.NewSyscallError("read", err)
		case n == 0:
			return nil, io.EOF
		}
		// Less than there is room for is all: what comes then is told anew.
		if more = n == len(e.buffer); b == nil && !more {
			b = e.buffer[:n]
		} else {
			b = append(b, e.buffer[:n]...)
		}
	}
	if len(b) < 4 || len(b) < 4+int(binary.BigEndian.Uint32(b)) {
		e.rests[i] = append([]byte(nil), b...)
		return nil, nil
	}
	e.rests[i] = nil
	if len(b) > 4+int(binary.BigEndian.Uint32(b)) {
		return nil, errors.New("a server says more than it was asked for")
	}
	return b[4:], nil
}

// close ends the sessions like held.close.
func (e *ears) close() {
	_ = each(len(e.fds), func(i int) error { return part(e.fds[i]) })
	syscall.Close(e.epoll)
}

// part ends one session, waits until the server has hung up, and closes the descriptor.
func part(fd int) error {
	defer syscall.Close(fd)
	if err := syscall.SetNonblock(fd, false); err != nil {
		return err
	}
	limit := syscall.NsecToTimeval(int64(goodbyeTimeout))
	err := syscall.SetsockoptTimeval(fd, syscall.SOL_SOCKET, syscall.SO_RCVTIMEO, &limit)
	if err != nil {
		return err
	}
	if err := send(fd, closeFrame()); err != nil {
		return nil // It is gone already.
	}
	var b [512]byte
	for n := 1; n > 0; {
		n, _ = syscall.Read(fd, b[:])
	}
	return nil
}
