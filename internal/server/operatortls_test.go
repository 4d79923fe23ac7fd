package server

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"

	"zoo"
	"zoo/internal/core/acl"
	"zoo/internal/disk/vfs"
	"zoo/internal/net/certs"
	"zoo/internal/ops/admin"
	"zoo/internal/wire"
)

// sealedPort is a server whose admin port speaks TLS.
type sealedPort struct {
	*running
	*circle
	dir  string
	said *diary
}

// startSealed starts a server with certificates of an authority of its own; change may say
// otherwise.
func startSealed(t *testing.T, change func(*admin.Config)) *sealedPort {
	t.Helper()
	p := &sealedPort{circle: newCircle(t), dir: t.TempDir()}
	cfg := admin.Config{Listen: "127.0.0.1:0", TLS: &admin.TLS{Certs: certs.Config{
		Prefix:   "ssl.quorum.",
		KeyStore: certs.Store{Location: p.save(p.dir, "server.pem", p.sign("server"))},
		TrustStore: certs.Store{Location: p.save(p.dir, "ca.pem",
			tls.Certificate{Certificate: [][]byte{p.cert.Raw}})},
	}}}
	change(&cfg)
	disk, said := vfs.NewMem(), &diary{}
	all := standaloneConfig(disk)
	all.Admin, all.Rules.Providers = cfg, acl.ProvidersDefault|acl.ProviderX509
	p.running, p.said = startLogging(t, disk, all, slog.New(slog.NewTextHandler(said, nil))), said
	if err := p.running.WaitServing(t.Context()); err != nil { // its port is open before
		t.Fatal(err)
	}
	return p
}

// dialling is how a client with a certificate, or none, speaks TLS.
func (c *circle) dialling(own *tls.Certificate) *tls.Config {
	cfg := &tls.Config{RootCAs: x509.NewCertPool()}
	cfg.RootCAs.AddCert(c.cert)
	// It shows what it has, whomever the server says that it believes.
	cfg.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		if own == nil {
			return &tls.Certificate{}, nil
		}
		return own, nil
	}
	return cfg
}

