package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"sync/atomic"
	"time"

	"zoo"
	"zoo/internal/config"
	"zoo/internal/core/acl"
	"zoo/internal/net/certs"
)

// SecureConfig says where and how clients are served under TLS.
type SecureConfig struct {
	// Listen are the host:port for clients with TLS only.
	Listen []string
	// Unified lets the ports in ClientListen serve clients with TLS as well
	// (client.portUnification).
	Unified bool
	// Certs are the certificates and how TLS is spoken.
	Certs certs.Config
	// HandshakesMax bounds the handshakes under way at a time; 0 is no bound
	// (netty.server.outstandingHandshake.limit).
	HandshakesMax int
}

// takeTLS takes what concerns TLS for clients. As in Java, a secure port brings the
// scheme x509 with it.
func (own *Config) takeTLS(c *config.Config) {
	if c.SecureListen == "" && !c.TLS.PortUnification {
		return
	}
	t := &c.TLS
	own.Secure = &SecureConfig{
		Unified: t.PortUnification, HandshakesMax: t.HandshakesMax,
		Certs: certsOf("ssl.", t),
	}
	if c.SecureListen != "" {
		own.Secure.Listen = []string{c.SecureListen}
	}
	if own.Rules.Providers == 0 {
		own.Rules.Providers = acl.ProvidersDefault
	}
	own.Rules.Providers |= acl.ProviderX509
	own.Rules.X509SuperUser = c.Auth.X509SuperUser
}

// certsOf is how one set of ports speaks TLS.
func certsOf(prefix string, t *config.TLS) certs.Config {
	return certs.Config{
		Prefix:   prefix,
		KeyStore: certs.Store(t.KeyStore), TrustStore: certs.Store(t.TrustStore),
		Protocol: t.Protocol, EnabledProtocols: t.EnabledProtocols,
		CipherSuites: t.CipherSuites, ClientAuth: t.ClientAuth,
		HostnameVerification:       t.HostnameVerification,
		ClientHostnameVerification: t.ClientHostnameVerification,
		AllowReverseDNSLookup:      t.ReverseDNS,
		CRL:                        t.CRL, CRLLocation: t.CRLLocation, OCSP: t.OCSP,
		DetectionTimeout: t.DetectionTimeout,
	}
}

// ExplainTLS tells what a server would make of the settings of TLS for clients, and
// why it would not start with them. It is empty without TLS.
func ExplainTLS(c *config.Config) ([]string, error) {
	ctx, err := openTLS(c)
	if ctx == nil {
		return nil, err
	}
	return ctx.Explain(), nil
}

// ClientTLS is how to reach a server with these settings at its secure port: its own
// stores say whom to trust, and who asks. It is nil without TLS.
func ClientTLS(c *config.Config, host string) (*tls.Config, error) {
	ctx, err := openTLS(c)
	if ctx == nil {
		return nil, err
	}
	return ctx.Client(host), nil
}

func openTLS(c *config.Config) (*certs.Context, error) {
	var own Config
	own.takeTLS(c)
	if own.Secure == nil {
		return nil, nil
	}
	ctx, err := certs.Open(own.Secure.Certs, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, fmt.Errorf("TLS for clients: %w", err)
	}
	return ctx, nil
}

// protocol is what a port speaks.
type protocol uint8

const (
	plainOnly protocol = iota
	tlsOnly
	// tlsOrPlain lets the first bytes of a connection decide.
	tlsOrPlain
)

// secure is the state of TLS for clients.
type secure struct {
	context *certs.Context
	// outstanding counts the handshakes under way.
	outstanding atomic.Int64
}

// secured reads the certificates, if any port needs them, and follows their changes.
func (s *Server) secured() error {
	if s.cfg.Secure == nil {
		return nil
	}
	ctx, err := certs.Open(s.cfg.Secure.Certs, s.log)
	if err != nil {
		return fmt.Errorf("TLS for clients: %w", err)
	}
	for _, line := range ctx.Explain() {
		s.log.Info("TLS for clients", "is", line)
	}
	s.secure.context = ctx
	s.certificates.clients.Store(ctx)
	s.spawn("certificates", func() { ctx.Watch(s.closing) })
	return nil
}

// arrival is a connection before it is known what it is good for.
type arrival struct {
	net.Conn
	// first is what was read of it.
	first []byte
	// ids are what TLS proved.
	ids []zoo.ID
}

