package server

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zoo"
	"zoo/internal/config"
	"zoo/internal/core/acl"
	"zoo/internal/disk/vfs"
	"zoo/internal/net/certs"
	"zoo/internal/wire"
)

// circle is an authority and what it signs.
type circle struct {
	t    testing.TB
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	last int64
}

func newCircle(t testing.TB) *circle {
	c := &circle{t: t}
	made := c.sign("ca")
	c.cert, c.key = made.Leaf, made.PrivateKey.(*ecdsa.PrivateKey)
	return c
}

// sign makes a certificate; the first one signs itself.
func (c *circle) sign(name string) tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		c.t.Fatal(err)
	}
	c.last++
	made := &x509.Certificate{
		SerialNumber: big.NewInt(c.last), NotAfter: time.Now().Add(time.Hour),
		NotBefore: time.Now().Add(-time.Hour), BasicConstraintsValid: true, IsCA: c.cert == nil,
		Subject:     pkix.Name{CommonName: name, Organization: []string{"Example"}},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	issuer, signer := c.cert, c.key
	if issuer == nil {
		issuer, signer = made, key
	}
	der, err := x509.CreateCertificate(rand.Reader, made, issuer, key.Public(), signer)
	if err != nil {
		c.t.Fatal(err)
	}
	if made, err = x509.ParseCertificate(der); err != nil {
		c.t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: made}
}

// save writes a certificate, with its key if there is one.
func (c *circle) save(dir, name string, cert tls.Certificate) string {
	var b bytes.Buffer
	_ = pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate[0]})
	if cert.PrivateKey != nil {
		der, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
		if err != nil {
			c.t.Fatal(err)
		}
		_ = pem.Encode(&b, &pem.Block{Type: "PRIVATE KEY", Bytes: der})
	}
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		c.t.Fatal(err)
	}
	return path
}

// guarded is a server under test that speaks TLS.
type guarded struct {
	*running
	*circle
	// secured is the address of the port that speaks nothing else.
	secured string
}

// startSecure runs a server whose plain port speaks TLS as well.
func startSecure(t testing.TB, change func(cfg *Config)) *guarded {
	t.Helper()
	ca, dir, disk := newCircle(t), t.TempDir(), vfs.NewMem()
	cfg := standaloneConfig(disk)
	cfg.Rules.Providers = acl.ProvidersDefault | acl.ProviderX509
	cfg.Rules.X509SuperUser = "O=Example,CN=root"
	cfg.Secure = &SecureConfig{
		Listen: []string{"127.0.0.1:0"}, Unified: true,
		Certs: certs.Config{Prefix: "ssl.",
			KeyStore: certs.Store{Location: ca.save(dir, "server.pem", ca.sign("server"))},
			TrustStore: certs.Store{Location: ca.save(dir, "ca.pem",
				tls.Certificate{Certificate: [][]byte{ca.cert.Raw}})},
		},
	}
	change(&cfg)
	r := start(t, disk, cfg)
	addresses, err := r.Addresses(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return &guarded{running: r, circle: ca, secured: addresses[1].String()}
}

func asIs(*Config) {}

// secure dials under TLS with a certificate of that name, or without.
func (g *guarded) secure(address string, names ...string) *client {
	g.running.t.Helper()
	var shows []tls.Certificate
	for _, name := range names {
		shows = append(shows, g.sign(name))
	}
	return g.show(address, shows)
}

// show dials under TLS with certificates.
func (g *guarded) show(address string, shows []tls.Certificate) *client {
	g.running.t.Helper()
	cfg := &tls.Config{RootCAs: x509.NewCertPool(), ServerName: "127.0.0.1"}
	cfg.RootCAs.AddCert(g.cert)
	// It shows what it has, whomever the server says that it believes.
	cfg.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		if len(shows) == 0 {
			return &tls.Certificate{}, nil
		}
		return &shows[0], nil
	}
	nc := dialTCP(g.running.t, address)
	return &client{t: g.running.t, nc: tls.Client(nc, cfg)}
}

