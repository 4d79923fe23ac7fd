package certs

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zoo/internal/check/alloc"
)

func TestClientsShowWhatTheyMust(t *testing.T) {
	s := newSetting(t)
	ours := s.ca.issue("client", time.Time{})
	foreign := newAuthority(t, "another").issue("client", time.Time{})
	for _, c := range []struct {
		auth                   string
		without, with, strange bool
	}{
		{"need", false, true, false},
		{"want", true, true, false},
		// Nobody is asked, so nobody shows anything.
		{"none", true, true, true},
	} {
		cfg := s.cfg
		cfg.ClientAuth = c.auth
		if c.auth == "none" {
			cfg.TrustStore = Store{}
		}
		ctx, err := Open(cfg, s.log.logger())
		must(t, err)
		for plot, client := range map[string]struct {
			shows []owner
			want  bool
		}{
			"without": {nil, c.without}, "with": {[]owner{ours}, c.with},
			"strange": {[]owner{foreign}, c.strange},
		} {
			_, err := meet(t, ctx.Server(), s.ca.client(client.shows...))
			if (err == nil) != client.want {
				t.Errorf("clientAuth=%s, client %s a certificate: %v", c.auth, plot, err)
			}
		}
	}
}

func TestOldAndNewClientsFindAVersion(t *testing.T) {
	s := newSetting(t)
	s.cfg.ClientAuth = "none"
	for _, c := range []struct {
		protocol string
		enabled  []string
		old, new bool
	}{
		{"", nil, true, true},
		{"TLSv1.2", nil, true, false},
		{"TLSv1.3", nil, false, true},
		{"TLSv1.3", []string{"TLSv1.2", "SSLv2Hello"}, true, false},
		{"TLS", nil, true, true},
	} {
		s.cfg.Protocol, s.cfg.EnabledProtocols = c.protocol, c.enabled
		server := s.open().Server()
		for version, want := range map[uint16]bool{
			tls.VersionTLS12: c.old, tls.VersionTLS13: c.new,
		} {
			client := s.ca.client()
			client.MinVersion, client.MaxVersion = version, version
			state, err := meet(t, server, client)
			if (err == nil) != want || want && state.Version != version {
				t.Errorf("%+v: %s got %v", c, tls.VersionName(version), err)
			}
		}
	}
}

func TestOnlyTheChosenSuitesAreSpoken(t *testing.T) {
	s := newSetting(t)
	s.cfg.ClientAuth = "none"
	const chosen = "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"
	s.cfg.CipherSuites = []string{chosen, "TLS_AES_128_GCM_SHA256", "TLS_NO_SUCH"}
	ctx := s.open()
	client := s.ca.client()
	client.MaxVersion = tls.VersionTLS12
	state, err := meet(t, ctx.Server(), client)
	must(t, err)
	if got := tls.CipherSuiteName(state.CipherSuite); got != chosen {
		t.Errorf("spoken: %s", got)
	}
	client.CipherSuites = []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}
	if _, err := meet(t, ctx.Server(), client); err == nil {
		t.Error("another suite was spoken")
	}
	told := strings.Join(ctx.Explain(), "\n")
	for _, want := range []string{"TLS_NO_SUCH", "TLSv1.3 cannot be chosen", "CN=server"} {
		if !strings.Contains(told, want) {
			t.Errorf("%q is not told in\n%s", want, told)
		}
	}
}

// The plot: the operator names a suite of TLS 1.3 and no protocol. A client that speaks
// 1.2 at most finds no suite that nobody named.
func TestSuitesOfTheNewestProtocolLeaveTheOldOnesOut(t *testing.T) {
	s := newSetting(t)
	s.cfg.ClientAuth = "none"
	s.cfg.CipherSuites = []string{"TLS_AES_256_GCM_SHA384"}
	ctx := s.open()
	client := s.ca.client()
	state, err := meet(t, ctx.Server(), client)
	must(t, err)
	if state.Version != tls.VersionTLS13 {
		t.Errorf("spoken: %s", tls.VersionName(state.Version))
	}
	client.MaxVersion = tls.VersionTLS12
	if state, err := meet(t, ctx.Server(), client); err == nil {
		t.Errorf("spoken: %s", tls.CipherSuiteName(state.CipherSuite))
	}
}

// The plot: a client comes in, is revoked while it is connected, and comes again,
// also with what it remembers of the first time. Then the list ends.
func TestARevokedClientIsRefused(t *testing.T) {
	s := newSetting(t)
	good, bad := s.ca.issue("good", time.Time{}), s.ca.issue("bad", time.Time{})
	lists := filepath.Join(s.dir, "lists")
	must(t, os.Mkdir(lists, 0o700))
	save(t, lists, "ca.crl", s.ca.revoke(time.Now().Add(time.Hour)))
	s.cfg.CRL, s.cfg.CRLLocation = true, lists
	ctx := s.open()
	client := s.ca.client(bad)
	client.ClientSessionCache = tls.NewLRUClientSessionCache(1)
	_, err := meet(t, ctx.Server(), client)
	must(t, err)
	save(t, lists, "ca.crl", s.ca.revoke(time.Now().Add(time.Hour), bad.cert))
	ctx.Reload()
	if _, err := meet(t, ctx.Server(), client); err == nil {
		t.Error("a revoked client came in")
	}
	_, err = meet(t, ctx.Server(), s.ca.client(good))
	must(t, err)
	save(t, lists, "ca.crl", s.ca.revoke(time.Now().Add(-time.Minute)))
	ctx.Reload()
	if _, err := meet(t, ctx.Server(), s.ca.client(good)); err == nil ||
		!strings.Contains(err.Error(), errNoList.Error()) {
		t.Errorf("with a list of yesterday: %v", err)
	}
}

