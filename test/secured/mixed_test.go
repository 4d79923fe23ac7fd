package secured

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zoo"
	"zoo/client"
	"zoo/test/ensemble"
)

// The limits are for machines that are busy with other tests.
const (
	storyLimit = 4 * time.Minute
	heap       = "128m"
	tick       = time.Second
)

// story is one ensemble of both kinds, and its time.
type story struct {
	*testing.T
	*ensemble.Ensemble
	ctx context.Context
	dir string
}

func (s *story) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func begin(t *testing.T) *story {
	t.Helper()
	err := ensemble.FindJava()
	if err == nil {
		_, err = exec.LookPath("keytool")
	}
	ensemble.LeaveOut(t, "Java's server or keytool", err)
	ctx, cancel := context.WithTimeout(t.Context(), storyLimit)
	t.Cleanup(cancel)
	return &story{T: t, ctx: ctx, dir: t.TempDir()}
}

func (s *story) file(name string) string { return filepath.Join(s.dir, name) }

const password = "storesecret"

// stores makes a key store of PKCS12 and a trust store of JKS. The certificate has no
// list of names, as ZooKeeper's guide makes it, so that the common name counts.
func (s *story) stores(name string) []string {
	s.Helper()
	keys, trusted, certificate := s.file("keys.p12"), s.file("trusted.jks"), s.file("cert")
	for _, args := range [][]string{
		{"-genkeypair", "-alias", "server", "-keyalg", "RSA", "-dname", "CN=" + name,
			"-keystore", keys, "-storetype", "PKCS12"},
		{"-exportcert", "-alias", "server", "-keystore", keys, "-file", certificate},
		{"-importcert", "-noprompt", "-alias", "server", "-keystore", trusted,
			"-storetype", "JKS", "-file", certificate},
	} {
		args = append(args, "-storepass", password, "-J-XX:TieredStopAtLevel=1")
		out, err := exec.CommandContext(s.ctx, "keytool", args...).CombinedOutput()
		if err != nil {
			s.Fatalf("keytool %s: %v\n%s", args[0], err, out)
		}
	}
	return []string{"ssl.quorum.keyStore.location=" + keys,
		"ssl.quorum.keyStore.password=" + password,
		"ssl.quorum.trustStore.location=" + trusted,
		"ssl.quorum.trustStore.password=" + password}
}

// logins makes a JAAS file as ZooKeeper's guide shows it.
func (s *story) logins() string {
	s.Helper()
	const module = "org.apache.zookeeper.server.auth.DigestLoginModule required"
	name := s.file("jaas.conf")
	s.must(os.WriteFile(name, []byte(`QuorumServer {
    `+module+`
    user_member="membersecret";
};
QuorumLearner {
    `+module+`
    username="member"
    password="membersecret";
};
`), 0o600))
	return name
}

// saslOn are the settings by which everybody proves who it is.
var saslOn = []string{"quorum.auth.enableSasl=true", "quorum.auth.learnerRequireSasl=true",
	"quorum.auth.serverRequireSasl=true"}

// serve starts three servers, of which those in java are Java's.
func (s *story) serve(java []int, properties, lines []string) {
	s.Helper()
	s.prepare(java, properties, lines)
	s.must(s.Start(s.ctx))
}

// prepare makes them, and does not start them.
func (s *story) prepare(java []int, properties, lines []string) {
	s.Helper()
	binary, err := ensemble.Build(s.ctx, s.dir)
	s.must(err)
	var options []string
	for _, property := range properties {
		options = append(options, "-D"+property)
	}
	theirs := ensemble.Java(heap, append(options, "-XX:TieredStopAtLevel=1")...)
	ours := ensemble.Zoo(binary, options...)
	s.Ensemble, err = ensemble.New(ensemble.Options{Dir: s.dir, Voters: 3, TickTime: tick,
		Lines: lines, Program: func(server *ensemble.Server) *exec.Cmd {
			for _, id := range java {
				if id == server.ID {
					return theirs(server)
				}
			}
			return ours(server)
		}})
	s.must(err)
	s.Cleanup(func() {
		s.must(s.Close())
		for _, server := range s.Servers {
			if s.Failed() {
				s.Logf("the end of server %d's log:\n%s", server.ID, server.LastLines(40))
			}
		}
	})
}

