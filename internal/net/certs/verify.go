package certs

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"
)

// material is all that comes from files, of one moment. It is immutable.
type material struct {
	identity []tls.Certificate
	// authorities are nil where nobody is asked for a certificate, and for a client that
	// believes whom the machine does.
	authorities *x509.CertPool
	revoked     *revocations // nil where revocation is not checked
	notAfter    time.Time    // the first of our own certificates' ends
	subject     string       // of the certificate that ends first
}

// read reads all files anew.
func (c *Config) read() (*material, error) {
	m := &material{}
	var err error
	if c.KeyStore.Location != "" {
		if m.identity, err = c.KeyStore.identity(); err != nil {
			return nil, err
		}
	}
	m.measure()
	if c.TrustStore.Location != "" {
		list, err := c.TrustStore.authorities()
		if err != nil {
			return nil, err
		}
		m.authorities = x509.NewCertPool()
		for _, cert := range list {
			m.authorities.AddCert(cert)
		}
	}
	if c.CRL {
		m.revoked, err = readRevocations(c.CRLLocation)
	}
	return m, err
}

// measure finds when our own certificates end.
func (m *material) measure() {
	for _, certificate := range m.identity {
		for _, raw := range certificate.Certificate {
			cert, err := x509.ParseCertificate(raw)
			if err == nil && (m.notAfter.IsZero() || cert.NotAfter.Before(m.notAfter)) {
				m.notAfter, m.subject = cert.NotAfter, cert.Subject.String()
			}
		}
	}
}

// verify checks what the other side has shown, for what it was shown. It is called
// for every connection, also for one that resumes an earlier one's secrets: what
// was revoked since must not come in by that.
func (m *material) verify(shown []*x509.Certificate, usage x509.ExtKeyUsage,
	now time.Time) error {
	between := x509.NewCertPool()
	for _, cert := range shown[1:] {
		between.AddCert(cert)
	}
	chains, err := shown[0].Verify(x509.VerifyOptions{
		Roots: m.authorities, Intermediates: between, CurrentTime: now,
		KeyUsages: []x509.ExtKeyUsage{usage},
	})
	if err != nil || m.revoked == nil {
		return err
	}
	for _, chain := range chains {
		if err = m.revoked.check(chain, now); err == nil {
			return nil
		}
	}
	return err
}

// VerifyClientHost checks that a client's certificate is for the address that it
// comes from, if that is configured. It may ask DNS, and wait for its answer.
func (c *Context) VerifyClientHost(ctx context.Context, state tls.ConnectionState,
	address net.Addr) error {
	cfg := c.cfg
	if !cfg.HostnameVerification || !cfg.ClientHostnameVerification ||
		len(state.PeerCertificates) == 0 {
		return nil
	}
	host, _, err := net.SplitHostPort(address.String())
	if err != nil {
		return err
	}
	leaf := state.PeerCertificates[0]
	refused := VerifyHost(leaf, host)
	if refused == nil || !cfg.AllowReverseDNSLookup {
		return refused
	}
	names, err := net.DefaultResolver.LookupAddr(ctx, host)
	if err != nil {
		return errors.Join(refused, fmt.Errorf("reverse lookup of %s: %w", host, err))
	}
	for _, name := range names {
		if VerifyHost(leaf, strings.TrimSuffix(name, ".")) == nil {
			return nil
		}
	}
	return refused
}

// subjectAltName is the extension with the names of a certificate.
var subjectAltName = asn1.ObjectIdentifier{2, 5, 29, 17}

// VerifyHost checks that a certificate is for a host, a name or an address without
// brackets. One that lists no names at all, as keytool makes them and ZooKeeper's guide
// shows, is for its common name, as in Java.
func VerifyHost(leaf *x509.Certificate, host string) error {
	err := leaf.VerifyHostname(host)
	name := leaf.Subject.CommonName
	if err == nil || name == "" || listsNames(leaf) {
		return err
	}
	named := &x509.Certificate{DNSNames: []string{name}}
	if ip := net.ParseIP(name); ip != nil {
		named = &x509.Certificate{IPAddresses: []net.IP{ip}}
	}
	if named.VerifyHostname(host) != nil {
		return fmt.Errorf("the certificate is for %q, not for %s", name, host)
	}
	return nil
}

func listsNames(leaf *x509.Certificate) bool {
	return slices.ContainsFunc(leaf.Extensions, func(e pkix.Extension) bool {
		return e.Id.Equal(subjectAltName)
	})
}
