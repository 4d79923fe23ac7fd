package clients

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"zoo/test/ensemble"
)

// The plot: a follower dies, and the others write on without it. Then all are lost, and
// only the follower's disk is left. It becomes the first server of a new ensemble, with
// all that it had, and new writes. Then an old member turns up with its old disk, on which
// there is more. It joins the new ensemble and must follow: what only the old one knew is
// gone on both.
func TestANewEnsembleBeginsWithASurvivor(t *testing.T) {
	if againstJava() {
		t.Skip("Java's server has no such command")
	}
	s := begin(t)
	survivor, other := s.followers()[0], s.leader()
	c := s.dial(sessionTimeout, survivor)
	s.at(c, survivor)
	s.create(c, "/kept", "1", 0)
	c.Close()
	s.settle()
	s.must(survivor.Kill())
	c = s.dial(sessionTimeout, other)
	s.create(c, "/lost", "1", 0)
	c.Close()
	s.must(s.Close())

	s.recover(survivor)
	s.restartAlone(survivor)
	c = s.dial(sessionTimeout, survivor)
	s.wantText(c, "/kept", "1")
	s.create(c, "/new", "1", 0)
	c.Close()
	s.must(survivor.Kill())

	s.joinTwo(survivor, other)
	for _, server := range []*ensemble.Server{survivor, other} {
		c = s.dial(sessionTimeout, server)
		s.wantText(c, "/kept", "1")
		s.wantText(c, "/new", "1")
		if found, _, err := c.Exists("/lost"); err != nil || found {
			t.Errorf("server %d holds what only the old ensemble knew: %v", server.ID, err)
		}
		c.Close()
	}
}

// recover makes the configuration and the data of a server those of a new ensemble, after
// a dry run that must change nothing.
func (s *story) recover(survivor *ensemble.Server) {
	s.Helper()
	file := filepath.Join(survivor.Home(), "zoo.cfg")
	before := s.dataOf(survivor)
	said := s.zoo("recover", file)
	if s.dataOf(survivor) != before || !strings.Contains(said, "Nothing was changed") {
		s.Fatalf("the dry run changed something, or did not say what it is:\n%s", said)
	}
	s.zoo("recover", "--execute", file)
	s.must(os.Rename(file+".recovered", file))
}

func (s *story) wantText(c *guest, path, want string) {
	s.Helper()
	data, _, err := c.Get(path)
	s.must(err)
	if string(data) != want {
		s.Errorf("%s holds %q, want %q", path, data, want)
	}
}

// zoo runs the program to its end and returns what it said.
func (s *story) zoo(args ...string) string {
	s.Helper()
	out, err := exec.CommandContext(s.ctx, binary, args...).CombinedOutput()
	if err != nil {
		s.Fatalf("zoo %q: %v\n%s", args, err, out)
	}
	s.Logf("zoo %q:\n%s", args, out)
	return string(out)
}

// dataOf lists the files of a server with their sizes and times.
func (s *story) dataOf(server *ensemble.Server) string {
	s.Helper()
	var b strings.Builder
	s.must(filepath.Walk(server.Home(), func(path string, info os.FileInfo, err error) error {
		if err == nil {
			fmt.Fprintln(&b, path, info.Size(), info.ModTime())
		}
		return err
	}))
	return b.String()
}

func (s *story) restartAlone(server *ensemble.Server) {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.ctx, startLimit)
	defer cancel()
	s.must(server.Start())
	s.must(server.WaitServing(ctx))
}

// joinTwo writes an ensemble of two into the files of both, and starts them.
func (s *story) joinTwo(first, second *ensemble.Server) {
	s.Helper()
	var members []string
	for _, server := range []*ensemble.Server{first, second} {
		members = append(members, s.serverLine(second, server.ID))
	}
	for _, server := range []*ensemble.Server{first, second} {
		file := filepath.Join(server.Home(), "zoo.cfg")
		text, err := os.ReadFile(file)
		s.must(err)
		var lines []string
		for line := range strings.Lines(string(text)) {
			if !strings.HasPrefix(line, "server.") {
				lines = append(lines, line)
			}
		}
		s.must(os.WriteFile(file, []byte(strings.Join(append(lines, members...), "")), 0o600))
		s.must(server.Start())
	}
	ctx, cancel := context.WithTimeout(s.ctx, startLimit)
	defer cancel()
	s.must(first.WaitServing(ctx))
	s.must(second.WaitServing(ctx))
}

// serverLine is the line about a member in another server's file.
func (s *story) serverLine(in *ensemble.Server, id int) string {
	s.Helper()
	text, err := os.ReadFile(filepath.Join(in.Home(), "zoo.cfg"))
	s.must(err)
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, fmt.Sprintf("server.%d=", id)) {
			return line
		}
	}
	s.Fatalf("server %d does not know server %d", in.ID, id)
	return ""
}