// The plot: ann and the super user come with certificates, bob with his own, and
// somebody through the plain port.
func TestACertificateOpensWhatItsNameMayOpen(t *testing.T) {
	g := startSecure(t, asIs)
	ann := g.secure(g.secured, "ann")
	ann.handshake(newSession())
	hers := create("/hers", "secret")
	hers.ACL = []zoo.ACL{{Perms: zoo.PermAll, ID: zoo.ID{Scheme: "auth"}}}
	ann.call(1, wire.OpCreate, hers, zoo.CodeOK)
	m := ann.call(2, wire.OpGetACL, &wire.GetACLRequest{Path: "/hers"}, zoo.CodeOK)
	want := zoo.ID{Scheme: "x509", ID: "CN=ann,O=Example"}
	if list := wire.DecodeACL(&m.body); len(list) != 1 || list[0].ID != want {
		t.Errorf("the list is %v, want %v", list, want)
	}
	ann.call(wire.XidAuth, wire.OpAuth, &wire.AuthPacket{Scheme: "x509"}, zoo.CodeOK)
	get := &wire.GetDataRequest{Path: "/hers"}
	for name, code := range map[string]zoo.Code{
		"ann": zoo.CodeOK, "bob": zoo.CodeNoAuth, "root": zoo.CodeNoAuth,
	} {
		// The same port as the plain one's.
		c := g.secure(g.address, name)
		c.handshake(newSession())
		c.call(1, wire.OpGetData, get, code)
	}
	plain := g.connect()
	plain.call(1, wire.OpGetData, get, zoo.CodeNoAuth)
	plain.call(wire.XidAuth, wire.OpAuth, &wire.AuthPacket{Scheme: "x509"}, zoo.CodeAuthFailed)
	plain.ended()
}

func TestTheSuperUserMayShowACertificate(t *testing.T) {
	g := startSecure(t, func(cfg *Config) { cfg.Rules.X509SuperUser = "CN=root,O=Example" })
	ann := g.secure(g.secured, "ann")
	ann.handshake(newSession())
	hers := create("/hers", "secret")
	hers.ACL = []zoo.ACL{{Perms: zoo.PermAll, ID: zoo.ID{Scheme: "x509", ID: "CN=ann"}}}
	ann.call(1, wire.OpCreate, hers, zoo.CodeOK)
	get := &wire.GetDataRequest{Path: "/hers"}
	ann.call(2, wire.OpGetData, get, zoo.CodeNoAuth)
	root := g.secure(g.secured, "root")
	root.handshake(newSession())
	root.call(1, wire.OpGetData, get, zoo.CodeOK)
}

// The plot: without a certificate, with a foreign one, and in plain text. Each is
// counted, and none disturbs the next.
func TestWhoShowsNoGoodCertificateIsNotLetIn(t *testing.T) {
	g := startSecure(t, asIs)
	foreign := []tls.Certificate{newCircle(t).sign("ann")}
	for _, c := range []*client{g.secure(g.secured), g.show(g.secured, foreign),
		{t: t, nc: dialTCP(t, g.secured)}} {
		_, _ = c.nc.Write(frameOf(newSession().AppendTo(nil)))
		if _, err := io.ReadFull(c.nc, make([]byte, 8)); err == nil {
			t.Error("it was let in")
		}
		// The server counts before it closes.
		_, _ = io.Copy(io.Discard, below(c.nc))
	}
	ann := g.secure(g.secured, "ann")
	ann.handshake(newSession())
	if n := g.meters.tls.unsuccessful.Count(); n != 3 {
		t.Errorf("%d handshakes failed, want 3", n)
	}
	g.refused(refusedTLS)
	g.refused(refusedCertificate)
	if n := g.meters.auth.failed.Count(); n != 2 {
		t.Errorf("%d did not prove who they are, want 2", n)
	}
}

// The plot: a certificate is good, but its name is longer than all identities together
// may be.
func TestACertificatesNameIsBoundedLikeEveryIdentity(t *testing.T) {
	g := startSecure(t, asIs)
	c := g.secure(g.secured, strings.Repeat("u", idBytesPerConnMax))
	_, _ = c.nc.Write(frameOf(newSession().AppendTo(nil)))
	if _, err := io.ReadFull(c.nc, make([]byte, 8)); err == nil {
		t.Error("it was let in")
	}
	g.refused(refusedCertificate)
}

// below is the connection under TLS.
func below(nc net.Conn) net.Conn {
	if secured, ok := nc.(*tls.Conn); ok {
		return secured.NetConn()
	}
	return nc
}

func dialTCP(t testing.TB, address string) net.Conn {
	nc, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	_ = nc.SetDeadline(time.Now().Add(patience))
	return nc
}

