package certs

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	keystore "github.com/pavlo-v-chernykh/keystore-go/v4"
	"github.com/youmark/pkcs8"
	"software.sslmate.com/src/go-pkcs12"
)

// patience is how long a test waits for what must come.
const patience = 10 * time.Second

const password = "changeit"

// authority signs certificates.
type authority struct {
	t    testing.TB
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	last int64
}

// owner is a certificate with its key.
type owner struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t testing.TB, name string) *authority {
	a := &authority{t: t, key: newKey(t)}
	a.cert = sign(t, &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}, &authority{key: a.key}, a.key.Public())
	return a
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	return key
}

// sign makes a certificate; an issuer without a certificate signs itself.
func sign(t testing.TB, c *x509.Certificate, by *authority,
	key crypto.PublicKey) *x509.Certificate {
	by.last++
	c.SerialNumber = big.NewInt(by.last)
	c.NotBefore = time.Now().Add(-time.Hour)
	if c.NotAfter.IsZero() {
		c.NotAfter = time.Now().Add(365 * day)
	}
	issuer := by.cert
	if issuer == nil {
		issuer = c
	}
	der, err := x509.CreateCertificate(rand.Reader, c, issuer, key, by.key)
	must(t, err)
	cert, err := x509.ParseCertificate(der)
	must(t, err)
	return cert
}

// issue makes a certificate for a name and this machine.
func (a *authority) issue(name string, notAfter time.Time) owner {
	key := newKey(a.t)
	return owner{key: key, cert: sign(a.t, &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, NotAfter: notAfter,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"},
		KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{
			x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}, a, key.Public())}
}

// revoke is a list with the certificates.
func (a *authority) revoke(until time.Time, certs ...*x509.Certificate) []byte {
	return a.list(&x509.RevocationList{NextUpdate: until}, certs...)
}

// list signs a list with the certificates.
func (a *authority) list(list *x509.RevocationList, certs ...*x509.Certificate) []byte {
	list.Number, list.ThisUpdate = big.NewInt(1), time.Now().Add(-time.Hour)
	for _, cert := range certs {
		list.RevokedCertificateEntries = append(list.RevokedCertificateEntries,
			x509.RevocationListEntry{SerialNumber: cert.SerialNumber, RevocationTime: time.Now()})
	}
	der, err := x509.CreateRevocationList(rand.Reader, list, a.cert, a.key)
	must(a.t, err)
	return pem.EncodeToMemory(&pem.Block{Type: crlBlock, Bytes: der})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func certPEM(cert *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})
}

// pem is a key store.
func (o owner) pem(t testing.TB) []byte {
	der, err := x509.MarshalPKCS8PrivateKey(o.key)
	must(t, err)
	key := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	return append(key, certPEM(o.cert)...)
}

// encryptedPEM is one with a password, as openssl pkcs8 -topk8 makes it.
func (o owner) encryptedPEM(t testing.TB) []byte {
	der, err := pkcs8.MarshalPrivateKey(o.key, []byte(password), nil)
	must(t, err)
	key := pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: der})
	return append(certPEM(o.cert), key...)
}

func (o owner) pkcs12(t testing.TB, a *authority) []byte {
	b, err := pkcs12.Modern.WithIterations(1000).Encode(o.key, o.cert,
		[]*x509.Certificate{a.cert}, password)
	must(t, err)
	return b
}

func (o owner) jks(t testing.TB) []byte {
	der, err := x509.MarshalPKCS8PrivateKey(o.key)
	must(t, err)
	store := keystore.New()
	must(t, store.SetPrivateKeyEntry("server", keystore.PrivateKeyEntry{
		CreationTime: time.Now(), PrivateKey: der,
		CertificateChain: []keystore.Certificate{{Type: "X509", Content: o.cert.Raw}},
	}, []byte(password)))
	return storeBytes(t, store)
}

func (a *authority) jks() []byte {
	store := keystore.New()
	must(a.t, store.SetTrustedCertificateEntry("ca", keystore.TrustedCertificateEntry{
		CreationTime: time.Now(),
		Certificate:  keystore.Certificate{Type: "X509", Content: a.cert.Raw},
	}))
	return storeBytes(a.t, store)
}

