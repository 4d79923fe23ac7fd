package peer

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// network is an ensemble's wires without an operating system: listeners by
// address, connections as pipes. A pipe holds nothing, so whoever does not read
// stops the other's writing at once.
type network struct {
	mu        sync.Mutex
	listeners map[string]*pipeListener
	open      map[*pipeEnd]struct{}
	dials     int
	latency   time.Duration // of a dial, and again of the first bytes on it
}

var errRefused = errors.New("connection refused")

func newNetwork() *network {
	return &network{
		listeners: make(map[string]*pipeListener),
		open:      make(map[*pipeEnd]struct{}),
	}
}

// delay lets the latency go by. No time is not waited for: a timer that is due at
// once kills the race detector (golang/go issue 78156).
func (n *network) delay() {
	if n.latency > 0 {
		<-time.After(n.latency)
	}
}

// pipeEnd is one end of a connection; home is the address of the server whose
// end it is, or "" for a test's own.
type pipeEnd struct {
	net.Conn
	network *network
	home    string
	other   *pipeEnd
	used    bool // something was read; of the reader alone
}

// Read waits for the latency before the first bytes.
func (p *pipeEnd) Read(to []byte) (int, error) {
	if !p.used {
		p.used = true
		p.network.delay()
	}
	return p.Conn.Read(to)
}

// RemoteAddr is the home of the other end.
func (p *pipeEnd) RemoteAddr() net.Addr { return &net.UnixAddr{Name: p.other.home, Net: "pipe"} }

func (p *pipeEnd) Close() error {
	p.network.mu.Lock()
	delete(p.network.open, p)
	p.network.mu.Unlock()
	return p.Conn.Close()
}

// from is the DialFunc of the server at home.
func (n *network) from(home string) DialFunc {
	return func(ctx context.Context, address string) (net.Conn, error) {
		n.delay()
		n.mu.Lock()
		listener := n.listeners[address]
		n.dials++
		n.mu.Unlock()
		if listener == nil {
			return nil, errRefused
		}
		near, far := net.Pipe()
		ends := [2]*pipeEnd{
			{Conn: near, network: n, home: home},
			{Conn: far, network: n, home: address},
		}
		ends[0].other, ends[1].other = ends[1], ends[0]
		n.mu.Lock()
		n.open[ends[0]], n.open[ends[1]] = struct{}{}, struct{}{}
		n.mu.Unlock()
		select {
		case listener.backlog <- ends[1]:
			return ends[0], nil
		case <-listener.closed:
			ends[0].Close()
			ends[1].Close()
			return nil, errRefused
		case <-ctx.Done():
			ends[0].Close()
			ends[1].Close()
			return nil, ctx.Err()
		}
	}
}

// bind is the ListenFunc of all servers.
func (n *network) bind(_ context.Context, address string) (net.Listener, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.listeners[address] != nil {
		return nil, errors.New("address in use")
	}
	l := &pipeListener{
		network: n, address: address,
		backlog: make(chan net.Conn), closed: make(chan struct{}),
		failing: make(chan error, 1),
	}
	n.listeners[address] = l
	return l, nil
}

// connections counts the pairs that are open at both ends.
func (n *network) connections() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	ends := 0
	for end := range n.open {
		if _, both := n.open[end.other]; both {
			ends++
		}
	}
	return ends / 2
}

func (n *network) dialCount() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.dials
}

func (n *network) listener(address string) *pipeListener {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.listeners[address]
}

type pipeListener struct {
	network *network
	address string
	backlog chan net.Conn
	failing chan error
	closed  chan struct{}
	once    sync.Once
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.backlog:
		return conn, nil
	case err := <-l.failing:
		return nil, err
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() {
		close(l.closed)
		l.network.mu.Lock()
		defer l.network.mu.Unlock()
		if l.network.listeners[l.address] == l {
			delete(l.network.listeners, l.address)
		}
	})
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.UnixAddr{Name: l.address, Net: "pipe"} }

// bubble runs a story under a clock that moves only when all goroutines wait;
// it fails if a goroutine is left at the end.
func bubble(t *testing.T, story func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, story)
}

// pass lets d go by and everything that happens within it.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}
