package clients

import (
	"errors"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"zoo/test/ensemble"
)

// shortTimeout is near the shortest that the servers grant.
const shortTimeout = 1500 * time.Millisecond

// A client dies without a word. Its ephemerals go, through whatever server it had
// come, and a watcher hears of it; those of a client that lives stay.
func TestEphemeralsVanishAfterTheirClientDied(t *testing.T) {
	s := begin(t)
	witness := s.dial(sessionTimeout, s.leader())
	s.create(witness, "/alive", "", zk.FlagEphemeral)
	s.eachRole(func(s *story, server *ensemble.Server) {
		path := home(s.T, server)
		mortal := s.dial(shortTimeout, server)
		s.create(mortal, path, "", zk.FlagEphemeral)
		s.create(mortal, path+"-seq-", "", zk.FlagEphemeral|zk.FlagSequence)
		_, err := witness.Sync("/")
		s.must(err)
		found, _, death, err := witness.ExistsW(path)
		s.must(err)
		if !found {
			s.Fatalf("%s is not there", path)
		}
		begun := time.Now()
		mortal.line.cut()
		s.wantEvent(death, zk.EventNodeDeleted, path)
		if lived := time.Since(begun); lived < shortTimeout/2 {
			s.Errorf("it was gone after %v; the session had %v", lived, shortTimeout)
		}
		names, _, err := witness.Children("/")
		s.must(err)
		for _, name := range names {
			if "/"+name == path+"-seq-0000000000" {
				s.Errorf("%s has outlived its owner", name)
			}
		}
	})
	s.wantData(witness, "/alive", "")
}

// A client that says goodbye takes its ephemerals with it at once.
func TestEphemeralsVanishWhenTheirClientLeaves(t *testing.T) {
	s := begin(t)
	witness := s.dial(sessionTimeout, s.leader())
	s.eachRole(func(s *story, server *ensemble.Server) {
		path := home(s.T, server)
		c := s.dial(sessionTimeout, server)
		s.create(c, path, "", zk.FlagEphemeral)
		_, err := witness.Sync("/")
		s.must(err)
		c.Close()
		s.wantGone(witness, path)
	})
}

// A client that comes back too late is told so, and begins a new session.
func TestExpiredSessionIsNotTakenUpAgain(t *testing.T) {
	s := begin(t)
	witness := s.dial(sessionTimeout, s.leader())
	c := s.dial(shortTimeout, s.followers()[0])
	s.create(c, "/mine", "", zk.FlagEphemeral)
	before := c.SessionID()
	c.line.cut()
	_, err := witness.Sync("/")
	s.must(err)
	s.wantGone(witness, "/mine")
	c.line.mend()
	s.state(c, zk.StateExpired)
	_, _, err = c.Exists("/mine")
	for errors.Is(err, zk.ErrSessionExpired) || errors.Is(err, zk.ErrConnectionClosed) ||
		errors.Is(err, zk.ErrNoServer) {
		_, _, err = c.Exists("/mine")
	}
	s.must(err)
	if c.SessionID() == before {
		t.Error("the session has come back from the dead")
	}
}

// The server that a client is connected to is killed. The session goes on at
// another, with its ephemeral, its credentials and its watch.
func TestSessionSurvivesTheDeathOfItsServer(t *testing.T) {
	s := begin(t)
	writer := s.dial(sessionTimeout, s.leader())
	for _, first := range []*ensemble.Server{s.followers()[0], s.observer()} {
		second := s.followers()[1]
		s.survive(writer, first, second, home(t, first))
		s.restart(first)
	}
}

func (s *story) survive(writer *guest, first, second *ensemble.Server, path string) {
	s.Helper()
	c := s.dial(sessionTimeout, first, second)
	s.at(c, first)
	s.must(c.AddAuth("digest", []byte("ann:secret")))
	_, err := c.Create(path, []byte("hers"), zk.FlagEphemeral, zk.AuthACL(zk.PermAll))
	s.must(err)
	_, _, watch, err := c.ExistsW(path + "-sign")
	s.must(err)
	session := c.SessionID()
	s.must(first.Kill())
	s.create(writer, path+"-sign", "", 0)
	s.wantEvent(watch, zk.EventNodeCreated, path+"-sign")
	s.wantData(c, path, "hers")
	if _, err := c.Set(path, []byte("still hers"), -1); err != nil {
		s.Errorf("write after the move: %v", err)
	}
	if c.SessionID() != session || c.Server() != second.Address() {
		s.Errorf("session %#x at %s, was %#x", c.SessionID(), c.Server(), session)
	}
	c.Close()
}

// at moves a guest to the server: go-zookeeper chooses one by lot.
func (s *story) at(c *guest, server *ensemble.Server) {
	s.Helper()
	for {
		_, _, err := c.Exists("/")
		if err == nil && c.Server() == server.Address() {
			return
		}
		if s.ctx.Err() != nil {
			s.Fatalf("never at server %d", server.ID)
		}
		if err == nil {
			c.line.cut()
			c.line.mend()
		}
	}
}
