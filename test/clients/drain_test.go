package clients

import (
	"testing"

	"github.com/go-zookeeper/zk"

	"zoo/test/ensemble"
)

// The plot: the server of a Go client is drained, a follower first, then an observer, then the
// leader. The client goes on at another server with its session, its ephemeral and its watch,
// and is told of nothing but a disconnection.
func TestAGoClientGoesOnWhenItsServerIsDrained(t *testing.T) {
	if againstJava() {
		t.Skip("Java's server cannot be drained")
	}
	s := begin(t)
	second := s.followers()[1]
	for _, first := range []*ensemble.Server{s.followers()[0], s.observer(), s.leader()} {
		s.passOn(first, second, home(t, first))
		s.must(first.Operate(s.ctx, "member_undrain"))
	}
}

func (s *story) passOn(first, second *ensemble.Server, path string) {
	s.Helper()
	c := s.dial(sessionTimeout, first, second)
	s.at(c, first)
	s.create(c, path, "hers", zk.FlagEphemeral)
	_, _, watch, err := c.ExistsW(path + "-sign")
	s.must(err)
	session := c.SessionID()
	for len(c.seen) > 0 {
		<-c.seen
	}
	s.must(first.Operate(s.ctx, "member_drain"))
	s.returns(c)
	s.create(c, path+"-sign", "", 0)
	s.wantEvent(watch, zk.EventNodeCreated, path+"-sign")
	s.wantData(c, path, "hers")
	if c.SessionID() != session || c.Server() != second.Address() {
		s.Errorf("session %#x at %s, was %#x", c.SessionID(), c.Server(), session)
	}
	c.Close()
}

// returns waits until a guest that rests has its session again.
func (s *story) returns(c *guest) {
	s.Helper()
	for {
		select {
		case e := <-c.seen:
			switch e.State {
			case zk.StateHasSession:
				return
			case zk.StateExpired:
				s.Fatal("the session has expired")
			}
		case <-s.ctx.Done():
			s.Fatal("the client finds no server")
		}
	}
}
