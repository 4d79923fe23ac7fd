package certs

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Config is the settings of one set of ports, or of a client, named as ZooKeeper names
// them behind ssl. or ssl.quorum. The zero value lacks a key store.
type Config struct {
	// Prefix is "ssl." or "ssl.quorum.", for messages.
	Prefix string
	// KeyStore holds our key and certificate, TrustStore whose certificates we accept.
	KeyStore, TrustStore Store
	// Protocol and EnabledProtocols are Java's names of versions; the latter count if
	// there are any. Without either it is TLSv1.2 and TLSv1.3.
	Protocol         string
	EnabledProtocols []string
	// CipherSuites are names of suites for TLSv1.2 and older; nil is Go's own choice.
	// The suites of TLSv1.3 cannot be chosen.
	CipherSuites []string
	// ClientAuth is what clients must show: need (also when empty), want or none. A
	// certificate that is shown must be good in every case but the last.
	ClientAuth string
	// HostnameVerification makes a client check the server's name, and together with
	// ClientHostnameVerification a server its client's.
	HostnameVerification, ClientHostnameVerification bool
	// AllowReverseDNSLookup lets a server ask DNS for the name behind an address.
	AllowReverseDNSLookup bool
	// CRL refuses certificates unless a list in CRLLocation, a file or a directory,
	// shows that they are not revoked. OCSP is refused.
	CRL         bool
	CRLLocation string
	OCSP        bool
	// DetectionTimeout is how long a connection to a port with and without TLS may
	// take to show which one it is; 0 is five seconds, as in Java.
	DetectionTimeout time.Duration
}

// Store is a file with keys or certificates.
type Store struct {
	// Location is the file; empty for none.
	Location string
	// Password opens it, or else what stands in the file PasswordPath.
	Password, PasswordPath string
	// Type is PEM, JKS or PKCS12; the file's suffix tells when it is empty.
	Type string
}

// clientAuth is what a server wants of its clients' certificates.
type clientAuth uint8

const (
	clientAuthNeed clientAuth = iota
	clientAuthWant
	clientAuthNone
)

var clientAuths = map[string]clientAuth{
	"": clientAuthNeed, "need": clientAuthNeed,
	"want": clientAuthWant, "none": clientAuthNone,
}

// detectionTimeoutDefault is Java's.
const detectionTimeoutDefault = 5 * time.Second

// settled is a Config in the terms of crypto/tls. It is immutable.
type settled struct {
	Config
	side                   side
	versionMin, versionMax uint16
	suites                 []uint16
	auth                   clientAuth
	// notes say what is not as the settings say.
	notes []string
}

// side is who the settings are for.
type side uint8

const (
	// serving is a server, also where it is the client of another one: it must show who
	// it is.
	serving side = iota
	// visiting is a client only. Without a key store it shows nothing, and without a trust
	// store it believes whom the machine does, as Java does.
	visiting
)

// settle interprets the settings. What they ask for and is not there is refused, if
// going on would protect less.
func (c Config) settle(who side) (*settled, error) {
	s := &settled{Config: c, side: who}
	if s.DetectionTimeout == 0 {
		s.DetectionTimeout = detectionTimeoutDefault
	}
	auth, ok := clientAuths[strings.ToLower(c.ClientAuth)]
	if !ok {
		return nil, c.fail("clientAuth", "%q is none of need, want and none", c.ClientAuth)
	}
	s.auth = auth
	return s, errors.Join(s.setVersions(), s.setCipherSuites(), s.checkStores(),
		s.checkRevocation())
}

// fail is an error about one setting.
func (c *Config) fail(key, format string, args ...any) error {
	return fmt.Errorf("%s%s: %w", c.Prefix, key, fmt.Errorf(format, args...))
}

// note adds what the operator should know.
func (s *settled) note(format string, args ...any) {
	s.notes = append(s.notes, s.Prefix+fmt.Sprintf(format, args...))
}

func (s *settled) checkStores() error {
	if s.side == visiting {
		return nil
	}
	if s.KeyStore.Location == "" {
		return s.fail("keyStore.location", "is missing; it names the file with "+
			"this server's private key and certificate (.pem, .jks or .p12)")
	}
	if s.TrustStore.Location == "" && s.auth != clientAuthNone {
		return s.fail("trustStore.location", "is missing; it names the file with the "+
			"certificates of the authorities whose clients are let in. "+
			"Set it, or %sclientAuth=none to let in clients without a certificate", s.Prefix)
	}
	return nil
}

func (s *settled) checkRevocation() error {
	if s.OCSP {
		return s.fail("ocsp", "OCSP is not supported; set it to false and, to check revocation, "+
			"%scrl=true with %scrl.location", s.Prefix, s.Prefix)
	}
	if s.CRL && s.CRLLocation == "" {
		return s.fail("crl", "needs %scrl.location, a file or a directory of revocation lists "+
			"(PEM or DER); lists are not fetched over the network", s.Prefix)
	}
	return nil
}
