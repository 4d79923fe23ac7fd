package zootest

import (
	"context"
	"net"
	"sync"
	"syscall"
)

// door is a server's port for clients. It stays open from the first start to the end of
// the test, so that no other process can take it meanwhile; while nobody serves, those who
// come are hung up on.
type door struct {
	tcp  net.Listener
	halt *halt
	done chan struct{}

	mu     sync.Mutex
	inside *inside // nil while nobody serves
	barred bool
	conns  map[*clientConn]struct{}
}

func openDoor(h *halt) (*door, error) {
	options := net.ListenConfig{KeepAlive: -1}
	tcp, err := options.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	d := &door{tcp: tcp, halt: h, done: make(chan struct{}), conns: map[*clientConn]struct{}{}}
	go d.run()
	return d, nil
}

func (d *door) address() string { return d.tcp.Addr().String() }

// run takes in clients until the test ends.
func (d *door) run() {
	defer close(d.done)
	for {
		nc, err := d.tcp.Accept()
		if err != nil {
			return
		}
		c, l := d.enter(nc)
		if l == nil {
			_ = nc.Close()
			continue
		}
		select {
		case l.backlog <- c:
		case <-l.closed:
			_ = c.Close()
		}
	}
}

// enter keeps a connection; there is no listener for one that nobody takes.
func (d *door) enter(nc net.Conn) (*clientConn, *inside) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.inside == nil || d.barred {
		return nil, nil
	}
	c := &clientConn{Conn: nc, door: d}
	d.conns[c] = struct{}{}
	return c, d.inside
}

// bind lets a server have the clients.
func (d *door) bind(string) (net.Listener, error) {
	l := &inside{door: d, backlog: make(chan net.Conn), closed: make(chan struct{})}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.inside = l
	return l, nil
}

// bar keeps clients out, those included who are there.
func (d *door) bar(barred bool) {
	d.mu.Lock()
	d.barred = barred
	d.mu.Unlock()
	if barred {
		d.disconnect()
	}
}

// disconnect breaks all connections.
func (d *door) disconnect() {
	d.mu.Lock()
	var list []*clientConn
	for c := range d.conns {
		list = append(list, c)
	}
	d.mu.Unlock()
	for _, c := range list {
		_ = c.Close()
	}
}

// close gives the port back.
func (d *door) close() {
	_ = d.tcp.Close()
	<-d.done
	d.disconnect()
}

// inside is the port as a server sees it.
type inside struct {
	door    *door
	backlog chan net.Conn
	once    sync.Once
	closed  chan struct{}
}

// Accept waits for the next client.
func (l *inside) Accept() (net.Conn, error) {
	select {
	case conn := <-l.backlog:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close ends it for this server. The next one has it anew.
func (l *inside) Close() error {
	l.once.Do(func() {
		close(l.closed)
		l.door.mu.Lock()
		defer l.door.mu.Unlock()
		if l.door.inside == l {
			l.door.inside = nil
		}
	})
	return nil
}

// Addr is the port's.
func (l *inside) Addr() net.Addr { return l.door.tcp.Addr() }

// clientConn is a client's connection. A paused server neither reads from it nor writes.
type clientConn struct {
	net.Conn
	door *door
}

// Read gives nothing to a server that is paused.
func (c *clientConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.door.halt.wait()
	return n, err
}

// Write takes nothing from a server that is paused.
func (c *clientConn) Write(b []byte) (int, error) {
	c.door.halt.wait()
	return c.Conn.Write(b)
}

// Close breaks the connection, for the server or without it.
func (c *clientConn) Close() error {
	c.door.mu.Lock()
	delete(c.door.conns, c)
	c.door.mu.Unlock()
	return c.Conn.Close()
}

// SyscallConn is the descriptor, as a server uses it where there is one.
func (c *clientConn) SyscallConn() (syscall.RawConn, error) {
	sc, ok := c.Conn.(syscall.Conn)
	if !ok {
		return nil, syscall.EINVAL
	}
	raw, err := sc.SyscallConn()
	return &descriptor{RawConn: raw, halt: c.door.halt}, err
}

// descriptor is that of a client's connection.
type descriptor struct {
	syscall.RawConn
	halt *halt
}

// Read gives nothing to a server that is paused.
func (d *descriptor) Read(f func(fd uintptr) bool) error {
	err := d.RawConn.Read(f)
	d.halt.wait()
	return err
}

// Write takes nothing from a server that is paused.
func (d *descriptor) Write(f func(fd uintptr) bool) error {
	d.halt.wait()
	return d.RawConn.Write(f)
}