// fetch asks a port for a path, in a connection of its own.
func fetch(t *testing.T, url string, cfg *tls.Config, header ...string) (reply, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	client := http.Client{Transport: &http.Transport{TLSClientConfig: cfg,
		DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		return reply{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return reply{response.StatusCode, response.Header, body}, err
}

// as asks as somebody with a certificate of this name, or without for "".
func (p *sealedPort) as(name, path string, header ...string) reply {
	p.running.t.Helper()
	var own *tls.Certificate
	if name != "" {
		made := p.sign(name)
		own = &made
	}
	got, err := fetch(p.running.t.(*testing.T), "https://"+p.operators.String()+path,
		p.dialling(own), header...)
	if err != nil {
		p.running.t.Fatalf("%s as %q: %v", path, name, err)
	}
	return got
}

// refuses wants that a client does not come through the handshake.
func (p *sealedPort) refuses(cfg *tls.Config) {
	p.running.t.Helper()
	got, err := fetch(p.running.t.(*testing.T), "https://"+p.operators.String()+"/livez", cfg)
	if err == nil {
		p.running.t.Errorf("it was answered: %d %s", got.status, got.body)
	}
}

// The plot: the keys are a token, ann's certificate and one for metrics. bob's is good and no
// key; another ann has hers of somebody else. Probes and the token need no certificate.
func TestACertificateIsAKeyByItsSubject(t *testing.T) {
	p := startSealed(t, func(cfg *admin.Config) {
		cfg.KeysFile = keysFile(t, "token "+tokenText+"\ncertificate CN=ann,O=Example\n"+
			"metrics certificate CN=prometheus,O=Example\n")
	})
	for _, c := range []struct {
		name, path, auth string
		want             int
	}{
		{"", "/readyz", "", 200}, {"", "/commands/ruok", "", 401},
		{"", "/commands/ruok", byToken, 200}, {"", "/commands/ruok", byUser, 401},
		{"ann", "/commands/ruok", "", 200}, {"ann", "/metrics", "", 200},
		{"ann", "/commands/snapshot", "", 200}, {"ann", "/debug/pprof/", byUser, 200},
		{"bob", "/commands/ruok", "", 401}, {"bob", "/commands/ruok", byToken, 200},
		{"bob", "/livez", "", 200},
		{"prometheus", "/metrics", "", 200}, {"prometheus", "/commands/ruok", "", 403},
		{"prometheus", "/commands/ruok", byToken, 200},
	} {
		got := p.as(c.name, c.path, "Authorization", c.auth)
		if got.status != c.want {
			t.Errorf("%s as %q, %q: %d %.200s", c.path, c.name, c.auth, got.status, got.body)
		}
		if c.name == "bob" && c.want == 401 && !strings.Contains(string(got.body), "CN=bob,O=Ex") {
			t.Errorf("bob is not told which subject is missing: %s", got.body)
		}
	}
	other := newCircle(t).sign("ann")
	p.refuses(p.dialling(&other))
	p.refused(refusedOperatorCertificate)
	if n := p.meters.tls.unsuccessful.Count(); n != 1 {
		t.Errorf("%d handshakes failed, want 1", n)
	}
}

// The plot: a port speaks HTTPS alone, and another both. Somebody comes with plain HTTP, and
// is told where to go, or answered and counted.
func TestPlainHTTPIsAnsweredWhereItIsMeantToBe(t *testing.T) {
	for _, unified := range []bool{false, true} {
		p := startSealed(t, func(cfg *admin.Config) { cfg.TLS.Unified = unified })
		got, err := fetch(t, "http://"+p.operators.String()+"/commands/ruok", nil)
		if err != nil {
			t.Fatal(err)
		}
		want, plain := 400, 0.0
		if unified {
			want, plain = 200, 1
		} else {
			p.refused(refusedOperator)
		}
		if got.status != want || !unified && !strings.Contains(string(got.body), "https://") {
			t.Errorf("plain, unified %v: %d %s", unified, got.status, got.body)
		}
		if got := p.as("", "/commands/ruok"); got.status != 200 {
			t.Errorf("under TLS, unified %v: %d %s", unified, got.status, got.body)
		}
		monitor := p.as("", "/commands/monitor").fields(t, 200)
		if n, _ := monitor["insecure_admin_count"].(float64); n != plain {
			t.Errorf("%v plain connections are counted, want %v", n, plain)
		}
	}
}

// The plot: each client must have a certificate, and there are no keys: any good one opens
// the port, as in Java, and what shows data wants all permissions at the root for it.
func TestWhereEachMustHaveACertificateTheRootsACLDecides(t *testing.T) {
	p := startSealed(t, func(cfg *admin.Config) { cfg.TLS.Certs.ClientAuth = "need" })
	p.refuses(p.dialling(nil))
	p.refused(refusedOperatorCertificate)
	c := p.connect()
	c.call(1, wire.OpSetACL, &wire.SetACLRequest{Path: "/", Version: -1, ACL: []zoo.ACL{
		{Perms: zoo.PermAll, ID: zoo.ID{Scheme: "x509", ID: "CN=ann,O=Example"}}}}, zoo.CodeOK)
	for _, c := range []struct {
		name, path, auth string
		want             int
	}{
		{"bob", "/commands/ruok", "", 200}, {"bob", "/livez", "", 200},
		{"bob", "/commands/top_memory", "", 403}, {"bob", "/commands/top_memory", "x509", 403},
		{"bob", "/commands/top_memory", anyone, 403},
		{"ann", "/commands/top_memory", "", 200}, {"ann", "/commands/top_memory", "x509", 200},
		{"ann", "/commands/top_memory", anyone, 403},
	} {
		if got := p.as(c.name, c.path, "Authorization", c.auth); got.status != c.want {
			t.Errorf("%s as %q, %q: %d %s", c.path, c.name, c.auth, got.status, got.body)
		}
	}
}

func TestTheVersionsOfTLSAreThoseOfTheSettings(t *testing.T) {
	for _, c := range []struct {
		enabled []string
		open    map[uint16]bool
	}{
		{nil, map[uint16]bool{tls.VersionTLS12: true, tls.VersionTLS13: true}},
		{[]string{"TLSv1.2"}, map[uint16]bool{tls.VersionTLS12: true, tls.VersionTLS13: false}},
		{[]string{"TLSv1.3"}, map[uint16]bool{tls.VersionTLS12: false, tls.VersionTLS13: true}},
	} {
		p := startSealed(t, func(cfg *admin.Config) { cfg.TLS.Certs.EnabledProtocols = c.enabled })
		for version, want := range c.open {
			cfg := p.dialling(nil)
			cfg.MinVersion, cfg.MaxVersion = version, version
			_, err := fetch(t, "https://"+p.operators.String()+"/livez", cfg)
			if (err == nil) != want {
				t.Errorf("%v, %s: %v", c.enabled, tls.VersionName(version), err)
			}
		}
	}
}

// The plot: the file of the server's certificate is written anew. New connections are shown
// the new one, and the one that was open goes on.
func TestARenewedCertificateIsShownToOperatorsWithoutARestart(t *testing.T) {
	p := startSealed(t, func(*admin.Config) {})
	shown := func() string {
		nc, err := tls.Dial("tcp", p.operators.String(), p.dialling(nil))
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		return nc.ConnectionState().PeerCertificates[0].Subject.CommonName
	}
	if got := shown(); got != "server" {
		t.Fatalf("it shows %s", got)
	}
	client := http.Client{Transport: &http.Transport{TLSClientConfig: p.dialling(nil)}}
	defer client.CloseIdleConnections()
	ask := func() (names []string) {
		response, err := client.Get("https://" + p.operators.String() + "/livez")
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
		return []string{response.TLS.PeerCertificates[0].Subject.CommonName, response.Status}
	}
	ask()
	p.save(p.dir, "server.pem", p.sign("renewed"))
	until(t, func() bool { return shown() == "renewed" })
	if got := ask(); got[0] != "server" || got[1] != "200 OK" {
		t.Errorf("the open connection: %v", got)
	}
}

// The plot: settings under which HTTPS cannot be spoken. The port stays closed, the log says
// what is wrong, and the server serves its clients.
func TestAnAdminPortThatCannotSpeakTLSStaysClosedAndTheServerRuns(t *testing.T) {
	for want, change := range map[string]func(*admin.Config){
		"ssl.quorum.keyStore.location: is missing": func(cfg *admin.Config) {
			cfg.TLS.Certs.KeyStore.Location = ""
		},
		"ssl.quorum.trustStore.location: is missing": func(cfg *admin.Config) {
			cfg.TLS.Certs.TrustStore.Location, cfg.TLS.Certs.ClientAuth = "", "need"
		},
		"server.pemx": func(cfg *admin.Config) { cfg.TLS.Certs.KeyStore.Location += "x" },
		"TLSv1.3": func(cfg *admin.Config) {
			cfg.TLS.Certs.EnabledProtocols = []string{"SSLv3"}
		},
	} {
		p := startSealed(t, change)
		p.connect().create("/a", "")
		if p.operators != nil {
			t.Errorf("%s: it listens", want)
		}
		for _, text := range []string{"no admin server", want, "zoo config explain"} {
			if !strings.Contains(p.said.String(), text) {
				t.Errorf("the log does not tell %q", text)
			}
		}
	}
}

// A trust store is needed for those alone who may show a certificate.
func TestWithoutATrustStoreNobodyIsAskedForACertificate(t *testing.T) {
	p := startSealed(t, func(cfg *admin.Config) { cfg.TLS.Certs.TrustStore.Location = "" })
	other := newCircle(t).sign("ann")
	cfg := p.dialling(&other)
	if got, err := fetch(t, "https://"+p.operators.String()+"/commands/ruok", cfg); err != nil ||
		got.status != 200 {
		t.Errorf("%d, %v", got.status, err)
	}
}

// The plot: more connections say nothing than may be open. The oldest goes, and who speaks
// is answered.
func TestSilentConnectionsDoNotKeepOperatorsOut(t *testing.T) {
	p := startSealed(t, func(*admin.Config) {})
	var silent []net.Conn
	for range 65 {
		silent = append(silent, dialTCP(t, p.operators.String()))
	}
	if _, err := silent[0].Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("the oldest: %v", err)
	}
	if got := p.as("", "/livez"); got.status != 200 {
		t.Errorf("got %d", got.status)
	}
}

// The plot: metrics are told on a port for HTTPS, on one for HTTP, and on one for both.
// The first two ask for a certificate of whoever comes under TLS.
func TestMetricsAreToldUnderTLS(t *testing.T) {
	c, dir, disk, said := newCircle(t), t.TempDir(), vfs.NewMem(), &diary{}
	secured := certs.Config{Prefix: "metricsProvider.ssl.", ClientAuth: "need",
		KeyStore: certs.Store{Location: c.save(dir, "server.pem", c.sign("server"))},
		TrustStore: certs.Store{Location: c.save(dir, "ca.pem",
			tls.Certificate{Certificate: [][]byte{c.cert.Raw}})}}
	cfg := standaloneConfig(disk)
	port := admin.Config{Listen: "127.0.0.1:0", MetricsOnly: true}
	only, both := port, port
	only.TLS, both.TLS = &admin.TLS{Certs: secured}, &admin.TLS{Certs: secured, Unified: true}
	cfg.Scraped = []admin.Config{port, only, both}
	r := startLogging(t, disk, cfg, slog.New(slog.NewTextHandler(said, nil)))
	own := c.sign("prometheus")
	for i, want := range []struct{ plain, certain, bare bool }{
		{plain: true}, {certain: true}, {plain: true, certain: true}} {
		at := r.metricsAt[i].String()
		got, err := fetch(t, "http://"+at+"/metrics", nil)
		if (err == nil && got.status == 200) != want.plain {
			t.Errorf("port %d, plain: %d %v", i, got.status, err)
		}
		got, err = fetch(t, "https://"+at+"/metrics", c.dialling(&own))
		if (err == nil && got.status == 200) != want.certain {
			t.Errorf("port %d, with a certificate: %d %v", i, got.status, err)
		}
		if got, err = fetch(t, "https://"+at+"/metrics", c.dialling(nil)); err == nil {
			t.Errorf("port %d, without a certificate: %d", i, got.status)
		}
	}
}

// The plot: settings as people write them. Each gives the TLS that ZooKeeper says it gives.
func TestSettingsOfTLSForOperatorsAreZooKeepers(t *testing.T) {
	const stores = "ssl.quorum.keyStore.location=/k.pem\n" +
		"ssl.quorum.trustStore.location=/t.pem\nssl.quorum.enabledProtocols=TLSv1.3\n"
	for _, c := range []struct {
		text     string
		on, both bool
		asks     string
	}{
		{text: stores},
		{text: stores + "admin.needClientAuth=true\n"},
		{text: stores + "admin.portUnification=true\n", on: true, both: true},
		{text: stores + "admin.forceHttps=true\n", on: true},
		{text: stores + "admin.forceHttps=true\nadmin.portUnification=true\n" +
			"admin.needClientAuth=true\n", on: true, asks: "need"},
		{text: stores + "admin.forceHttps=true\nadmin.enableServer=false\n"},
	} {
		got := adminTLS(loadText(t, "dataDir="+t.TempDir()+"\nclientPort=2181\n"+c.text))
		if (got != nil) != c.on {
			t.Errorf("%s: %+v", c.text, got)
			continue
		}
		if got != nil && (got.Unified != c.both || got.Certs.ClientAuth != c.asks ||
			got.Certs.KeyStore.Location != "/k.pem" ||
			got.Certs.EnabledProtocols[0] != "TLSv1.3") {
			t.Errorf("%s: %+v", c.text, got)
		}
	}
}

// The plot: ports of the metrics as people write them. Each is the port that ZooKeeper says.
func TestPortsOfTheMetricsAreZooKeepers(t *testing.T) {
	const need, want = "metricsProvider.ssl.need.client.auth=false\n",
		"metricsProvider.ssl.want.client.auth=false\n"
	for _, c := range []struct{ text, want string }{
		{"", ":7000 http"},
		{"metricsProvider.httpsPort=4443\n", ":4443 https need"},
		{"metricsProvider.httpPort=7001\nmetricsProvider.httpsPort=4443\n",
			":7001 http :4443 https need"},
		{"metricsProvider.httpPort=7001\nmetricsProvider.httpsPort=7001\n" + need,
			":7001 both want"},
		{"metricsProvider.httpsPort=4443\n" + need + want, ":4443 https none"},
		{"metricsProvider.httpPort=-1\n", ""},
	} {
		var got []string
		for _, port := range scraped(loadText(t, "dataDir="+t.TempDir()+"\nclientPort=2181\n"+
			"metricsProvider.className=org.apache.zookeeper.metrics.prometheus."+
			"PrometheusMetricsProvider\n"+c.text)) {
			switch {
			case port.TLS == nil:
				got = append(got, port.Listen, "http")
			case port.TLS.Unified:
				got = append(got, port.Listen, "both", port.TLS.Certs.ClientAuth)
			default:
				got = append(got, port.Listen, "https", port.TLS.Certs.ClientAuth)
			}
		}
		if text := strings.Join(got, " "); text != c.want {
			t.Errorf("%s: %s, want %s", c.text, text, c.want)
		}
	}
}
