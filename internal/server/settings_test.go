package server

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"zoo"
	"zoo/internal/config"
	"zoo/internal/core/quorum"
	"zoo/internal/net/sasl/digestmd5"
)

// withoutEffect are the settings that change nothing in a server, and why. Where an
// operator could expect otherwise, the setting's row says so at the start.
var withoutEffect = map[string]string{
	"File":        "it is for messages",
	"DynamicFile": "it is for messages",

	"Limits.RequestThrottle.StaleConnCheck":  "the row says why",
	"Limits.RequestThrottle.ShutdownTimeout": "the row says why",

	"TLS.EarlyDrop":  "the row says why",
	"TLS.FIPS":       "the row says why",
	"TLS.Reload":     "files are always followed, which its row says",
	"TLS.AuthScheme": "x509 is the only value that is accepted",

	"Peers.TLS.Reload":            "files are always followed, which its row says",
	"Peers.TLS.ReverseDNS":        "the row says why",
	"Peers.TLS.AuthScheme":        "it is for clients",
	"Peers.TLS.HandshakesMax":     "it is for clients",
	"Peers.TLS.EarlyDrop":         "it is for clients",
	"Peers.TLS.FIPS":              "it is for clients",
	"Peers.SASL.ServicePrincipal": "it is for Kerberos, and test/kerberos has that",
}

