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

// turnstile is all connections of OpSessions on one thread, which waits for all of them, as
// ears does: with a goroutine for each, the runtime's part of a session is more than a tenth
// of what the whole ensemble takes for it.
type turnstile struct {
	run     *run
	epoll   int
	servers []syscall.Sockaddr
	visits  []visit
	// under counts the visits with a descriptor.
	under   int
	request []byte
	goodbye []byte
	ready   []syscall.EpollEvent
}

// visit is one session of one connection of the load, from its socket to its close.
type visit struct {
	worker *worker
	fd     int // -1 without one
	begun  int64
	// restUntil is when the next attempt may be made after a failure.
	restUntil int64
	// greeted says that the connect request is sent, granted that the session is there.
	greeted, granted bool
	in               [visitBytes]byte
	have             int
}

const (
	// visitBytes is more than both answers of a session have.
	visitBytes = 128
	// turnstileReady is how many events are taken at once.
	turnstileReady = 64
	// turnstilePause is how often the end of the run and late answers are looked for.
	turnstilePause = 5 * time.Millisecond
)

// churn has each worker open a session, close it, and so on until the run is over.
func (r *run) churn(ctx context.Context, workers []*worker) (*Report, error) {
	t, err := newTurnstile(ctx, r, workers)
	if err != nil {
		return nil, err
	}
	defer syscall.Close(t.epoll)
	return r.drive(ctx, workers, t.turn)
}

func newTurnstile(ctx context.Context, r *run, workers []*worker) (*turnstile, error) {
	t := &turnstile{
		run: r, visits: make([]visit, len(workers)),
		ready:   make([]syscall.EpollEvent, turnstileReady),
		request: (&identity{}).connectFrame(int32(r.opts.SessionTimeout.Milliseconds())),
		goodbye: closeFrame(),
	}
	for i, w := range workers {
		t.visits[i].worker, t.visits[i].fd = w, -1
	}
	for _, server := range r.opts.Servers {
		address, err := socketAddress(ctx, server)
		if err != nil {
			return nil, err
		}
		t.servers = append(t.servers, address)
	}
	var err error
	if t.epoll, err = syscall.EpollCreate1(syscall.EPOLL_CLOEXEC); err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	return t, nil
}

// socketAddress is the address of host:port as the system wants it.
func socketAddress(ctx context.Context, server string) (syscall.Sockaddr, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	host, service, err := net.SplitHostPort(server)
	if err != nil {
		return nil, err
	}
	port, err := net.DefaultResolver.LookupPort(ctx, "tcp", service)
	if err != nil {
		return nil, err
	}
	addresses, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	ip := addresses[0].Unmap()
	if ip.Is4() {
		return &syscall.SockaddrInet4{Port: port, Addr: ip.As4()}, nil
	}
	address := &syscall.SockaddrInet6{Port: port, Addr: ip.As16()}
	if link, err := net.InterfaceByName(ip.Zone()); err == nil {
		address.ZoneId = uint32(link.Index)
	}
	return address, nil
}

// turn works until the run is over and the last sessions are closed, or ctx ends.
func (t *turnstile) turn(ctx context.Context) {
	var looked int64
	for {
		now := t.run.now()
		if now-looked >= int64(turnstilePause) {
			looked = now
			if ctx.Err() != nil {
				break
			}
			t.look(now)
		}
		if t.under == 0 && t.run.over.Load() {
			break
		}
		n, err := syscall.EpollWait(t.epoll, t.ready, int(turnstilePause/time.Millisecond))
		if err != nil && err != syscall.EINTR {
			t.visits[0].worker.result.lastErr = os.NewSyscallError("epoll_wait", err)
			break
		}
		for i := range t.ready[:max(n, 0)] {
			t.heard(&t.visits[t.ready[i].Fd])
		}
	}
	for i := range t.visits {
		t.leave(&t.visits[i])
	}
}

// look begins what is to begin, and gives up what has waited as long as a client may.
func (t *turnstile) look(now int64) {
	limit := int64(t.run.opts.SessionTimeout) * 2 / 3
	for i := range t.visits {
		v := &t.visits[i]
		switch {
		case v.fd < 0 && now >= v.restUntil:
			t.enter(v)
		case v.fd >= 0 && now-v.begun > limit:
			t.fail(v, os.ErrDeadlineExceeded)
		}
	}
}

// enter begins a session, unless the run is over.
func (t *turnstile) enter(v *visit) {
	if t.run.over.Load() {
		return
	}
	v.begun, v.greeted, v.granted, v.have = t.run.now(), false, false, 0
	if err := t.dial(v); err != nil {
		t.fail(v, err)
		return
	}
	t.greet(v)
}

