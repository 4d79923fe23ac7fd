package kerberos

import (
	"context"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// tool is our command line under a principal.
type tool struct {
	*story
	// who are the options and properties by which it proves who it is.
	who []string
}

// run gives a verb, and what it prints.
func (c *tool) run(args ...string) (string, error) {
	c.Helper()
	ctx, cancel := context.WithTimeout(c.ctx, hearLimit)
	defer cancel()
	all := append(args, "-Djava.security.krb5.conf="+c.realm.Config())
	out, err := exec.CommandContext(ctx, c.zoo(), append(all, c.who...)...).CombinedOutput()
	return string(out), err
}

// does runs a verb that must do well and print a text.
func (c *tool) does(want string, args ...string) {
	c.Helper()
	if out, err := c.run(args...); err != nil || !strings.Contains(out, want) {
		c.Errorf("%q: %v, %s; want %q", args, err, out, want)
	}
}

// The plot: alice creates a znode for herself by a verb with her keytab, the server known by
// the host of the connect string. She reads it with a login configuration as Java's clients
// have it, the server known by a property. bob may not, and keys of somebody else
// and a server that the KDC does not know are told of.
func TestVerbsAreKnownByTheirPrincipals(t *testing.T) {
	s := begin(t)
	s.serve("zookeeper.kerberos.removeRealmFromPrincipal=false")
	keys := func(user string) string {
		keytab, err := s.realm.KeyTab(s.ctx, user, user+"@"+Name)
		s.must(err)
		return keytab
	}
	hers, his := keys("alice"), keys("bob")
	byHost := "localhost" + s.Address()[strings.LastIndexByte(s.Address(), ':'):]
	alice := &tool{s, []string{"--server", byHost, "--keytab", hers,
		"--principal", "alice@" + Name}}
	alice.does("Created /hers", "create", "/hers", "secret", "sasl:alice@"+Name+":cdrwa")
	alice.does("alice@"+Name, "getAcl", "/hers")
	bob := &tool{s, []string{"--server", s.Address(), "--keytab", his, "--principal",
		"bob@" + Name, "-Dzookeeper.server.principal=" + service}}
	if out, err := bob.run("get", "/hers"); err == nil ||
		!strings.Contains(out, "Insufficient permission") {
		t.Errorf("bob: %v, %s", err, out)
	}
	configured := &tool{s, []string{"--server", s.Address(),
		"-Dzookeeper.server.principal=" + service,
		"-Djava.security.auth.login.config=" + s.section("Client", hers, "alice@"+Name)}}
	configured.does("secret", "get", "/hers")
	mallory := &tool{s, []string{"--server", byHost, "--keytab", his,
		"--principal", "alice@" + Name}}
	if out, err := mallory.run("get", "/hers"); err == nil ||
		!strings.Contains(out, "no key of alice") {
		t.Errorf("with bob's keys: %v, %s", err, out)
	}
	elsewhere := &tool{s, append(slices.Clone(alice.who),
		"-Dzookeeper.sasl.client.username=nobody")}
	if out, err := elsewhere.run("get", "/hers"); err == nil ||
		!strings.Contains(out, "SASL with") {
		t.Errorf("with a service that nobody knows: %v, %s", err, out)
	}
}
