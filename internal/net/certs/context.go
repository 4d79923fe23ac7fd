package certs

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// Context is who we are and whom we believe, as the files say now. Its methods may be
// called from everywhere.
type Context struct {
	cfg *settled // immutable, like the next ones
	log *slog.Logger
	now func() time.Time

	// current is replaced by a reload.
	current atomic.Pointer[served]

	// mu guards what follows, and that one reload runs at a time.
	mu sync.Mutex
	// seen are the files at the last attempt to read them.
	seen fingerprint
	// warned is the smallest of the warning distances that was reached.
	warned time.Duration
}

// served is what connections are given.
type served struct {
	*material
	server, client *tls.Config
}

// Open reads the files. The error tells which file and what to do about it.
func Open(cfg Config, log *slog.Logger) (*Context, error) {
	return open(cfg, serving, log, time.Now)
}

// OpenClient is Open for a program that only connects. It needs neither a key store nor
// a trust store; Server is not for it.
func OpenClient(cfg Config, log *slog.Logger) (*Context, error) {
	return open(cfg, visiting, log, time.Now)
}

func open(cfg Config, who side, log *slog.Logger, now func() time.Time) (*Context, error) {
	s, err := cfg.settle(who)
	if err != nil {
		return nil, err
	}
	c := &Context{cfg: s, log: log, now: now}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen = s.fingerprint()
	if err := c.loadLocked(); err != nil {
		return nil, err
	}
	c.warnLocked()
	return c, nil
}

// DetectionTimeout is how long a connection may take to show whether it speaks TLS.
func (c *Context) DetectionTimeout() time.Duration { return c.cfg.DetectionTimeout }

// AsksClients tells whether clients are asked for a certificate.
func (c *Context) AsksClients() bool { return c.cfg.auth != clientAuthNone }

// NotAfter is when the first of our own certificates ends.
func (c *Context) NotAfter() time.Time { return c.current.Load().notAfter }

// Proves tells why our own certificate does not prove to be that of a host; nil if it
// does.
func (c *Context) Proves(host string) error {
	identity := c.current.Load().identity
	if len(identity) == 0 {
		return errors.New("there is no certificate")
	}
	leaf, err := x509.ParseCertificate(identity[0].Certificate[0])
	if err != nil {
		return err
	}
	return VerifyHost(leaf, host)
}

// Server is for tls.Server. A handshake uses the files' state at its beginning.
func (c *Context) Server() *tls.Config { return c.current.Load().server }

// Client is for a connection to a server with this name or address. It keeps the
// files' state of this moment.
func (c *Context) Client(host string) *tls.Config {
	current := c.current.Load()
	cfg := current.client.Clone()
	cfg.ServerName = host
	cfg.VerifyConnection = func(state tls.ConnectionState) error {
		err := current.verify(state.PeerCertificates, x509.ExtKeyUsageServerAuth, c.now())
		if err != nil || !c.cfg.HostnameVerification {
			return err
		}
		return VerifyHost(state.PeerCertificates[0], host)
	}
	return cfg
}

// loadLocked reads the files and lets new connections have them. The caller holds mu.
func (c *Context) loadLocked() error {
	m, err := c.cfg.read()
	if err != nil {
		return err
	}
	if len(m.identity) > 0 && m.notAfter.Before(c.now()) {
		// It still serves: clients that do not check would be lost otherwise, and
		// those that do tell their users.
		c.log.Error("own certificate has ended", "subject", m.subject, "not_after", m.notAfter)
	}
	c.current.Store(&served{material: m, server: c.serverConfig(m), client: c.clientConfig(m)})
	return nil
}

func (c *Context) serverConfig(m *material) *tls.Config {
	cfg := c.baseConfig(m)
	cfg.ClientCAs = m.authorities // names them to the client, which then chooses
	if c.cfg.auth != clientAuthNone {
		cfg.ClientAuth = tls.RequestClientCert
	}
	cfg.VerifyConnection = c.verifyClient
	return cfg
}

// ErrClient is behind the errors of clients that do not prove who they are; other
// errors of a handshake are about how they speak.
var ErrClient = errors.New("client certificate")

// verifyClient looks at what a client has shown. Like Java it answers one that shows
// nothing as one that shows a bad certificate.
func (c *Context) verifyClient(state tls.ConnectionState) error {
	shown := state.PeerCertificates
	switch {
	case c.cfg.auth == clientAuthNone || len(shown) == 0 && c.cfg.auth == clientAuthWant:
		return nil
	case len(shown) == 0:
		return fmt.Errorf("%w: there is none, and %sclientAuth is need", ErrClient, c.cfg.Prefix)
	}
	err := c.current.Load().verify(shown, x509.ExtKeyUsageClientAuth, c.now())
	if err != nil {
		return fmt.Errorf("%w: %w", ErrClient, err)
	}
	return nil
}

// clientConfig leaves the checks to Client, which makes them for resumed connections
// and for those without host names as well.
func (c *Context) clientConfig(m *material) *tls.Config {
	cfg := c.baseConfig(m)
	cfg.InsecureSkipVerify = true
	return cfg
}

func (c *Context) baseConfig(m *material) *tls.Config {
	return &tls.Config{
		Certificates: m.identity, Time: c.now,
		MinVersion: c.cfg.versionMin, MaxVersion: c.cfg.versionMax,
		CipherSuites: c.cfg.suites,
	}
}

// Explain tells an operator how the ports speak, a line each.
func (c *Context) Explain() []string {
	lines := []string{fmt.Sprintf("%s to %s, own certificate %s until %s",
		tls.VersionName(c.cfg.versionMin), tls.VersionName(c.cfg.versionMax),
		c.current.Load().subject, c.NotAfter().Format(time.RFC3339))}
	return append(lines, c.cfg.notes...)
}