// everySetting is a configuration in which each setting could have an effect.
func everySetting(t *testing.T) *config.Config {
	dir := t.TempDir()
	file := func(name, text string) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	file("myid", "1")
	const module = "org.apache.zookeeper.server.auth.DigestLoginModule required\n"
	login := file("jaas.conf", "Server {\n"+module+`user_super="a" user_bob="${b}";`+"\n};\n"+
		"Other {\n"+module+`user_eve="e";`+"\n};\n"+
		"QuorumServer {\n"+module+`user_s="s";`+"\n};\n"+
		"QuorumLearner {\n"+module+`username="s" password="s";`+"\n};\n")
	c, _, err := config.Load(config.Source{Args: []string{file("zoo.cfg", strings.Join([]string{
		"dataDir=" + dir, "clientPort=2181", "secureClientPort=2281", "initLimit=10",
		"syncLimit=5", "server.1=a:1:2", "server.2=b:1:2", "server.3=c:1:2",
		"authProvider.1=org.apache.zookeeper.server.auth.SASLAuthenticationProvider",
		"request_stale_latency_check=true", "connection_throttle_weight_enabled=true",
		"sslQuorum=true", "portUnification=true", "quorum.auth.enableSasl=true",
		"quorum.auth.learnerRequireSasl=true", "quorum.auth.serverRequireSasl=true",
		"admin.portUnification=true", "metricsProvider.httpsPort=4443",
		"metricsProvider.className=org.apache.zookeeper.metrics.prometheus." +
			"PrometheusMetricsProvider",
		"traces.endpoint=https://localhost",
		"connection_throttle_tokens=10", "security.auth_to_local=RULE:[1:$1] RULE:[2:$1]",
	}, "\n"))}, Properties: []string{"b=b", "java.security.auth.login.config=" + login,
		"java.security.krb5.conf=" + dir + "/none"}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// outcome is all that a server would do by a configuration, as text.
func outcome(c *config.Config) string {
	own, err := FromConfig(c)
	if err != nil {
		return "refused: " + err.Error()
	}
	own.Seed = 0
	var b strings.Builder
	describe(&b, "", reflect.ValueOf(own))
	if m, ok := own.Access.SASL.(*digestmd5.Mechanism); ok {
		for _, user := range []string{"bob", "bob/host@REALM", "bob@REALM"} {
			id, err := m.AuthorizationID(user)
			fmt.Fprintln(&b, id, err)
		}
	}
	return b.String()
}

// describe writes a value with all that it points to. Of functions it tells whether
// they are there.
func describe(b *strings.Builder, path string, v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			describe(b, path, v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			describe(b, path+"."+v.Type().Field(i).Name, v.Field(i))
		}
	case reflect.Slice:
		for i := range v.Len() {
			describe(b, fmt.Sprintf("%s[%d]", path, i), v.Index(i))
		}
	case reflect.Func:
		fmt.Fprintf(b, "%s: %v\n", path, !v.IsNil())
	default:
		fmt.Fprintf(b, "%s: %v\n", path, v)
	}
}

// leaves calls do for each setting.
func leaves(path string, v reflect.Value, do func(path string, v reflect.Value)) {
	for i := range v.NumField() {
		name, field := path+v.Type().Field(i).Name, v.Field(i)
		if field.Kind() == reflect.Struct {
			leaves(name+".", field, do)
			continue
		}
		do(name, field)
	}
}

// texts are values of settings that not every text would do for.
var texts = map[string]string{
	"SASL.Section": "Other", "SASL.LoginConfig": "", "SASL.AuthToLocal": "RULE:[1:x]",
	"SASL.Krb5Conf":  "/",
	"TLS.ClientAuth": "want", "Auth.DigestAlg": "SHA-256",
	"ClientListen": ":1", "SecureListen": ":1",
	"Storage.SnapshotCompression": "gz",
}

// alter gives a setting another value.
func alter(t *testing.T, path string, v reflect.Value) {
	text, special := texts[path]
	switch x := v.Addr().Interface().(type) {
	case *bool:
		*x = !*x
	case *string:
		if *x += "1"; special {
			*x = text
		}
	case *[]string:
		*x = []string{"sasl"}
	case *time.Duration:
		*x += 7 * time.Second
	case *float64:
		*x += 0.5
	case *[]config.Server:
		*x = (*x)[:2]
	case **quorum.Hierarchy:
		all := quorum.Group{Number: 1, Members: []zoo.ServerID{1, 2, 3}}
		*x = &quorum.Hierarchy{Groups: []quorum.Group{all}}
	case **quorum.View:
		*x, _ = quorum.ParseView("server.1=a:1:2\nversion=1")
	case *[]config.Line:
		*x = append(*x, config.Line{Name: "another"})
	case *[]config.Provider:
		*x = append(*x, config.Provider{Key: "2", Class: "none"})
	case *map[string]string:
		*x = map[string]string{"b": "other"}
	default:
		if v.CanInt() {
			v.SetInt(v.Int() + 7)
			return
		}
		t.Fatalf("%s is a %T, which no setting was yet; say how to alter it", path, x)
	}
}

// The plot: each setting is changed alone, and a server made of it. One that changes
// nothing and is not in the table would be a promise that is not kept.
func TestEverySettingChangesTheServerOrSaysWhyNot(t *testing.T) {
	base := everySetting(t)
	before := outcome(base)
	if strings.HasPrefix(before, "refused") {
		t.Fatal(before)
	}
	seen := map[string]bool{}
	leaves("", reflect.ValueOf(base).Elem(), func(path string, v reflect.Value) {
		seen[path] = true
		kept := reflect.ValueOf(v.Interface())
		alter(t, path, v)
		if path == "ID" {
			v.SetInt(int64(zoo.ServerID(2)))
		}
		changed := outcome(base) != before
		v.Set(kept)
		if reason := withoutEffect[path]; changed == (reason != "") {
			t.Errorf("%s: changes the server: %v; in the table: %q", path, changed, reason)
		}
	})
	for path := range withoutEffect {
		if !seen[path] {
			t.Errorf("%s is in the table, and no setting", path)
		}
	}
	if after := outcome(base); after != before {
		t.Errorf("something was not put back:\n%s\n%s", before, after)
	}
}

// The plot: server lines with addresses of IPv6, in short and with a scope, reach the
// links with their brackets.
func TestAddressesOfIPv6ReachTheLinks(t *testing.T) {
	base := everySetting(t)
	lines := []string{"[::1]:1:2;[::]:2181", "[2001:db8::2]:1:2|[fe80::1%lo]:3:4", "c:1:2"}
	for i, line := range lines {
		server, err := config.ParseServer(zoo.ServerID(i+1), line)
		if err != nil {
			t.Fatal(err)
		}
		base.Servers[i] = server
	}
	own, err := FromConfig(base)
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(own.QuorumListen, own.Election.Listen, own.Election.Members, own.Leaders)
	want := "[[::1]:1] [[::1]:2] map[1:[::1]:2 2:[2001:db8::2]:2|[fe80::1%lo]:4 3:c:2] " +
		"map[1:[::1]:1 2:[2001:db8::2]:1|[fe80::1%lo]:3 3:c:1]"
	if got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

// The plot: a server has two addresses with the same ports, and listens on every address.
// Each port is bound once; twice would end the server.
func TestPortsOnAllAddressesAreBoundOnce(t *testing.T) {
	c := everySetting(t)
	self := &c.Servers[0]
	self.Addresses = append(self.Addresses, self.Addresses[0])
	self.Addresses[1].Host = "other"
	c.Peers.ObserverMasterPort = 3
	for onAll, want := range map[bool]string{
		false: "[a:1 other:1] [a:2 other:2] [a:3 other:3]", true: "[:1] [:2] [:3]",
	} {
		c.QuorumListenOnAllIPs = onAll
		own, err := FromConfig(c)
		if err != nil {
			t.Fatal(err)
		}
		got := fmt.Sprint(own.QuorumListen, own.Election.Listen, own.MasterListen)
		if got != want {
			t.Errorf("on all addresses %v: %s, want %s", onAll, got, want)
		}
	}
}
