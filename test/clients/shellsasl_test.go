package clients

import (
	"context"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"zoo/test/ensemble"
)

// saslServer starts one server that wants SASL, with two users.
func saslServer(t *testing.T, run func(defines ...string) ensemble.Program) *story {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	s := &story{T: t, ctx: ctx}
	jaas := s.login("Server", `user_bob="b o;b" user_jürgen="grüße"`)
	e, err := ensemble.New(ensemble.Options{
		Dir: t.TempDir(), Voters: 1, TickTime: tick,
		Program: run("java.security.auth.login.config=" + jaas),
		Lines: []string{"sessionRequireClientSASLAuth=true", "standaloneEnabled=false",
			"authProvider.1=org.apache.zookeeper.server.auth.SASLAuthenticationProvider"}})
	s.must(err)
	s.Ensemble = e
	t.Cleanup(s.end)
	s.must(e.Start(ctx))
	return s
}

// javaProperties runs Java's servers with -D options.
func javaProperties(defines ...string) ensemble.Program {
	return func(server *ensemble.Server) *exec.Cmd {
		cmd := ensemble.Java("128m")(server)
		for _, define := range append(defines, "file.encoding=UTF-8") {
			cmd.Args = slices.Insert(cmd.Args, 1, "-D"+define)
		}
		return cmd
	}
}

// zkCliAs runs one command with a login of its own.
func (s *story) zkCliAs(options, settings string, command ...string) heard {
	s.Helper()
	jaas := s.login("Client", options)
	return s.oneCommand(s.Servers[0].Address(),
		"-Djava.security.auth.login.config="+jaas+" "+settings, command...)
}

// The plot: a server of Java and one of ours want SASL. zkCli.sh logs in as bob, keeps
// what is his to himself, and is sent away with a wrong password, without a login, and
// where its settings name what is not there.
func TestZooShellAuthenticatesByDigest(t *testing.T) {
	if againstJava() {
		t.Skip("the story itself is told of both servers")
	}
	ours := func(d ...string) ensemble.Program { return properties(program, d...) }
	servers := map[string]func(...string) ensemble.Program{"zoo": ours}
	if err := ensemble.FindJava(); err == nil {
		servers["java"] = javaProperties
	}
	for name, run := range servers {
		t.Run(name, func(t *testing.T) { authenticate(saslServer(t, run)) })
	}
}

func authenticate(s *story) {
	const bob = `username="bob" password="b o;b"`
	for _, c := range []struct {
		title, options, settings, command, says string
		exit                                    int
	}{
		{"bob", bob, "", "create /his x sasl:bob:cdrwa", "Created /his\n", 0},
		{"bob again", bob, "-Xmx64m", "get /his", "x\n", 0},
		{"jürgen", `username="jürgen" password="grüße"`, "", "get /his",
			"Insufficient permission : /his\n", 1},
		{"a wrong password", `username="bob" password="bob"`, "", "ls /",
			"KeeperErrorCode = AuthFailed for /", 1},
		{"no login", bob, "-Dzookeeper.sasl.client=false", "ls /", "KeeperErrorCode = ", 1},
		{"another section", bob, "-Dzookeeper.sasl.clientconfig=Other", "ls /",
			"no section Other", 1},
		{"its own section", bob, "-Dzookeeper.sasl.clientconfig=Client", "ls /", "his", 0},
		{"no password", `username="bob"`, "", "ls /", "DigestLoginModule needs a user", 1},
	} {
		got := s.zkCliAs(c.options, c.settings, strings.Fields(c.command)...)
		if !strings.Contains(got.out+got.err, c.says) || got.exit != c.exit ||
			strings.Contains(got.err, "b o;b") {
			s.Errorf("%s: %+v", c.title, got)
		}
	}
}