// With want and with none a client need not have a certificate; then it is only
// known by its address.
func TestACertificateMayBeLeftOut(t *testing.T) {
	for _, auth := range []string{"want", "none"} {
		g := startSecure(t, func(cfg *Config) { cfg.Secure.Certs.ClientAuth = auth })
		c := g.secure(g.secured)
		c.handshake(newSession())
		mine := create("/mine", "")
		mine.ACL = []zoo.ACL{{Perms: zoo.PermAll, ID: zoo.ID{Scheme: "auth"}}}
		c.call(1, wire.OpCreate, mine, zoo.CodeInvalidACL)
		mine.ACL[0].ID = acl.IPID("127.0.0.1")
		c.call(2, wire.OpCreate, mine, zoo.CodeOK)
	}
}

// The plot: an operator asks the secure port, with no more than the server's settings:
// its key store shows who asks, and its trust store whom to believe.
func TestAServersOwnSettingsReachIt(t *testing.T) {
	g := startSecure(t, asIs)
	stores := &g.Server.cfg.Secure.Certs
	settings := &config.Config{SecureListen: g.secured, TLS: config.TLS{
		KeyStore: config.KeyStore(stores.KeyStore), TrustStore: config.KeyStore(stores.TrustStore),
	}}
	lines, err := ExplainTLS(settings)
	if err != nil || len(lines) == 0 || !strings.Contains(lines[0], "CN=server") {
		t.Errorf("explained as %q, %v", lines, err)
	}
	trust, err := ClientTLS(settings, "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	c := &client{t: t, nc: tls.Client(dialTCP(t, g.secured), trust)}
	c.write([]byte("ruok"))
	if got, err := io.ReadAll(c.nc); err != nil || string(got) != "imok" {
		t.Errorf("got %q, %v", got, err)
	}
	settings.TLS.TrustStore.Location = ""
	if _, err := ExplainTLS(settings); err == nil {
		t.Error("a port that asks for certificates and trusts nobody is explained")
	}
	if trust, err := ClientTLS(&config.Config{}, "x"); trust != nil || err != nil {
		t.Errorf("without TLS: %v, %v", trust, err)
	}
}

func TestFourLetterWordsWorkOnEveryPort(t *testing.T) {
	g := startSecure(t, asIs)
	for plot, c := range map[string]*client{
		"secure port": g.secure(g.secured, "ann"), "unified port, TLS": g.secure(g.address, "ann"),
		"unified port, plain": g.dial(),
	} {
		c.write([]byte("ruok"))
		if got, err := io.ReadAll(c.nc); err != nil || string(got) != "imok" {
			t.Errorf("%s: got %q, %v", plot, got, err)
		}
	}
}

// The plot: one handshake is allowed at a time and one is under way, so the next
// client is turned away; when the first has ended the next is served.
func TestHandshakesUnderWayAreBounded(t *testing.T) {
	g := startSecure(t, func(cfg *Config) { cfg.Secure.HandshakesMax = 1 })
	g.Server.secure.outstanding.Add(1)
	if err := g.secure(g.secured, "ann").nc.(*tls.Conn).Handshake(); err == nil {
		t.Error("a second handshake was made")
	}
	if n := g.meters.tls.exceeded.Count(); n != 1 {
		t.Errorf("%d were turned away, want 1", n)
	}
	g.Server.secure.outstanding.Add(-1)
	g.secure(g.secured, "ann").handshake(newSession())
}

// The plot: a client under TLS asks for far more than its socket takes and does not
// read. Others are served meanwhile, and it finds all of it in order afterwards.
func TestASlowClientUnderTLSStopsNobody(t *testing.T) {
	g := startSecure(t, asIs)
	slow := g.secure(g.secured, "slow")
	slow.handshake(newSession())
	slow.create("/big", string(bytes.Repeat([]byte("x"), 500_000)))
	const answers = 100
	ended := make(chan error, 1)
	go func() {
		var b []byte
		for xid := range int32(answers) {
			b = append(b, request(xid+10, wire.OpGetData, &wire.GetDataRequest{Path: "/big"})...)
			b = append(b, request(xid+10_000, wire.OpSetData,
				&wire.SetDataRequest{Path: "/big", Data: make([]byte, 500), Version: 77})...)
		}
		_, err := slow.nc.Write(b)
		ended <- err
	}()
	other := g.secure(g.secured, "other")
	other.handshake(newSession())
	for xid := range int32(50) {
		other.call(xid+1, wire.OpExists, &wire.ExistsRequest{Path: "/big"}, zoo.CodeOK)
	}
	for xid := range int32(answers) {
		slow.reply(xid+10, zoo.CodeOK)
		slow.reply(xid+10_000, zoo.CodeBadVersion)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
