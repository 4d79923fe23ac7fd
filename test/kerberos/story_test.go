package kerberos

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zoo/test/ensemble"
)

// zkCli is where Debian puts Java's client.
const zkCli = "/usr/share/zookeeper/bin/zkCli.sh"

// The limits are for machines that are busy with other tests.
const (
	storyLimit = 2 * time.Minute
	hearLimit  = 45 * time.Second
	patience   = 10 * time.Second
)

// service is the name by which Java's client asks for a server on this machine.
const service = "zookeeper/localhost@" + Name

// need leaves the story out, loudly, where something of it is not installed.
func need(t *testing.T) {
	t.Helper()
	err := Find()
	if err == nil {
		err = ensemble.FindJava()
	}
	if err == nil {
		_, err = os.Stat(zkCli)
	}
	ensemble.LeaveOut(t, "a real KDC or zkCli.sh", err)
}

// story is one test's realm, its server, and its time.
type story struct {
	*testing.T
	*ensemble.Server
	realm *Realm
	ctx   context.Context
	dir   string
	// binary is our program; empty until it is built.
	binary string
}

func (s *story) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// begin makes a realm with a service, and alice and bob.
func begin(t *testing.T) *story {
	t.Helper()
	need(t)
	ctx, cancel := context.WithTimeout(t.Context(), storyLimit)
	t.Cleanup(cancel)
	s := &story{T: t, ctx: ctx, dir: t.TempDir()}
	dir := filepath.Join(s.dir, "realm")
	s.must(os.Mkdir(dir, 0o700))
	var err error
	s.realm, err = NewRealm(ctx, dir)
	s.must(err)
	t.Cleanup(func() { s.must(s.realm.Close()) })
	return s
}

// section is a JAAS file with a section as the documents of ZooKeeper show it.
func (s *story) section(name, keytab, principal string) string {
	s.Helper()
	file := filepath.Join(s.dir, name+".jaas")
	s.must(os.WriteFile(file, []byte(name+` {
    com.sun.security.auth.module.Krb5LoginModule required
    useKeyTab=true
    keyTab="`+keytab+`"
    storeKey=true
    useTicketCache=false
    principal="`+principal+`";
};
`), 0o600))
	return file
}

// serve starts a standalone server with the service's keys and further properties.
func (s *story) serve(properties ...string) {
	s.Helper()
	keytab, err := s.realm.KeyTab(s.ctx, "service", service)
	s.must(err)
	properties = append(properties, "java.security.krb5.conf="+s.realm.Config(),
		"java.security.auth.login.config="+s.section("Server", keytab, service))
	dir := filepath.Join(s.dir, "ensemble")
	s.must(os.Mkdir(dir, 0o700))
	e, err := ensemble.New(ensemble.Options{Dir: dir, Voters: 1, Program: s.program(properties),
		Lines: []string{"authProvider.1=" +
			"org.apache.zookeeper.server.auth.SASLAuthenticationProvider"}})
	s.must(err)
	s.Server = e.Servers[0]
	s.Cleanup(func() {
		s.must(e.Close())
		if s.Failed() {
			s.Logf("the end of the server's log:\n%s", s.LastLines(60))
		}
	})
	s.must(e.Start(s.ctx))
}

// program runs zoo, or Java's server, with properties as Java's scripts pass them.
func (s *story) program(properties []string) ensemble.Program {
	s.Helper()
	program, behind := ensemble.Java("128m"), 1
	if os.Getenv("ZOO_CLIENTS_SERVER") != "java" {
		program, behind = ensemble.Zoo(s.zoo()), 2
	}
	return func(server *ensemble.Server) *exec.Cmd {
		cmd := program(server)
		args := append([]string{}, cmd.Args[:behind]...)
		for _, property := range properties {
			args = append(args, "-D"+property)
		}
		cmd.Args = append(args, cmd.Args[behind:]...)
		return cmd
	}
}

// zoo is our program, built once.
func (s *story) zoo() string {
	s.Helper()
	if s.binary == "" {
		var err error
		s.binary, err = ensemble.Build(s.ctx, s.dir)
		s.must(err)
	}
	return s.binary
}

