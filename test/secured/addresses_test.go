package secured

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"zoo/test/ensemble"
)

// Each server has two addresses. Where nobody is, a road leads to nothing.
const (
	firstRoad  = "127.0.0.1"
	secondRoad = "127.0.0.2"
	deadRoad   = "127.0.0.3"
	// roadIPv6 is a second one of the other family.
	roadIPv6 = "::1"
)

// authority signs the certificates of an ensemble, one after the other.
type authority struct {
	key    *ecdsa.PrivateKey
	cert   *x509.Certificate
	issued int64
}

// authority is one that all trust from now on.
func (s *story) authority() *authority {
	s.Helper()
	a := s.found()
	s.trusts(a)
	return a
}

// found makes an authority that nobody trusts yet.
func (s *story) found() *authority {
	s.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	s.must(err)
	a := &authority{key: key}
	a.cert = s.sign(a, &x509.Certificate{Subject: pkix.Name{CommonName: "authority"},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}, key)
	return a
}

// sign gives the next certificate, for a key.
func (s *story) sign(a *authority, c *x509.Certificate, key *ecdsa.PrivateKey) *x509.Certificate {
	s.Helper()
	a.issued++
	c.SerialNumber = big.NewInt(a.issued)
	c.NotBefore, c.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	signer := a.cert
	if signer == nil {
		signer = c
	}
	raw, err := x509.CreateCertificate(rand.Reader, c, signer, &key.PublicKey, a.key)
	s.must(err)
	signed, err := x509.ParseCertificate(raw)
	s.must(err)
	return signed
}

// keys puts a key store with the next certificate in the place of the one before. It is
// for both roads of every server.
func (s *story) keys(a *authority) int64 {
	s.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	s.must(err)
	cert := s.sign(a, &x509.Certificate{Subject: pkix.Name{CommonName: "member"},
		IPAddresses: []net.IP{net.ParseIP(firstRoad), net.ParseIP(secondRoad),
			net.ParseIP(roadIPv6)}}, key)
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	s.must(err)
	store := append(block("PRIVATE KEY", raw), block("CERTIFICATE", cert.Raw)...)
	s.must(os.WriteFile(s.file("keys.pem.new"), store, 0o600))
	s.must(os.Rename(s.file("keys.pem.new"), s.file("keys.pem")))
	return a.issued
}

func block(kind string, raw []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: raw})
}

// pemStores are the settings for the stores.
func (s *story) pemStores() []string {
	return []string{"sslQuorum=true", "ssl.quorum.keyStore.location=" + s.file("keys.pem"),
		"ssl.quorum.trustStore.location=" + s.file("trusted.pem")}
}

// alone makes a story that needs no server of Java's.
func alone(t *testing.T) *story {
	ctx, cancel := context.WithTimeout(t.Context(), storyLimit)
	t.Cleanup(cancel)
	return &story{T: t, ctx: ctx, dir: t.TempDir()}
}

// line finds the ports of a server line.
var line = regexp.MustCompile(`(?m)^server\.(\d+)=[^:]+:(\d+):(\d+):(.*)$`)

// twoRoads gives each server its second address. What the others take for its first one is
// nobody's.
func (s *story) twoRoads(server *ensemble.Server, second string) (quorum, election string) {
	s.Helper()
	name := filepath.Join(server.Home(), "zoo.cfg")
	text, err := os.ReadFile(name)
	s.must(err)
	changed := line.ReplaceAllStringFunc(string(text), func(l string) string {
		part := line.FindStringSubmatch(l)
		road := deadRoad
		if part[1] == fmt.Sprint(server.ID) {
			road, quorum, election = firstRoad, part[2], part[3]
		}
		both := net.JoinHostPort(road, part[2]) + ":" + part[3] + "|" +
			net.JoinHostPort(second, part[2]) + ":" + part[3]
		return "server." + part[1] + "=" + both + ":" + part[4]
	})
	if strings.Count(changed, "|") != len(s.Servers) {
		s.Fatalf("zoo.cfg is\n%s", changed)
	}
	s.must(os.WriteFile(name, []byte(changed), 0o600))
	return quorum, election
}

// shown is the number of the certificate that an election port shows.
func (s *story) shown(ctx context.Context, address string) (int64, error) {
	pair, err := tls.LoadX509KeyPair(s.file("keys.pem"), s.file("keys.pem"))
	if err != nil {
		return 0, err
	}
	trusted, err := os.ReadFile(s.file("trusted.pem"))
	if err != nil {
		return 0, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(trusted)
	dialer := tls.Dialer{Config: &tls.Config{Certificates: []tls.Certificate{pair}, RootCAs: pool}}
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	secured, _ := conn.(*tls.Conn)
	return secured.ConnectionState().PeerCertificates[0].SerialNumber.Int64(), nil
}

// The plot: three servers have two addresses each, and prove who they are by TLS and by
// SASL. The first address that each knows of the others leads to nothing; they form an
// ensemble by the second one. While it works its key store is replaced. Both addresses of
// a port show the new certificate, nobody loses its leader for that, and new links, which
// the next election makes, take it.
func TestServersWithTwoAddressesRenewTheirCertificate(t *testing.T) {
	s := alone(t)
	a := s.authority()
	s.keys(a)
	s.prepare(nil, []string{"java.security.auth.login.config=" + s.logins()},
		append(s.pemStores(), saslOn...))
	ports := map[*ensemble.Server]string{}
	for _, server := range s.Servers {
		_, ports[server] = s.twoRoads(server, secondRoad)
	}
	s.must(s.Start(s.ctx))
	s.writeEverywhere("old")
	leader, err := s.Leader(s.ctx)
	s.must(err)

	renewed := s.keys(a)
	for server, port := range ports {
		for _, road := range []string{firstRoad, secondRoad} {
			address := net.JoinHostPort(road, port)
			s.must(ensemble.Until(s.ctx, fmt.Sprintf("server %d shows the new certificate at %s",
				server.ID, address), func(ctx context.Context) error {
				serial, err := s.shown(ctx, address)
				if err == nil && serial != renewed {
					err = fmt.Errorf("it shows certificate %d", serial)
				}
				return err
			}))
		}
	}
	if now, err := s.Leader(s.ctx); err != nil || now != leader {
		t.Errorf("the lead has changed: %v", err)
	}
	s.leadersOfBothKinds()
}