// The plot: the authority has its list in parts. One of them would let everybody in whom
// another one names, so it is refused with its name.
func TestAListAboutAPartOfTheCertificatesIsRefused(t *testing.T) {
	s := newSetting(t)
	s.cfg.CRL, s.cfg.CRLLocation = true, filepath.Join(s.dir, "part.crl")
	for id, want := range map[int]string{
		27: "deltaCRLIndicator", 28: "issuingDistributionPoint", 99: "2.5.29.99",
	} {
		save(t, s.dir, "part.crl", s.ca.list(&x509.RevocationList{
			NextUpdate: time.Now().Add(time.Hour),
			ExtraExtensions: []pkix.Extension{{
				Id: asn1.ObjectIdentifier{2, 5, 29, id}, Critical: true, Value: []byte{0x30, 0},
			}},
		}))
		_, err := Open(s.cfg, s.log.logger())
		if err == nil || !strings.Contains(err.Error(), want) ||
			!strings.Contains(err.Error(), "part.crl") {
			t.Errorf("got %v, want %q and the file in it", err, want)
		}
	}
}

func TestAClientComesFromWhereItsCertificateSays(t *testing.T) {
	s := newSetting(t)
	s.cfg.ClientHostnameVerification = true
	ctx := s.open()
	state, err := meet(t, ctx.Server(), s.ca.client(s.ca.issue("client", time.Time{})))
	must(t, err)
	for host, want := range map[string]bool{"127.0.0.1": true, "192.0.2.7": false} {
		address := &net.TCPAddr{IP: net.ParseIP(host), Port: 1}
		err := ctx.VerifyClientHost(t.Context(), state, address)
		if (err == nil) != want {
			t.Errorf("from %s: %v", host, err)
		}
	}
}

// The plot: the certificate is renewed under a live connection: by a new file in its
// place, then by a link as Kubernetes does it, then by a broken file.
func TestRenewedCertificatesAreUsedAtOnce(t *testing.T) {
	s := newSetting(t)
	s.cfg.ClientAuth = "none"
	for _, version := range []string{"v1", "v2"} {
		must(t, os.Mkdir(filepath.Join(s.dir, version), 0o700))
	}
	save(t, filepath.Join(s.dir, "v1"), "tls.pem", s.self.pem(t))
	data := filepath.Join(s.dir, "..data")
	must(t, os.Symlink("v1", data))
	s.cfg.KeyStore.Location = filepath.Join(s.dir, "tls.pem")
	must(t, os.Symlink(filepath.Join("..data", "tls.pem"), s.cfg.KeyStore.Location))
	ctx := s.open()
	defer watch(ctx)()

	second := s.ca.issue("second", time.Time{})
	next := save(t, s.dir, "next", second.pem(t))
	must(t, os.Rename(next, filepath.Join(s.dir, "v1", "tls.pem")))
	s.log.wait(t, "are in use")
	s.wantName(ctx, "second")

	third := s.ca.issue("third", time.Now().Add(48*time.Hour))
	save(t, filepath.Join(s.dir, "v2"), "tls.pem", third.pem(t))
	must(t, os.Symlink("v2", data+"_tmp"))
	must(t, os.Rename(data+"_tmp", data))
	s.log.wait(t, "are in use")
	s.log.wait(t, "days_left=1")
	s.wantName(ctx, "third")

	save(t, filepath.Join(s.dir, "v2"), "tls.pem", []byte("half a fi"))
	s.log.wait(t, "the old ones stay")
	s.wantName(ctx, "third")
	ctx.Reload()
	select {
	case line := <-*s.log:
		t.Errorf("the same trouble was told again: %s", line)
	default:
	}
}

// watch follows the files until the function is called that it gives.
func watch(ctx *Context) (end func()) {
	stop, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		ctx.Watch(stop)
	}()
	return func() {
		close(stop)
		<-ended
	}
}

func (s *setting) wantName(ctx *Context, name string) {
	s.t.Helper()
	client := s.ca.client()
	var got string
	client.VerifyConnection = func(state tls.ConnectionState) error {
		got = state.PeerCertificates[0].Subject.CommonName
		return nil
	}
	_, err := meet(s.t, ctx.Server(), client)
	must(s.t, err)
	if got != name {
		s.t.Errorf("served as %s, want %s", got, name)
	}
}

