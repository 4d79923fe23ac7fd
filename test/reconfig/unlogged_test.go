package reconfig

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"zoo/client"
	"zoo/test/ensemble"
)

// The plot: an observer with syncEnabled=false joins, and what is written meanwhile is on
// the disks of others only. It is promoted, and one of the founders goes: the ensemble
// needs the new voter now. All are killed, and what was written in either role is there.
func TestAnObserverWithALogInMemoryIsPromoted(t *testing.T) {
	s := begin(t, "syncEnabled=false")
	founders, joiner := s.Servers[:3], s.Servers[3]
	s.role(joiner, "follower") // without a vote
	_, err := s.member("add", []string{joiner.Line("observer")}, founders...)
	s.must(err)
	s.role(joiner, "observer")
	before := s.logs(joiner.Home())
	s.create(joiner, "/observed")
	if after := s.logs(joiner.Home()); strings.Contains(after, "/observed") || after != before {
		t.Error("an observer has logged what it heard")
	}

	_, err = s.member("promote", []string{"4"}, founders...)
	s.must(err)
	s.role(joiner, "follower")
	s.must(joiner.WaitServing(s.ctx))
	s.must(founders[0].Kill())
	s.create(joiner, "/voted")
	if !strings.Contains(s.logs(joiner.Home()), "/voted") {
		t.Error("a voter has no log")
	}

	for _, server := range s.Servers[1:] {
		s.must(server.Kill())
	}
	for _, server := range s.Servers[1:] {
		s.must(server.Start())
	}
	for _, server := range s.Servers[1:] {
		s.must(server.WaitServing(s.ctx))
	}
	c := s.dial(joiner)
	for _, path := range []string{"/observed", "/voted"} {
		if found, err := c.Exists(s.ctx, path, nil); err != nil || found.Czxid == 0 {
			t.Errorf("%s is gone: %v", path, err)
		}
	}
	s.must(c.Close(s.ctx))
}

// create makes a znode at a server.
func (s *story) create(server *ensemble.Server, path string) {
	s.Helper()
	c := s.dial(server)
	_, err := c.Create(s.ctx, path, nil, client.CreateOptions{})
	s.must(err)
	s.must(c.Close(s.ctx))
}

// logs is all that a server has logged.
func (s *story) logs(home string) string {
	s.Helper()
	var all strings.Builder
	s.must(filepath.WalkDir(home, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasPrefix(d.Name(), "log.") {
			return err
		}
		content, err := os.ReadFile(path)
		all.Write(content)
		return err
	}))
	return all.String()
}
