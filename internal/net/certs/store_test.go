package certs

import (
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zoo/internal/check/alloc"
)

func TestEveryKindOfStoreServes(t *testing.T) {
	s := newSetting(t)
	words := save(t, s.dir, "password", []byte(password+"\n"))
	stores := map[string]struct{ key, trust Store }{
		"PEM": {s.cfg.KeyStore, s.cfg.TrustStore},
		"encrypted PEM": {Store{Location: save(t, s.dir, "encrypted.pem",
			s.self.encryptedPEM(t)), Password: password}, s.cfg.TrustStore},
		"JKS": {
			Store{Location: save(t, s.dir, "server.jks", s.self.jks(t)), PasswordPath: words},
			Store{Location: save(t, s.dir, "ca.jks", s.ca.jks()), Password: password}},
		"PKCS12": {
			Store{Location: save(t, s.dir, "server.p12", s.self.pkcs12(t, s.ca)),
				Password: password},
			Store{Location: save(t, s.dir, "ca.p12", s.ca.pkcs12()), PasswordPath: words}},
		"PKCS12 called JKS": {
			Store{Location: save(t, s.dir, "modern.jks", s.self.pkcs12(t, s.ca)),
				Password: password},
			Store{Location: save(t, s.dir, "trust", s.ca.pkcs12()), Password: password,
				Type: "jks"}},
	}
	for name, store := range stores {
		t.Run(name, func(t *testing.T) {
			cfg := s.cfg
			cfg.KeyStore, cfg.TrustStore = store.key, store.trust
			c, err := Open(cfg, s.log.logger())
			must(t, err)
			if !c.NotAfter().Equal(s.self.cert.NotAfter) && name != "PKCS12" {
				t.Errorf("ends %v, want %v", c.NotAfter(), s.self.cert.NotAfter)
			}
			ours := s.ca.issue("client", time.Time{})
			_, err = meet(t, c.Server(), s.ca.client(ours))
			must(t, err)
			_, err = meet(t, c.Server(), c.Client("localhost"))
			must(t, err)
			if _, err = meet(t, c.Server(), c.Client("elsewhere")); err == nil {
				t.Error("a server of another name was believed")
			}
		})
	}
}

// The plot: keytool, not we, writes the stores.
func TestStoresThatKeytoolWroteServe(t *testing.T) {
	if _, err := exec.LookPath("keytool"); err != nil {
		if os.Getenv("ZOO_REQUIRE_JAVA") == "1" {
			t.Fatal(err)
		}
		t.Skip("keytool is missing")
	}
	for _, kind := range []string{"JKS", "PKCS12"} {
		t.Run(kind, func(t *testing.T) {
			dir := t.TempDir()
			key, trust := filepath.Join(dir, "key"), filepath.Join(dir, "trust")
			pem := filepath.Join(dir, "cert.pem")
			keytool(t, "-genkeypair", "-keyalg", "EC", "-alias", "me", "-dname", "CN=java",
				"-ext", "san=dns:localhost", "-storetype", kind, "-keystore", key)
			keytool(t, "-exportcert", "-rfc", "-alias", "me", "-file", pem, "-keystore", key)
			keytool(t, "-importcert", "-noprompt", "-alias", "ca", "-file", pem,
				"-storetype", kind, "-keystore", trust)
			c, err := Open(Config{Prefix: "ssl.",
				KeyStore:   Store{Location: key, Password: password, Type: kind},
				TrustStore: Store{Location: trust, Password: password, Type: kind},
			}, newLines().logger())
			must(t, err)
			_, err = meet(t, c.Server(), c.Client("localhost"))
			must(t, err)
		})
	}
}

func keytool(t *testing.T, args ...string) {
	t.Helper()
	args = append(args, "-storepass", password, "-J-XX:TieredStopAtLevel=1")
	if out, err := exec.Command("keytool", args...).CombinedOutput(); err != nil {
		t.Fatalf("keytool %s: %v\n%s", args[0], err, out)
	}
}

// mistake is a setting that cannot be used, and what the error has to say.
type mistake struct {
	plot   string
	change func(c *Config)
	want   string
}

