package server

import (
	"os"
	"path/filepath"
	"strings"
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
			peerStore+"\nssl.quorum.trustStore.location="+trusted+"\nadmin.forceHttps=true\n")
	}
	all := Certificates(load(own))
	if len(all) != 3 || all[0].Ports != "clients" || all[1].Ports != "servers" ||
		all[2].Ports != "operators" {
		t.Fatalf("got %+v", all)
	}
	for i := range all {
		left := time.Until(all[i].NotAfter)
		if all[i].Error != nil || left <= 0 || left > time.Hour {
			t.Errorf("%s: %v left (%v)", all[i].Ports, left, all[i].Error)
		}
		others := all[i].Ports == "operators" // They prove no host of a server line.
		if all[i].Proves("127.0.0.1") != nil || (all[i].Proves("zoo.example") == nil) != others {
			t.Errorf("%s: it proves the wrong hosts", all[i].Ports)
		}
	}
	all = Certificates(load(filepath.Join(dir, "missing.pem")))
	if all[2].Error == nil || all[1].Error == nil || all[1].Proves("127.0.0.1") == nil {
		t.Errorf("got %+v", all[1])
	}
	if all := Certificates(&config.Config{}); len(all) != 0 {
		t.Errorf("without TLS: %+v", all)
	}
}

func TestTLSForOperatorsIsExplained(t *testing.T) {
	c := newCircle(t)
	const force = "clientPort=2181\nadmin.forceHttps=true\nssl.quorum.keyStore.location="
	dir := t.TempDir()
	own := c.save(dir, "own.pem", c.sign("zoo"))
	lines, err := ExplainAdminTLS(loadText(t, "dataDir="+dir+"\n"+force+own+"\n"))
	if err != nil || !strings.Contains(strings.Join(lines, ""), "CN=zoo") {
		t.Errorf("%q, %v", lines, err)
	}
	_, err = ExplainAdminTLS(loadText(t, "dataDir="+dir+"\n"+force+"missing.pem\n"))
	if err == nil || !strings.Contains(err.Error(), "TLS for operators") {
		t.Errorf("of a missing store: %v", err)
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
