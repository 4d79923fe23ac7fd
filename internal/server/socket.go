package server

import (
	"context"
	"net"
)

// bind opens one client port with the options of its connections.
func (s *Server) bind(address string) (net.Listener, error) {
	if s.cfg.ClientBind != nil {
		return s.cfg.ClientBind(address)
	}
	options := net.ListenConfig{KeepAlive: -1}
	if s.cfg.ClientKeepAlive {
		options.KeepAlive = 0 // The system's way.
	}
	// A session lives on one path; Go's default, a listener of MPTCP, makes each accept dearer.
	options.SetMultipathTCP(false)
	listener, err := options.Listen(context.Background(), "tcp", address)
	if err != nil || s.cfg.ListenBacklog <= 0 {
		return listener, err
	}
	if err := setBacklog(listener, s.cfg.ListenBacklog); err != nil {
		s.log.Warn("clientPortListenBacklog has no effect", "error", err)
	}
	return listener, nil
}
