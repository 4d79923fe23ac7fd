package server

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"

	"zoo/internal/config"
	"zoo/internal/core/acl/principal"
	"zoo/internal/net/certs"
	"zoo/internal/net/peer"
	"zoo/internal/net/sasl"
	"zoo/internal/net/sasl/digestmd5"
	"zoo/internal/net/sasl/gssapi"
	"zoo/internal/net/sasl/jaas"
	"zoo/internal/net/sasl/kerberos"
)

// PeerSecurity says how the connections to other servers are protected.
type PeerSecurity struct {
	// Certs are the certificates; nil is without TLS.
	Certs *certs.Config
	// Peer is all the rest; its TLS is made of Certs.
	Peer peer.Security
	// SASLName is the mechanism by which servers authenticate, for the log.
	SASLName string
}

// takePeerSecurity takes what protects the ports between servers.
func (own *Config) takePeerSecurity(c *config.Config) error {
	p := &c.Peers
	own.Election.HandshakesMax = p.HandshakesMax
	if !p.Secured() && !p.SASL.On {
		return nil
	}
	own.PeerSecurity = &PeerSecurity{}
	own.takePeerTLS(p)
	if !p.SASL.On {
		return nil
	}
	if err := own.PeerSecurity.login(c); err != nil {
		return fmt.Errorf("SASL between servers: %w", err)
	}
	return nil
}

func (own *Config) takePeerTLS(p *config.Peers) {
	if !p.Secured() {
		return
	}
	settings := certsOf("ssl.quorum.", &p.TLS)
	settings.AllowReverseDNSLookup = false
	own.PeerSecurity.Certs = &settings
	own.PeerSecurity.Peer = peer.Security{
		DialsTLS: p.TLSDialled, TakesPlain: p.TLS.PortUnification,
		AnyName: !p.TLS.HostnameVerification || !p.TLS.ClientHostnameVerification,
	}
}

