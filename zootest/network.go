package zootest

import (
	"context"
	"fmt"
	"net"
	"sync"
	"syscall"

	"zoo"
)

// network is what connects the servers of an ensemble: pipes in memory, between addresses
// that mean nothing outside. It can be divided.
type network struct {
	mu        sync.Mutex
	listeners map[string]*listener
	ends      map[*end]struct{}
	side      map[zoo.ServerID]int // nil while it is whole
}

func newNetwork() *network {
	return &network{listeners: map[string]*listener{}, ends: map[*end]struct{}{}}
}

// address is one in the network.
type address string

// Network says that it is none of the operating system's.
func (address) Network() string { return "zootest" }

// String is the host:port.
func (a address) String() string { return string(a) }

// joined tells whether two servers reach each other.
func (n *network) joined(a, b zoo.ServerID) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.joinedLocked(a, b)
}

func (n *network) joinedLocked(a, b zoo.ServerID) bool {
	if n.side == nil || a == b {
		return true
	}
	left, known := n.side[a]
	right, alsoKnown := n.side[b]
	return known && alsoKnown && left == right
}

// divide breaks what connects servers of different sides; nil makes the network whole.
func (n *network) divide(side map[zoo.ServerID]int) {
	n.mu.Lock()
	n.side = side
	var cut []*end
	for e := range n.ends {
		if !n.joinedLocked(e.home.id, e.other) {
			cut = append(cut, e)
		}
	}
	n.mu.Unlock()
	for _, e := range cut {
		_ = e.Close()
	}
}

// dialer dials for one server.
func (n *network) dialer(from *Server) func(context.Context, string) (net.Conn, error) {
	return func(ctx context.Context, to string) (net.Conn, error) {
		near, far, l := n.connect(from, to)
		if l == nil {
			return nil, fmt.Errorf("dial %s: %w", to, syscall.ECONNREFUSED)
		}
		err := error(syscall.ECONNREFUSED)
		select {
		case l.backlog <- far:
			return near, nil
		case <-l.closed:
		case <-ctx.Done():
			err = ctx.Err()
		}
		_, _ = near.Close(), far.Close()
		return nil, fmt.Errorf("dial %s: %w", to, err)
	}
}

// connect makes both ends of a connection; there is no listener for one that is refused.
func (n *network) connect(from *Server, to string) (near, far *end, l *listener) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if l = n.listeners[to]; l == nil || !n.joinedLocked(from.id, l.home.id) {
		return nil, nil, nil
	}
	a, b := net.Pipe()
	dialed := address(fmt.Sprintf("127.0.1.%d:0", from.id))
	near = &end{Conn: a, wires: n, home: from, other: l.home.id, local: dialed, remote: l.at}
	far = &end{Conn: b, wires: n, home: l.home, other: from.id, local: l.at, remote: dialed}
	n.ends[near], n.ends[far] = struct{}{}, struct{}{}
	return near, far, l
}

// binder listens for one server.
func (n *network) binder(home *Server) func(context.Context, string) (net.Listener, error) {
	return func(_ context.Context, at string) (net.Listener, error) {
		n.mu.Lock()
		defer n.mu.Unlock()
		if n.listeners[at] != nil {
			return nil, fmt.Errorf("listen on %s: %w", at, syscall.EADDRINUSE)
		}
		l := &listener{wires: n, home: home, at: address(at),
			backlog: make(chan net.Conn), closed: make(chan struct{})}
		n.listeners[at] = l
		return l, nil
	}
}

// listener is one address at which a server is reached.
type listener struct {
	wires   *network
	home    *Server
	at      address
	backlog chan net.Conn
	once    sync.Once
	closed  chan struct{}
}

// Accept waits for the next connection.
func (l *listener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.backlog:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close gives the address back.
func (l *listener) Close() error {
	l.once.Do(func() {
		close(l.closed)
		l.wires.mu.Lock()
		defer l.wires.mu.Unlock()
		delete(l.wires.listeners, string(l.at))
	})
	return nil
}

// Addr is where it listens.
func (l *listener) Addr() net.Addr { return l.at }

// end is one end of a connection between servers.
type end struct {
	net.Conn
	wires         *network
	home          *Server
	other         zoo.ServerID
	local, remote address
}

// Read gives nothing to a server that is paused.
func (e *end) Read(b []byte) (int, error) {
	n, err := e.Conn.Read(b)
	e.home.halt.wait()
	return n, err
}

// Write takes nothing from a server that is paused.
func (e *end) Write(b []byte) (int, error) {
	e.home.halt.wait()
	return e.Conn.Write(b)
}

// Close breaks the connection.
func (e *end) Close() error {
	e.wires.mu.Lock()
	delete(e.wires.ends, e)
	e.wires.mu.Unlock()
	return e.Conn.Close()
}

// LocalAddr is this end's server, and RemoteAddr the other's.
func (e *end) LocalAddr() net.Addr { return e.local }

// RemoteAddr is the other end's server.
func (e *end) RemoteAddr() net.Addr { return e.remote }
