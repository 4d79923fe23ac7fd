package clients

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"zoo/test/ensemble"
)

// login writes a login configuration with one module of DIGEST-MD5.
func (s *story) login(section, options string) string {
	s.Helper()
	name := filepath.Join(s.TempDir(), "jaas.conf")
	text := fmt.Sprintf("%s {\n  org.apache.zookeeper.server.auth.DigestLoginModule required\n"+
		"  %s;\n};\n", section, options)
	s.must(os.WriteFile(name, []byte(text), 0o600))
	return name
}

// properties runs the servers with -D options as well. Java wants its own in front of
// the class.
func properties(run ensemble.Program, defines ...string) ensemble.Program {
	return func(server *ensemble.Server) *exec.Cmd {
		cmd := run(server)
		for _, define := range defines {
			at := len(cmd.Args)
			if againstJava() {
				at = 1
			}
			cmd.Args = slices.Insert(cmd.Args, at, "-D"+define)
		}
		return cmd
	}
}

// javaAs starts Java's client with a login of its own, and waits for how that ends.
func (s *story) javaAs(server *ensemble.Server, user, password, state string) *talk {
	s.Helper()
	jaas := s.login("Client", fmt.Sprintf("username=%q password=%q", user, password))
	cmd := exec.Command(zkCli, "-server", server.Address())
	cmd.Env = append(os.Environ(), "CLIENT_JVMFLAGS=-Xmx64m -XX:TieredStopAtLevel=1 "+
		"-Djava.security.auth.login.config="+jaas)
	c := s.talk(cmd)
	c.hear("state:" + state)
	return c
}

// One server requires SASL: bob gets in and keeps what is his from eve, and a wrong
// password is sent away.
func TestJavaAuthenticatesByDigestWhereSASLIsRequired(t *testing.T) {
	needJava(t)
	if againstJava() {
		t.Skip("the story configures zoo's own servers")
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	s := &story{T: t, ctx: ctx}
	jaas := s.login("Server", `user_bob="b o;b" user_eve="eve"`)
	e, err := ensemble.New(ensemble.Options{
		Dir: t.TempDir(), Voters: 1, TickTime: tick,
		Program: properties(program, "java.security.auth.login.config="+jaas),
		Lines: []string{"sessionRequireClientSASLAuth=true", "standaloneEnabled=false",
			"authProvider.1=org.apache.zookeeper.server.auth.SASLAuthenticationProvider"}})
	s.must(err)
	s.Ensemble = e
	t.Cleanup(s.end)
	s.must(e.Start(ctx))
	server := e.Servers[0]

	bob := s.javaAs(server, "bob", "b o;b", "SaslAuthenticated")
	bob.say("create /hers mine sasl:bob:cdrwa", "Created /hers\n")
	bob.say("get /hers", "mine\n")
	bob.leave()
	eve := s.javaAs(server, "eve", "eve", "SaslAuthenticated")
	eve.say("get /hers", "(Insufficient permission|NoAuth).*/hers")
	eve.leave()
	s.javaAs(server, "bob", "wrong", "(AuthFailed|Disconnected|Closed)")
	log, err := os.ReadFile(server.LogFile())
	s.must(err)
	if !strings.Contains(string(log), `the password of user \"bob\" is wrong`) {
		t.Error("the server's log does not say why bob was refused")
	}
}