// dial connects without waiting. The close is to be a reset: the ports of many thousands that
// wait for late packets would be missing soon.
func (t *turnstile) dial(v *visit) error {
	address := t.servers[v.worker.home]
	family := syscall.AF_INET
	if _, ok := address.(*syscall.SockaddrInet6); ok {
		family = syscall.AF_INET6
	}
	fd, err := syscall.Socket(family,
		syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	v.fd = fd
	t.under++
	err = syscall.SetsockoptLinger(fd, syscall.SOL_SOCKET, syscall.SO_LINGER,
		&syscall.Linger{Onoff: 1})
	if err != nil {
		return os.NewSyscallError("setsockopt", err)
	}
	if err := syscall.Connect(fd, address); err != nil && err != syscall.EINPROGRESS {
		return os.NewSyscallError("connect", err)
	}
	return nil
}

// greet sends the connect request, now or when the connection is there. On one machine it is
// by now.
func (t *turnstile) greet(v *visit) {
	err := send(v.fd, t.request)
	v.greeted = err == nil
	event := syscall.EpollEvent{Events: syscall.EPOLLIN, Fd: int32(v.worker.index)}
	if errors.Is(err, syscall.EAGAIN) {
		event.Events = syscall.EPOLLOUT
		err = nil
	}
	if err == nil {
		err = os.NewSyscallError("epoll_ctl",
			syscall.EpollCtl(t.epoll, syscall.EPOLL_CTL_ADD, v.fd, &event))
	}
	if err != nil {
		t.fail(v, err)
	}
}

// heard goes on with a session whose socket has something to say.
func (t *turnstile) heard(v *visit) {
	if v.fd < 0 {
		return
	}
	if !v.greeted {
		t.connected(v)
		return
	}
	frame, err := v.read()
	switch {
	case err != nil:
		t.fail(v, fmt.Errorf("a session on %s: %w", t.run.opts.Servers[v.worker.home], err))
	case frame == nil:
	case v.granted:
		t.leave(v)
		t.enter(v)
	default:
		t.granted(v, frame)
	}
}

// connected sends the connect request on a connection that was not there at once.
func (t *turnstile) connected(v *visit) {
	err := send(v.fd, t.request)
	if errors.Is(err, syscall.EAGAIN) {
		return
	}
	if v.greeted = err == nil; v.greeted {
		event := syscall.EpollEvent{Events: syscall.EPOLLIN, Fd: int32(v.worker.index)}
		err = os.NewSyscallError("epoll_ctl",
			syscall.EpollCtl(t.epoll, syscall.EPOLL_CTL_MOD, v.fd, &event))
	}
	if err != nil {
		t.fail(v, err)
	}
}

// granted counts a handshake, and closes the session.
func (t *turnstile) granted(v *visit, response []byte) {
	alive, err := (&identity{}).accept(response)
	if err == nil && !alive {
		err = errSessionGone
	}
	if err != nil {
		t.fail(v, err)
		return
	}
	v.worker.countOne(v.begun, t.run.now(), nil)
	v.granted, v.have = true, 0
	if err := send(v.fd, t.goodbye); err != nil {
		t.fail(v, err)
	}
}

// read reads what has come; the frame, without its length, is nil while it is not whole.
func (v *visit) read() (frame []byte, err error) {
	n, err := syscall.Read(v.fd, v.in[v.have:])
	switch {
	case err == syscall.EAGAIN || err == syscall.EINTR:
		return nil, nil
	case err != nil:
		return nil, os.NewSyscallError("read", err)
	case n == 0:
		return nil, io.ErrUnexpectedEOF
	}
	v.have += n
	if v.have < 4 {
		return nil, nil
	}
	end := 4 + int64(binary.BigEndian.Uint32(v.in[:]))
	if end > visitBytes {
		return nil, fmt.Errorf("frame of %d bytes", end-4)
	}
	if int64(v.have) < end {
		return nil, nil
	}
	return v.in[4:end], nil
}

// fail counts a session that did not come about, or whose end was not answered, and has the
// next one wait a little.
func (t *turnstile) fail(v *visit, err error) {
	t.leave(v)
	now := t.run.now()
	v.restUntil = now + int64(retryPause)
	if !t.run.over.Load() {
		v.worker.countOne(v.begun, now, err)
	}
}

func (t *turnstile) leave(v *visit) {
	if v.fd >= 0 {
		_ = syscall.Close(v.fd)
		v.fd = -1
		t.under--
	}
}