func (a *authority) pkcs12() []byte {
	b, err := pkcs12.Modern.WithIterations(1000).EncodeTrustStore(
		[]*x509.Certificate{a.cert}, password)
	must(a.t, err)
	return b
}

func storeBytes(t testing.TB, store keystore.KeyStore) []byte {
	var b bytes.Buffer
	must(t, store.Store(&b, []byte(password)))
	return b.Bytes()
}

// save writes a file of the test.
func save(t testing.TB, dir, name string, b []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	must(t, os.WriteFile(path, b, 0o600))
	return path
}

// setting is a server with its authority, in files.
type setting struct {
	t    testing.TB
	dir  string
	ca   *authority
	self owner
	cfg  Config
	log  *lines
}

func newSetting(t testing.TB) *setting {
	s := &setting{t: t, dir: t.TempDir(), ca: newAuthority(t, "ca"), log: newLines()}
	s.self = s.ca.issue("server", time.Time{})
	s.cfg = Config{Prefix: "ssl.", HostnameVerification: true,
		KeyStore:   Store{Location: save(t, s.dir, "server.pem", s.self.pem(t))},
		TrustStore: Store{Location: save(t, s.dir, "ca.pem", certPEM(s.ca.cert))},
	}
	return s
}

func (s *setting) open() *Context {
	s.t.Helper()
	c, err := Open(s.cfg, s.log.logger())
	must(s.t, err)
	return c
}

// lines are what was logged, one for each write.
type lines chan string

func newLines() *lines {
	l := make(lines, 100)
	return &l
}

func (l *lines) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

func (l *lines) Write(b []byte) (int, error) {
	*l <- string(b)
	return len(b), nil
}

// wait gives the next line, which has to contain the words.
func (l *lines) wait(t testing.TB, words string) string {
	t.Helper()
	select {
	case line := <-*l:
		if !strings.Contains(line, words) {
			t.Fatalf("logged %s, want %q", line, words)
		}
		return line
	case <-time.After(patience):
		t.Fatalf("nothing was logged, want %q", words)
	}
	return ""
}

// meet lets a client and a server shake hands and say a word to each other.
func meet(t testing.TB, server, client *tls.Config) (shown tls.ConnectionState, err error) {
	t.Helper()
	here, there := connected(t)
	deadline := time.Now().Add(patience)
	must(t, here.SetDeadline(deadline))
	must(t, there.SetDeadline(deadline))
	ended := make(chan error, 1)
	go func() {
		defer there.Close()
		nc := tls.Client(there, client)
		_, err := io.ReadFull(nc, make([]byte, 2))
		ended <- err
	}()
	nc := tls.Server(here, server)
	if err = nc.Handshake(); err == nil {
		_, err = nc.Write([]byte("ok"))
	}
	here.Close()
	if theirs := <-ended; err == nil {
		err = theirs
	}
	return nc.ConnectionState(), err
}

// connected is a connection, whose buffers let both sides speak at once.
func connected(t testing.TB) (here, there net.Conn) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer listener.Close()
	there, err = net.Dial("tcp", listener.Addr().String())
	must(t, err)
	here, err = listener.Accept()
	must(t, err)
	return here, there
}

// client is a foreign client with a certificate, or without.
func (a *authority) client(shows ...owner) *tls.Config {
	cfg := &tls.Config{ServerName: "localhost", RootCAs: x509.NewCertPool()}
	cfg.RootCAs.AddCert(a.cert)
	for _, o := range shows {
		cfg.Certificates = append(cfg.Certificates,
			tls.Certificate{Certificate: [][]byte{o.cert.Raw}, PrivateKey: o.key})
	}
	// It shows what it has, whoever the server says it believes.
	cfg.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		if len(cfg.Certificates) == 0 {
			return &tls.Certificate{}, nil
		}
		return &cfg.Certificates[0], nil
	}
	return cfg
}
