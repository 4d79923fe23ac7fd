package server

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"zoo/internal/core/replica"
)

// acceptPause is how long a listener rests when the process has run out of
// descriptors: others will give some back.
const acceptPause = 20 * time.Millisecond

// listen opens the client ports.
func (s *Server) listen() error {
	if err := s.secured(); err != nil {
		return err
	}
	speaks := plainOnly
	if s.cfg.Secure != nil && s.cfg.Secure.Unified {
		speaks = tlsOrPlain
	}
	for _, address := range s.cfg.ClientListen {
		if err := s.listenOn(address, speaks); err != nil {
			return err
		}
	}
	if s.cfg.Secure == nil {
		return nil
	}
	for _, address := range s.cfg.Secure.Listen {
		if err := s.listenOn(address, tlsOnly); err != nil {
			return err
		}
	}
	return nil
}

// listenOn opens one port.
func (s *Server) listenOn(address string, speaks protocol) error {
	listener, err := s.bind(address)
	if err != nil {
		return fmt.Errorf("listen for clients on %s: %w", address, err)
	}
	if !s.listeners.add(address, listener) {
		return listener.Close() // The server closes.
	}
	s.spawn("accept", func() { s.accept(listener, speaks) })
	return nil
}

// accept takes in connections until the server closes.
func (s *Server) accept(listener net.Listener, speaks protocol) {
	for {
		nc, err := listener.Accept()
		switch {
		case err == nil && speaks == plainOnly:
			s.Attach(nc)
		case err == nil:
			s.receive(nc, speaks)
		case errors.Is(err, net.ErrClosed):
			return
		default:
			s.log.Warn("accept", "error", err)
			s.pause(acceptPause)
		}
	}
}

// pause waits, but not beyond the end of the server, and tells whether it goes on.
func (s *Server) pause(d time.Duration) (open bool) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-s.closing:
		return false
	}
}

// Attach serves a client on a connection, which is closed in the end.
func (s *Server) Attach(nc net.Conn) {
	c, why := s.conns.add(s, arrival{Conn: nc})
	if c == nil {
		s.reject(nc, why)
		return
	}
	s.tasks.Add(1)
	go c.begin()
}

// reject turns a connection away, aloud unless the server closes.
func (s *Server) reject(nc net.Conn, why refusal) {
	s.meters.conns.rejected.Inc()
	if why != (refusal{}) {
		s.refusals.note(why, "client", nc.RemoteAddr().String())
	}
	_ = nc.Close()
}

// connTable is all connections of this server, with and without a session.
type connTable struct {
	perHostMax, sumMax int // 0 is no bound

	mu     sync.Mutex
	closed bool
	last   replica.ConnID
	conns  map[replica.ConnID]*conn
	hosts  map[string]int
	// arriving are connections to ports with TLS that nothing is known of but
	// their hosts.
	arriving map[net.Conn]string
	past     traffic // of connections that are gone
}

func newConnTable(perHostMax, sumMax int) *connTable {
	return &connTable{
		perHostMax: perHostMax, sumMax: sumMax,
		conns:    make(map[replica.ConnID]*conn),
		hosts:    make(map[string]int),
		arriving: make(map[net.Conn]string),
	}
}

// add makes a connection; nil if there are too many, which the refusal tells, or if
// the server closes.
func (t *connTable) add(s *Server, a arrival) (*conn, refusal) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.addLocked(s, a)
}

func (t *connTable) addLocked(s *Server, a arrival) (*conn, refusal) {
	c := newConn(s, t.last+1, a.Conn)
	_, c.sealed = a.Conn.(*sealed)
	if full, why := t.fullLocked(c.host); full {
		return nil, why
	}
	c.addIDs(a.ids)
	if len(a.first) > 0 {
		c.in.arrived(copy(c.in.space(), a.first))
	}
	t.last++
	t.conns[c.id] = c
	t.hosts[c.host]++
	return c, refusal{}
}

// fullLocked tells whether a host may have no more connections, and why.
func (t *connTable) fullLocked(host string) (full bool, why refusal) {
	switch {
	case t.closed:
		return true, refusal{}
	case t.sumMax > 0 && len(t.conns)+len(t.arriving) >= t.sumMax:
		return true, refusedConns
	case t.perHostMax > 0 && t.hosts[host] >= t.perHostMax:
		return true, refusedConnsPerHost
	}
	return false, refusal{}
}

func (t *connTable) leaveHostLocked(host string) {
	if t.hosts[host]--; t.hosts[host] == 0 {
		delete(t.hosts, host)
	}
}

func (t *connTable) remove(c *conn) {
	c.mu.Lock()
	done := c.traffic
	c.traffic = traffic{}
	c.mu.Unlock()
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.conns, c.id)
	t.leaveHostLocked(c.host)
	t.past.add(&done)
}

// all lists the connections, oldest first.
func (t *connTable) all() []*conn {
	list := t.unordered(&t.mu)
	slices.SortFunc(list, func(a, b *conn) int { return cmp.Compare(a.id, b.id) })
	return list
}

func (t *connTable) unordered(lock sync.Locker) []*conn {
	lock.Lock()
	defer lock.Unlock()
	list, h := make([]*conn, 0, len(t.conns)), holds{lock: lock}
	for _, c := range t.conns {
		list = append(list, c)
		h.took()
	}
	return list
}

// close ends all connections and refuses more.
func (t *connTable) close() {
	t.mu.Lock()
	t.closed = true
	for nc := range t.arriving {
		_ = nc.Close()
	}
	t.mu.Unlock()
	for _, c := range t.all() {
		_ = c.socket.Close()
	}
}