// ExplainPeerTLS is ExplainTLS of the ports between servers.
func ExplainPeerTLS(c *config.Config) ([]string, error) {
	if !c.Peers.Secured() {
		return nil, nil
	}
	own := Config{PeerSecurity: &PeerSecurity{}}
	own.takePeerTLS(&c.Peers)
	ctx, err := openPeerTLS(*own.PeerSecurity.Certs, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	return ctx.Explain(), nil
}

func openPeerTLS(settings certs.Config, log *slog.Logger) (*certs.Context, error) {
	ctx, err := certs.Open(settings, log)
	if err != nil {
		return nil, fmt.Errorf("TLS between servers: %w", err)
	}
	return ctx, nil
}

// protect reads the certificates, if servers need them, and follows their changes. It
// comes before any connection.
func (p *peers) protect() (*peer.Security, error) {
	s := p.server
	if s.cfg.PeerSecurity == nil {
		return nil, nil
	}
	security := s.cfg.PeerSecurity.Peer
	if name := s.cfg.PeerSecurity.SASLName; name != "" {
		s.log.Info("SASL between servers", "mechanism", name,
			"required", security.ProofRequired)
	}
	if s.cfg.PeerSecurity.Certs == nil {
		return &security, nil
	}
	ctx, err := openPeerTLS(*s.cfg.PeerSecurity.Certs, s.log)
	if err != nil {
		return nil, err
	}
	for _, line := range ctx.Explain() {
		s.log.Info("TLS between servers", "is", line)
	}
	security.TLS = ctx
	s.certificates.servers.Store(ctx)
	s.spawn("certificates between servers", func() { ctx.Watch(s.closing) })
	return &security, nil
}

// refused counts and tells whom a port has hung up on.
func (p *peers) refused(why refusal) peer.RefusedFunc {
	return func(remote net.Addr, err error) {
		p.server.refusals.note(why, "peer", remote.String(), "error", err)
	}
}

// login reads how this server proves who it is, and how it hears others.
func (s *PeerSecurity) login(c *config.Config) error {
	if c.SASL.LoginConfig == "" {
		return errors.New("java.security.auth.login.config is not set; it names the JAAS file " +
			"with the sections " + c.Peers.SASL.LearnerSection + " and " +
			c.Peers.SASL.ServerSection)
	}
	file, err := jaas.Read(c.SASL.LoginConfig, properties(c.Properties).find)
	if err != nil {
		return err
	}
	settings := &c.Peers.SASL
	s.Peer.ProofRequired = settings.ProofRequired
	err = inSection(file, settings.ServerSection, func(m jaas.Module) error {
		return s.hearBy(m, c)
	})
	if err != nil || !settings.Prove {
		return err
	}
	return inSection(file, settings.LearnerSection, func(m jaas.Module) error {
		return s.proveBy(m, c)
	})
}

// inSection hands over the first module of a section that is known.
func inSection(file *jaas.File, section string, take func(jaas.Module) error) error {
	modules, found := file.Section(section)
	if !found {
		return fmt.Errorf("%s has no section %s", file.Name, section)
	}
	for _, m := range modules {
		if !m.Is("DigestLoginModule") && !m.Is("Krb5LoginModule") {
			continue
		}
		if err := take(m); err != nil {
			return fmt.Errorf("section %s of %s: %w", section, file.Name, err)
		}
		return nil
	}
	return fmt.Errorf("section %s of %s: %w", section, file.Name, errModules)
}

func (s *PeerSecurity) hearBy(m jaas.Module, c *config.Config) error {
	if m.Is("DigestLoginModule") {
		users, err := digestUsers(m)
		s.SASLName = "DIGEST-MD5"
		s.Peer.Mechanism = &digestmd5.Mechanism{
			Service: digestmd5.Servers, Passwords: users, Random: rand.Reader,
		}
		return err
	}
	settings, err := krb5Conf(&c.SASL)
	if err != nil {
		return err
	}
	options, err := gssapi.ReadOptions(m.Options, settings)
	if err != nil {
		return err
	}
	mechanism, err := gssapi.New(gssapi.Config{Options: options, ClockSkew: settings.ClockSkew})
	if err != nil {
		return err
	}
	s.SASLName = "GSSAPI"
	s.Peer.Mechanism, s.Peer.HostOf = mechanism, principalHost
	return nil
}

// principalHost is the host in the principal of a server.
func principalHost(identity string) (string, error) {
	name, err := principal.Parse(identity)
	if err != nil || name.Host == "" {
		return "", fmt.Errorf("%w: the principal %.200q names no host, as those of servers do: "+
			"service/host@REALM", sasl.ErrRefused, identity)
	}
	return name.Host, nil
}

func (s *PeerSecurity) proveBy(m jaas.Module, c *config.Config) error {
	if m.Is("Krb5LoginModule") {
		return s.proveByKerberos(m, c)
	}
	user, password := m.Options["username"], m.Options["password"]
	if user == "" || password == "" {
		return fmt.Errorf("line %d: DigestLoginModule has no username or no password", m.Line)
	}
	s.Peer.Prove = func(string) (sasl.Initiator, error) {
		return &digestmd5.Client{Service: digestmd5.Servers, User: user, Password: password,
			Random: rand.Reader}, nil
	}
	return nil
}

func (s *PeerSecurity) proveByKerberos(m jaas.Module, c *config.Config) error {
	settings, err := krb5Conf(&c.SASL)
	if err != nil {
		return err
	}
	options, err := gssapi.ReadOptions(m.Options, settings)
	if err != nil {
		return err
	}
	files := kerberos.Locate(c.SASL.Krb5Conf, os.Getenv("KRB5_CONFIG"))
	login, err := gssapi.NewLogin(options, files[0])
	if err != nil {
		return err
	}
	s.Peer.Prove = func(host string) (sasl.Initiator, error) {
		return login.Begin(servicePrincipal(c.Peers.SASL.ServicePrincipal, host)), nil
	}
	return nil
}

// servicePrincipal is whom to prove ourselves to at a host: service/host without a realm,
// which krb5.conf decides.
func servicePrincipal(setting, host string) string {
	name, _, _ := strings.Cut(setting, "@")
	if service, ok := strings.CutSuffix(name, "/_HOST"); ok {
		return service + "/" + strings.ToLower(host)
	}
	return name
}
