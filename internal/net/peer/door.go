package peer

import (
	"errors"
	"net"
	"sync"
)

// The bounds of those who were accepted and have not said yet who they are. A host that
// sends many keeps itself out and not the others.
const (
	handshakesMax        = 64
	handshakesPerHostMax = handshakesMax / 4
)

// The reasons for which somebody is not even asked who it is.
var (
	errHandshakes     = errors.New("too many peers are introducing themselves")
	errHandshakesHost = errors.New("too many peers of one address are introducing themselves")
)

// door is where connections are until it is known whose they are.
type door struct {
	most, perHostMost int // immutable

	mu     sync.Mutex
	shut   bool
	inside map[net.Conn]string // by the host that counts; empty for what we have dialled
	hosts  map[string]int
	// counted are those with a host.
	counted int
}

func newDoor(most int) *door {
	return &door{
		most: most, perHostMost: max(most/(handshakesMax/handshakesPerHostMax), 1),
		inside: make(map[net.Conn]string), hosts: make(map[string]int),
	}
}

// enter takes in an accepted connection, if there is room.
func (d *door) enter(conn net.Conn) error {
	host := hostOf(conn.RemoteAddr())
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.shut:
		return net.ErrClosed
	case d.counted >= d.most:
		return errHandshakes
	case d.hosts[host] >= d.perHostMost:
		return errHandshakesHost
	}
	d.inside[conn] = host
	d.hosts[host]++
	d.counted++
	return nil
}

// hold takes in a connection that this server has dialled.
func (d *door) hold(conn net.Conn) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.shut {
		return net.ErrClosed
	}
	d.inside[conn] = ""
	return nil
}

// leave lets a connection go, wherever to.
func (d *door) leave(conn net.Conn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	host := d.inside[conn]
	delete(d.inside, conn)
	if host == "" {
		return
	}
	d.counted--
	if d.hosts[host]--; d.hosts[host] == 0 {
		delete(d.hosts, host)
	}
}

// close lets nobody in any more, and hangs up on who is inside.
func (d *door) close() {
	d.mu.Lock()
	d.shut = true
	var inside []net.Conn
	for conn := range d.inside {
		inside = append(inside, conn)
	}
	d.mu.Unlock()
	for _, conn := range inside {
		_ = conn.Close()
	}
}

// hostOf is an address without its port; never empty.
func hostOf(address net.Addr) string {
	host, _, err := net.SplitHostPort(address.String())
	if err != nil || host == "" {
		return "?"
	}
	return host
}
