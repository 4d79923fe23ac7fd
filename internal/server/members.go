package server

import (
	"maps"
	"net"
	"slices"
	"strings"
	"sync"

	"zoo"
	"zoo/internal/core/quorum"
	"zoo/internal/net/peer"
)

// places is where the members are. Loop only.
type places struct {
	// self is this server's own line as it was last in force; its id is zero before it
	// had any.
	self quorum.Server
	// quorum and election are the addresses of the members for the two ports.
	quorum, election map[zoo.ServerID]string
	// masters are where observers reach the others while those follow.
	masters map[zoo.ServerID]string
	// listen is where learners are heard while this server leads, masterListen where
	// observers are while it follows.
	listen, masterListen []string
}

func (l *loop) beginMembers() {
	cfg := &l.server.cfg
	l.members = quorum.Ensemble{Current: cfg.View, Next: cfg.Next}
	l.places = places{quorum: maps.Clone(cfg.Leaders), election: maps.Clone(cfg.Election.Members),
		masters: cfg.Masters, listen: cfg.QuorumListen, masterListen: cfg.MasterListen}
	l.places.self, _ = cfg.View.Server(cfg.ID)
}

// follow takes over changed configurations: who is linked, and where this server is.
func (l *loop) follow(e quorum.Ensemble) {
	s := l.server
	l.members = e
	s.view.Store(e.Current)
	s.log.Info("configuration", "version", e.Current.Version().String(),
		"voters", len(e.Current.Voters()), "members", len(e.Current.Members()),
		"proposed", e.Next != nil)
	l.places.quorum = map[zoo.ServerID]string{}
	l.places.election = map[zoo.ServerID]string{}
	l.places.masters = map[zoo.ServerID]string{}
	for _, m := range e.Members() {
		// Their lines could be read when the configuration was.
		line, _ := quorum.ParseServer(m.ID, m.Text)
		l.places.quorum[m.ID] = line.QuorumAddresses()
		l.places.election[m.ID] = line.ElectionAddresses()
		l.places.masters[m.ID] = masterAddresses(line, s.cfg.MasterPort)
	}
	if mesh := s.peers.current(); mesh != nil {
		mesh.SetMembers(l.places.election)
	}
	if self, ok := e.Current.Server(s.cfg.ID); ok {
		l.move(self)
	}
}

// move follows a change of this server's own line.
func (l *loop) move(self quorum.Server) {
	before, s := l.places.self, l.server
	l.places.self = self
	if before.ID == 0 {
		return // It began without one, with the ports of its file.
	}
	s.moveClients(before.ClientAddress(), self.ClientAddress(), plainOnly)
	if s.cfg.Secure != nil {
		s.moveClients(before.SecureAddress(), self.SecureAddress(), tlsOnly)
	}
	if before.QuorumAddresses() != self.QuorumAddresses() {
		l.places.listen = s.bindings(self, func(a quorum.Address) int { return a.QuorumPort })
		l.places.masterListen = s.cfg.masterBindings(self)
		l.listenForLearners()
	}
	if before.ElectionAddresses() != self.ElectionAddresses() {
		s.peers.moveElection(
			s.bindings(self, func(a quorum.Address) int { return a.ElectionPort }),
			l.places.election)
	}
}

// bindings are the host:port to bind for the addresses of a line.
func (s *Server) bindings(self quorum.Server, port func(quorum.Address) int) []string {
	return s.cfg.bindings(self, port)
}

func (c *Config) bindings(self quorum.Server, port func(quorum.Address) int) []string {
	var all []string
	for _, a := range self.Addresses {
		host := a.Host
		if c.ListenOnAllIPs {
			host = ""
		}
		if address := hostPort(host, port(a)); !slices.Contains(all, address) {
			all = append(all, address)
		}
	}
	return all
}

// masterBindings are the host:port to bind for observers (observerMasterPort).
func (c *Config) masterBindings(self quorum.Server) []string {
	if c.MasterPort == 0 {
		return nil
	}
	return c.bindings(self, func(quorum.Address) int { return c.MasterPort })
}