// client is Java's zkCli.sh under a principal.
type client struct {
	*story
	dialogue *ensemble.Dialogue
}

func (s *story) client(user string) *client {
	s.Helper()
	principal := user + "@" + Name
	keytab, err := s.realm.KeyTab(s.ctx, strings.ReplaceAll(user, "/", "-"), principal)
	s.must(err)
	file := filepath.Join(s.dir, strings.ReplaceAll(user, "/", "-"))
	s.must(os.Rename(s.section("Client", keytab, principal), file))
	cmd := exec.Command(zkCli, "-server", s.Address())
	cmd.Env = append(os.Environ(), "CLIENT_JVMFLAGS=-Xmx64m -XX:TieredStopAtLevel=1"+
		" -Djava.security.krb5.conf="+s.realm.Config()+
		" -Djava.security.auth.login.config="+file+
		" -Dzookeeper.server.principal="+service)
	dialogue, err := ensemble.Talk(cmd)
	s.must(err)
	// A program that does not end when its input does is of no further interest.
	s.Cleanup(func() { _ = dialogue.Process().Kill() })
	return &client{s, dialogue}
}

// say gives a command, empty for none, and waits for what is answered.
func (c *client) say(command, pattern string) {
	c.Helper()
	if command != "" {
		c.must(c.dialogue.Say(command))
	}
	ctx, cancel := context.WithTimeout(c.ctx, hearLimit)
	defer cancel()
	_, err := c.dialogue.Expect(ctx, pattern)
	c.must(err)
}

// logs waits until the server's log has a text.
func (s *story) logs(text string) {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.ctx, patience)
	defer cancel()
	s.must(ensemble.Until(ctx, "the log has "+text, func(context.Context) error {
		log, err := os.ReadFile(s.LogFile())
		if err == nil && !strings.Contains(string(log), text) {
			err = fmt.Errorf("%d bytes without it", len(log))
		}
		return err
	}))
}

// Alice's node is alice's: she proved who she is by a ticket, and so did bob.
func TestJavaClientsWithTicketsAreKnownByTheirPrincipals(t *testing.T) {
	s := begin(t)
	s.serve("zookeeper.kerberos.removeRealmFromPrincipal=false")
	alice := s.client("alice")
	alice.say("", "state:SaslAuthenticated")
	alice.say("create /hers secret sasl:alice@"+Name+":cdrwa", "Created /hers\n")
	alice.say("set /hers changed", "")
	alice.say("get /hers", "changed\n")
	alice.say("getAcl /hers", `'sasl,'alice@`+Name+`\n: cdrwa\n`)
	alice.say("create /mine too auth::r", "Created /mine\n")
	alice.say("getAcl /mine", `'sasl,'alice@`+Name+`\n: r\n`)
	bob := s.client("bob")
	bob.say("", "state:SaslAuthenticated")
	bob.say("get /hers", "Insufficient permission : /hers")
	bob.say("create /free x world:anyone:r", "Created /free\n")
}

// The rules shorten names before anybody compares them with an ACL.
func TestRulesAndRemovalsMakeTheIdentityOfAnACL(t *testing.T) {
	s := begin(t)
	s.serve("zookeeper.kerberos.removeRealmFromPrincipal=true",
		"zookeeper.kerberos.removeHostFromPrincipal=true",
		"zookeeper.security.auth_to_local=RULE:[2:$1-$2](app-.*)s/-.*/-user/ DEFAULT")
	app := s.client("app/worker")
	app.say("", "state:SaslAuthenticated")
	app.say("create /ours x auth::cdrwa", "Created /ours\n")
	app.say("getAcl /ours", `'sasl,'app-user\n: cdrwa\n`)
}

// The service's key was renewed in the KDC, and the server has the old keytab.
func TestAServerWithoutTheKDCsKeySaysSo(t *testing.T) {
	s := begin(t)
	s.serve()
	s.must(s.realm.Rekey(s.ctx, service))
	alice := s.client("alice")
	alice.say("", "state:AuthFailed")
	if os.Getenv("ZOO_CLIENTS_SERVER") != "java" {
		s.logs("has no key of " + service + " with version 3")
	}
}
