package server

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"zoo/internal/config"
)

// The plot: a server has one certificate for clients and servers, for 127.0.0.1, and names a
// store for the other ports that is not there. Each is told with its end, whom it proves, or
// what is wrong.
func TestWhatAServerWouldShowIsTold(t *testing.T) {
	c := newCircle(t)
	dir := t.TempDir()
	own, trusted := c.save(dir, "own.pem", c.sign("zoo")), filepath.Join(dir, "trusted.pem")
	pem, err := os.ReadFile(own)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(trusted, pem, 0o600); err != nil {
		t.Fatal(err)
	}
	load := func(peerStore string) *config.Config {
		return loadText(t, "dataDir="+dir+"\nsecureClientPort=2281\nssl.keyStore.location="+own+
			"\nssl.trustStore.location="+trusted+"\nsslQuorum=true\nssl.quorum.keyStore.location="+
			peerStore+"\nssl.quorum.trustStore.location="+trusted+"\n")
	}
	all := Certificates(load(own))
	if len(all) != 2 || all[0].Ports != "clients" || all[1].Ports != "servers" {
		t.Fatalf("got %+v", all)
	}
	for i := range all {
		left := time.Until(all[i].NotAfter)
		if all[i].Error != nil || left <= 0 || left > time.Hour {
			t.Errorf("%s: %v left (%v)", all[i].Ports, left, all[i].Error)
		}
		if all[i].Proves("127.0.0.1") != nil || all[i].Proves("zoo.example") == nil {
			t.Errorf("%s: it proves the wrong hosts", all[i].Ports)
		}
	}
	all = Certificates(load(filepath.Join(dir, "missing.pem")))
	if all[1].Error == nil || all[1].Proves("127.0.0.1") == nil {
		t.Errorf("got %+v", all[1])
	}
	if all := Certificates(&config.Config{}); len(all) != 0 {
		t.Errorf("without TLS: %+v", all)
	}
}

func loadText(t *testing.T, text string) *config.Config {
	t.Helper()
	file := filepath.Join(t.TempDir(), "zoo.cfg")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, _, err := config.Load(config.Source{Args: []string{file}})
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}