func TestTheEndOfACertificateIsAnnounced(t *testing.T) {
	s := newSetting(t)
	now := time.Now()
	ctx, err := open(s.cfg, serving, s.log.logger(), func() time.Time { return now })
	must(t, err)
	for _, days := range []int{29, 6, 0} {
		now = ctx.NotAfter().Add(-time.Duration(days)*day - time.Hour)
		ctx.Reload()
		ctx.Reload()
		s.log.wait(t, "ends soon")
	}
	if len(*s.log) > 0 {
		t.Errorf("warned again: %s", <-*s.log)
	}
}

func TestTheFirstBytesTellTLS(t *testing.T) {
	for _, c := range []struct {
		first string
		want  Verdict
	}{
		{"", Undecided}, {"\x16", Undecided}, {"\x16\x03", Undecided},
		{"\x16\x03\x01", TLS}, {"\x16\x03\x03", TLS}, {"\x16\x03\x09", Plain},
		{"\x00", Plain}, {"ruok", Plain}, {"\x16\x00\x00\x2d", Plain},
	} {
		if got := Detect([]byte(c.first)); got != c.want {
			t.Errorf("%q: got %v, want %v", c.first, got, c.want)
		}
	}
}

// More bytes never change a verdict, and enough bytes always give one.
func FuzzDetect(f *testing.F) {
	f.Add([]byte("\x16\x03\x01\x02\x00"))
	f.Add([]byte("\x00\x00\x00\x2d"))
	f.Fuzz(func(t *testing.T, b []byte) {
		alloc.Bounded(t, len(b), func() { Detect(b) })
		verdict := Undecided
		for n := range len(b) + 1 {
			now := Detect(b[:n])
			if verdict != Undecided && now != verdict {
				t.Fatalf("%x: %v became %v", b[:n], verdict, now)
			}
			verdict = now
		}
		if len(b) >= DetectionBytes && verdict == Undecided {
			t.Fatalf("%x decides nothing", b)
		}
	})
}

// The plot: a client without a key store meets servers. It asks for nothing but that
// they are whom it believes, and who they say.
func TestAClientNeedsOnlyWhomToBelieve(t *testing.T) {
	s := newSetting(t)
	s.cfg.ClientAuth = "none"
	stranger := newAuthority(t, "another").issue("server", time.Time{})
	elsewhere := s.cfg
	elsewhere.KeyStore.Location = save(t, s.dir, "stranger.pem", stranger.pem(t))
	jks := save(t, s.dir, "trust.jks", s.ca.jks())
	for _, c := range []struct {
		title, host, trust string
		server             Config
		check, want        bool
	}{
		{"its server", "localhost", s.cfg.TrustStore.Location, s.cfg, true, true},
		{"its server, JKS", "localhost", jks, s.cfg, true, true},
		{"another name", "example.org", s.cfg.TrustStore.Location, s.cfg, true, false},
		{"another name, unchecked", "example.org", s.cfg.TrustStore.Location, s.cfg, false, true},
		{"a stranger", "localhost", s.cfg.TrustStore.Location, elsewhere, true, false},
		{"a stranger, unchecked", "localhost", s.cfg.TrustStore.Location, elsewhere, false, false},
		{"only the machine's own trust", "localhost", "", s.cfg, true, false},
	} {
		server, err := Open(c.server, s.log.logger())
		must(t, err)
		ours, err := OpenClient(Config{Prefix: "ssl.", HostnameVerification: c.check,
			TrustStore: Store{Location: c.trust, Password: password}}, s.log.logger())
		must(t, err)
		_, err = meet(t, server.Server(), ours.Client(c.host))
		if (err == nil) != c.want {
			t.Errorf("%s: %v", c.title, err)
		}
	}
}

// The plot: keytool makes certificates without any list of names, and ZooKeeper's guide
// shows no other. Where there is a list, the common name counts for nothing.
func TestACertificateWithoutNamesIsForItsCommonName(t *testing.T) {
	ca := newAuthority(t, "ca")
	listed := func(c *x509.Certificate) *x509.Certificate {
		return sign(t, c, ca, newKey(t).Public())
	}
	bare := func(name string) *x509.Certificate {
		return listed(&x509.Certificate{Subject: pkix.Name{CommonName: name}})
	}
	other := listed(&x509.Certificate{Subject: pkix.Name{CommonName: "zoo1"},
		DNSNames: []string{"zoo2"}})
	for _, c := range []struct {
		leaf *x509.Certificate
		host string
		want bool
	}{
		{bare("zoo1"), "zoo1", true}, {bare("zoo1"), "ZOO1", true},
		{bare("zoo1"), "zoo2", false}, {bare("*.example"), "zoo1.example", true},
		{bare("10.0.0.1"), "10.0.0.1", true}, {bare("10.0.0.1"), "10.0.0.2", false},
		{bare("::1"), "::1", true}, {bare("::1"), "0:0:0:0:0:0:0:1", true},
		{bare(""), "", false}, {bare(""), "zoo1", false},
		{other, "zoo2", true}, {other, "zoo1", false},
	} {
		if err := VerifyHost(c.leaf, c.host); (err == nil) != c.want {
			t.Errorf("%s for %q: %v", c.leaf.Subject, c.host, err)
		}
	}
}