// receive serves a connection to a port that speaks TLS. All that takes time happens
// in the connection's own goroutine: who is slow at it keeps nobody else waiting.
func (s *Server) receive(nc net.Conn, speaks protocol) {
	if refused, why := s.conns.arrive(nc); refused {
		s.reject(nc, why)
		return
	}
	s.spawn("client", func() {
		a, err := s.shake(nc, speaks)
		if err != nil {
			s.conns.depart(nc)
			_ = nc.Close()
			return
		}
		c, why := s.conns.welcome(s, nc, a)
		if c == nil {
			s.reject(a, why)
			return
		}
		c.shakeHands()
	})
}

// shake finds out what a connection speaks and, under TLS, who is there.
func (s *Server) shake(nc net.Conn, speaks protocol) (arrival, error) {
	a := arrival{Conn: nc}
	if speaks == tlsOrPlain {
		verdict, first, err := certs.Sniff(nc, s.secure.context.DetectionTimeout())
		a.first = first
		if err != nil || verdict == certs.Plain {
			return a, err
		}
	}
	limit := int64(s.cfg.Secure.HandshakesMax)
	if n := s.secure.outstanding.Add(1); limit > 0 && n > limit {
		s.secure.outstanding.Add(-1)
		s.meters.tls.exceeded.Inc()
		s.refusals.note(refusedHandshakes, "client", nc.RemoteAddr().String())
		return a, errHandshakes
	}
	defer s.secure.outstanding.Add(-1)
	err := s.authenticate(&a)
	if err != nil {
		s.meters.tls.unsuccessful.Inc()
		why := refusedTLS
		if errors.Is(err, certs.ErrClient) {
			s.meters.auth.failed.Inc()
			why = refusedCertificate
		}
		s.refusals.note(why, "client", nc.RemoteAddr().String(), "error", err)
	}
	return a, err
}

var errHandshakes = errors.New("too many TLS handshakes are under way")

// authenticate makes the TLS handshake. What was read before is part of it.
func (s *Server) authenticate(a *arrival) error {
	below := &ciphertext{Conn: a.Conn, first: a.first, pool: s.outputs}
	secured := tls.Server(below, s.secure.context.Server())
	deadline := time.Now().Add(s.cfg.SessionlessMax)
	_ = a.Conn.SetDeadline(deadline)
	if err := secured.Handshake(); err != nil {
		return err
	}
	ctx, cancel := context.WithDeadline(context.Background(), deadline)
	defer cancel()
	state := secured.ConnectionState()
	if err := s.secure.context.VerifyClientHost(ctx, state, a.RemoteAddr()); err != nil {
		return fmt.Errorf("%w: %w", certs.ErrClient, err)
	}
	if len(state.PeerCertificates) > 0 && s.secure.context.AsksClients() {
		ids, err := s.cfg.Rules.X509IDs(state.PeerCertificates[0].RawSubject)
		if err != nil {
			return fmt.Errorf("%w: %w", certs.ErrClient, err)
		}
		if !bearable(append(slices.Clip(ids), acl.IPID(hostOf(a.RemoteAddr())))) {
			return fmt.Errorf("%w: the subject has more than %d bytes", certs.ErrClient,
				idBytesPerConnMax)
		}
		a.ids = ids
	}
	_ = a.Conn.SetDeadline(time.Time{})
	a.Conn, a.first = newSealed(secured, below), nil
	return nil
}

// arrive counts a connection that has not shown yet what it speaks, unless it is one
// too many.
func (t *connTable) arrive(nc net.Conn) (refused bool, why refusal) {
	host := hostOf(nc.RemoteAddr())
	t.mu.Lock()
	defer t.mu.Unlock()
	if full, why := t.fullLocked(host); full {
		return true, why
	}
	t.arriving[nc] = host
	t.hosts[host]++
	return false, refusal{}
}

// depart forgets a connection that came no further.
func (t *connTable) depart(nc net.Conn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.departLocked(nc)
}

func (t *connTable) departLocked(nc net.Conn) {
	t.leaveHostLocked(t.arriving[nc])
	delete(t.arriving, nc)
}

// welcome takes in what a connection has become; nil if the server closes.
func (t *connTable) welcome(s *Server, nc net.Conn, a arrival) (*conn, refusal) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.departLocked(nc)
	return t.addLocked(s, a)
}