// masterAddresses are where a server takes observers while it follows, joined with "|".
// Each server goes by its own port, also for where the others are, as in Java.
func masterAddresses(line quorum.Server, port int) string {
	var all []string
	for _, a := range line.Addresses {
		all = append(all, hostPort(a.Host, port))
	}
	return strings.Join(all, "|")
}

// checkFiles tells at the start what would end the server later.
func (s *Server) checkFiles() {
	if s.cfg.Files == nil || !s.cfg.ReconfigEnabled {
		return
	}
	if err := s.cfg.Files.Check(); err != nil {
		s.log.Error("reconfigEnabled is true, and configurations cannot be written beside "+
			"zoo.cfg: this server ends with the first one that it has to write down; make "+
			"the directory writable", "error", err)
	}
}

// saveMembers writes the configurations; log writer only.
func (s *Server) saveMembers(e quorum.Ensemble) error {
	if s.cfg.Files == nil {
		return nil
	}
	return s.cfg.Files.Save(e)
}

// The election connections of a server that moves.

func (p *peers) current() *peer.Election {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.election
}

func (p *peers) use(e *peer.Election) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.election = e
}

// moveElection opens the election port at another address. The old connections end, and
// are made again from there.
func (p *peers) moveElection(listen []string, members map[zoo.ServerID]string) {
	s := p.server
	cfg := s.cfg.Election
	cfg.Listen, cfg.Members, cfg.Log = listen, maps.Clone(members), s.log
	cfg.Security, cfg.Names, cfg.Refused = p.security, p.names, p.refused(refusedElection)
	s.spawn("election move", func() {
		p.current().Close()
		for {
			moved, err := peer.Start(cfg, electionEvents{s})
			if err == nil {
				s.queue.call(func() { s.loop.moved(moved) })
				return
			}
			s.log.Error("listen for election at the new address", "error", err)
			if !s.pause(electionBindPause) {
				return
			}
		}
	})
}

// moved uses the connections of the new address, unless the server closes.
func (l *loop) moved(e *peer.Election) {
	l.server.peers.use(e)
	e.SetMembers(l.places.election)
	l.server.stage("listen for election", strings.Join(addressTexts(e.Addresses()), " "))
}

func addressTexts(all []net.Addr) []string {
	texts := make([]string, len(all))
	for i, a := range all {
		texts[i] = a.String()
	}
	return texts
}

// clientPorts are the open ports for clients.
type clientPorts struct {
	mu     sync.Mutex
	closed bool
	ports  []clientPort
}

type clientPort struct {
	address  string
	listener net.Listener
}

// add keeps a port; false if the server closes.
func (c *clientPorts) add(address string, l net.Listener) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return false
	}
	c.ports = append(c.ports, clientPort{address, l})
	return true
}

func (c *clientPorts) addresses() []net.Addr {
	c.mu.Lock()
	defer c.mu.Unlock()
	bound := make([]net.Addr, len(c.ports))
	for i, p := range c.ports {
		bound[i] = p.listener.Addr()
	}
	return bound
}

// remove closes the port of an address, and tells whether there was one.
func (c *clientPorts) remove(address string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.IndexFunc(c.ports, func(p clientPort) bool { return p.address == address })
	if i < 0 {
		return false
	}
	_ = c.ports[i].listener.Close()
	c.ports = slices.Delete(c.ports, i, i+1)
	return true
}

func (c *clientPorts) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	for _, p := range c.ports {
		_ = p.listener.Close()
	}
}

// moveClients listens for clients at another address. Those who are connected stay. The
// old port is closed first, since both addresses may have the same number.
func (s *Server) moveClients(before, after string, speaks protocol) {
	if before == after {
		return
	}
	if before != "" {
		s.listeners.remove(anyHost(before))
	}
	if after == "" {
		return
	}
	s.spawn("client port", func() {
		for {
			err := s.listenOn(anyHost(after), speaks)
			if err == nil {
				s.log.Info("listen for clients", "address", after)
				return
			}
			s.log.Error("listen for clients at the new address", "error", err)
			if !s.pause(electionBindPause) {
				return
			}
		}
	})
}

// anyHost is an address as the configuration gives it to a listener.
func anyHost(address string) string {
	host, port, _ := net.SplitHostPort(address)
	if host == "0.0.0.0" {
		host = ""
	}
	return net.JoinHostPort(host, port)
}
