package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// secureAdmin is an admin port with HTTPS that wants a certificate, and the files of a client
// that it lets in.
func secureAdmin(t *testing.T) (url string, flags trustFlags) {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, `{"leader":2}`) }))
	s.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
	s.StartTLS()
	t.Cleanup(s.Close)
	dir := t.TempDir()
	flags = trustFlags{CA: filepath.Join(dir, "ca.pem"), Cert: filepath.Join(dir, "own.pem")}
	own := s.TLS.Certificates[0]
	key, err := x509.MarshalPKCS8PrivateKey(own.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	shown := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: own.Certificate[0]})
	secret := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})
	for name, text := range map[string][]byte{flags.CA: shown,
		flags.Cert: bytes.Join([][]byte{shown, secret}, nil)} {
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return s.URL, flags
}

// The plot: an admin port is asked with the right authority and certificate, and then each time
// with one thing wrong. What is wrong is told.
func TestAnAdminPortWithHTTPSIsAskedWithACertificate(t *testing.T) {
	url, good := secureAdmin(t)
	properties := filepath.Join(t.TempDir(), "client.properties")
	text := "zookeeper.ssl.trustStore.location=" + good.CA + "\nssl.keyStore.location=" +
		good.Cert + "\n"
	if err := os.WriteFile(properties, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		plot, url, want string
		flags           trustFlags
	}{
		{"all is right", url, "", good},
		{"all is in a file", url, "", trustFlags{Configuration: properties}},
		{"no certificate", url, "--cert", trustFlags{CA: good.CA}},
		{"no authority", url, "--ca", trustFlags{Cert: good.Cert}},
		{"nothing", url, "--ca", trustFlags{}},
		{"a missing file", url, "missing.pem", trustFlags{CA: "missing.pem"}},
		{"plain HTTP", strings.Replace(url, "https", "http", 1), "400", good},
	} {
		var answer struct{ Leader int }
		port := adminPort{base: c.url, trust: &c.flags}
		err := port.ask(t.Context(), http.MethodPost, "leader_transfer", nil, &answer)
		switch {
		case c.want == "" && (err != nil || answer.Leader != 2):
			t.Errorf("%s: %+v, %v", c.plot, answer, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: %v, want %q in it", c.plot, err, c.want)
		}
	}
}