// writeEverywhere writes at each server that runs and reads it at each other one.
func (s *story) writeEverywhere(name string) {
	s.Helper()
	for _, server := range s.Servers {
		if server.Ended() {
			continue
		}
		c, err := client.New(client.Options{Servers: []string{server.Address()}})
		s.must(err)
		path := fmt.Sprintf("/%s-%d", name, server.ID)
		s.must(ensemble.Until(s.ctx, "write "+path, func(ctx context.Context) error {
			_, err := c.Create(ctx, path, []byte(name), client.CreateOptions{})
			if errors.Is(err, zoo.CodeNodeExists) {
				return nil
			}
			return err
		}))
		for _, other := range s.Servers {
			if !other.Ended() {
				s.see(other, path, name)
			}
		}
		s.must(c.Close(s.ctx))
	}
}

func (s *story) see(server *ensemble.Server, path, want string) {
	s.Helper()
	c, err := client.New(client.Options{Servers: []string{server.Address()}})
	s.must(err)
	s.must(ensemble.Until(s.ctx, fmt.Sprintf("server %d has %s", server.ID, path),
		func(ctx context.Context) error {
			data, _, err := c.Get(ctx, path, nil)
			if err == nil && string(data) != want {
				err = fmt.Errorf("%s is %q", path, data)
			}
			return err
		}))
	s.must(c.Close(s.ctx))
}

// leadersOfBothKinds has the leader killed, so that another one leads, and started
// again. Of the servers 1, 2 and 3 the largest id leads first, and then 2.
func (s *story) leadersOfBothKinds() {
	s.Helper()
	s.writeEverywhere("before")
	leader, err := s.Leader(s.ctx)
	s.must(err)
	s.must(leader.Kill())
	second, err := s.Leader(s.ctx)
	s.must(err)
	s.writeEverywhere("without")
	s.must(leader.Start())
	s.must(s.WaitServing(s.ctx))
	s.writeEverywhere("after")
	s.Logf("server %d led, then %d", leader.ID, second.ID)
}

// The plot: TLS between servers of both kinds, with stores as keytool makes them. zoo
// leads first, then Java's server, with a follower of zoo's.
func TestServersOfBothKindsSpeakTLS(t *testing.T) {
	s := begin(t)
	s.serve([]int{2}, nil, append(s.stores("127.0.0.1"), "sslQuorum=true"))
	s.leadersOfBothKinds()
}

// The same by DIGEST-MD5, where Java leads first and then zoo, with a follower of Java's.
func TestServersOfBothKindsProveThemselvesByDigest(t *testing.T) {
	s := begin(t)
	s.serve([]int{1, 3}, []string{"java.security.auth.login.config=" + s.logins()}, saslOn)
	s.leadersOfBothKinds()
}

// The plot: an ensemble without TLS gets it one server at a time, in the three rounds of
// ZooKeeper's guide, and serves all the while. Server 2 is Java's.
func TestTLSIsIntroducedOneServerAtATime(t *testing.T) {
	s := begin(t)
	s.serve([]int{2}, nil, append(s.stores("127.0.0.1"), "portUnification=true"))
	s.writeEverywhere("plain")
	for _, round := range []string{"sslQuorum=true\nportUnification=true\n", "sslQuorum=true\n"} {
		for _, server := range s.Servers {
			s.must(server.Kill())
			s.rewrite(server, round)
			s.must(server.Start())
			s.must(s.WaitServing(s.ctx))
		}
		s.writeEverywhere(strings.ReplaceAll(strings.TrimSpace(round), "\n", "-"))
	}
}

// rewrite gives a server other settings of TLS.
func (s *story) rewrite(server *ensemble.Server, settings string) {
	s.Helper()
	name := filepath.Join(server.Home(), "zoo.cfg")
	text, err := os.ReadFile(name)
	s.must(err)
	var kept strings.Builder
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "sslQuorum") && !strings.HasPrefix(line, "portUnification") {
			kept.WriteString(line)
		}
	}
	s.must(os.WriteFile(name, []byte(kept.String()+settings), 0o600))
}