func (s *setting) mistakes() []mistake {
	other := s.ca.issue("other", time.Time{})
	mixed := append(s.self.pem(s.t)[:0:0], s.self.pem(s.t)...)
	mixed = append(mixed[:strings.Index(string(mixed), "-----BEGIN CERT")], certPEM(other.cert)...)
	jks := save(s.t, s.dir, "server.jks", s.self.jks(s.t))
	return []mistake{
		{"no key store", func(c *Config) { c.KeyStore = Store{} }, "ssl.keyStore.location"},
		{"no trust store", func(c *Config) { c.TrustStore = Store{} }, "ssl.clientAuth=none"},
		{"a file that is not there", func(c *Config) { c.KeyStore.Location = "/no/such.pem" },
			"/no/such.pem"},
		{"a type of Bouncy Castle", func(c *Config) { c.KeyStore.Type = "BCFKS" }, "keytool"},
		{"an unknown suffix", func(c *Config) { c.KeyStore.Location = "key.store" }, "type"},
		{"a wrong password", func(c *Config) {
			c.KeyStore = Store{Location: jks, Password: "hunter2"}
		}, "password"},
		{"a key of another", func(c *Config) {
			c.KeyStore.Location = save(s.t, s.dir, "mixed.pem", mixed)
		}, "CN=other"},
		{"certificates only", func(c *Config) { c.KeyStore = c.TrustStore }, "no private key"},
		{"an empty trust store", func(c *Config) {
			c.TrustStore.Location = save(s.t, s.dir, "empty.pem", nil)
		}, "no certificate"},
		{"revocation without lists", func(c *Config) { c.CRL = true }, "ssl.crl.location"},
		{"OCSP", func(c *Config) { c.OCSP = true }, "not supported"},
		{"a misspelt answer", func(c *Config) { c.ClientAuth = "yes" }, "need, want and none"},
		{"only old protocols", func(c *Config) { c.Protocol = "SSLv3" }, "TLSv1.3"},
		{"only unknown suites", func(c *Config) {
			c.CipherSuites = []string{"TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"}
		}, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"},
		{"suites of another protocol", func(c *Config) {
			c.Protocol, c.CipherSuites = "TLSv1.2", []string{"TLS_AES_128_GCM_SHA256"}
		}, "ssl.ciphersuites: only suites of TLSv1.3 are named"},
	}
}

func TestWhatCannotBeUsedIsNamedWithItsRemedy(t *testing.T) {
	s := newSetting(t)
	for _, c := range s.mistakes() {
		cfg := s.cfg
		c.change(&cfg)
		_, err := Open(cfg, s.log.logger())
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q in it", c.plot, err, c.want)
			continue
		}
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the password is told: %v", c.plot, err)
		}
	}
}

// Lengths in a store say more than there is; nothing is allocated for them.
func TestADamagedStoreIsRefused(t *testing.T) {
	ca := newAuthority(t, "ca")
	whole := ca.jks()
	for n := range len(whole) {
		if checkJKS(whole[:n]) == nil {
			t.Fatalf("%d of %d bytes are enough", n, len(whole))
		}
	}
	huge := append([]byte(nil), whole...)
	binary.BigEndian.PutUint32(huge[8:], 1<<31)
	if _, err := authoritiesOfJKS(huge, password); err == nil {
		t.Error("a store of two thousand million entries was read")
	}
}

func FuzzStores(f *testing.F) {
	ca := newAuthority(f, "ca")
	self := ca.issue("server", time.Time{})
	f.Add(ca.jks())
	f.Add(self.jks(f))
	f.Add(self.pem(f))
	f.Add(ca.revoke(time.Now(), self.cert))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, read := range []func(){
			func() { _, _ = authoritiesOfJKS(b, password) },
			func() { _, _ = identityOfJKS(b, password) },
			func() { _, _ = identityOfPEM(b, "") },
			func() { _, _ = certificatesOfPEM(b) },
			func() { _ = (&revocations{}).add(b) },
		} {
			alloc.Bounded(t, len(b), read)
		}
	})
}
