package mixed

import (
	"strings"
	"testing"

	"zoo/test/ensemble"
)

// The plot: beside a server of Java's none of ours is drained, whether it leads or follows,
// since nobody knows whether Java's takes clients. A client stays where it is. When Java's
// server has become one of ours the same drain is granted.
func TestNobodyIsDrainedBesideAServerOfJavas(t *testing.T) {
	s := plan(t, makeUp{voters: "ZJZ", leader: ours})
	s.beginLedBy(ours)
	c := s.dial(sessionTimeout, s.Servers[0])
	s.create(c, "/hers", "", 1)
	for _, server := range []*ensemble.Server{s.Servers[2], s.Servers[0]} {
		s.refusesToDrain(server, "a server that is written in Java does not say")
	}
	s.wantData(c, "/hers", "")
	if c.Server() != s.Servers[0].Address() || c.expired.Load() {
		t.Errorf("the client is at %s", c.Server())
	}

	java := s.Servers[1]
	s.kills(java)
	s.kinds[1] = ours
	java.Become(ours.program())
	s.starts(java)
	s.must(s.Servers[0].Operate(s.ctx, "member_drain"))
}

func (s *story) refusesToDrain(server *ensemble.Server, why string) {
	s.Helper()
	err := server.Operate(s.ctx, "member_drain")
	if err == nil || !strings.Contains(err.Error(), why) {
		s.Errorf("server %d is asked to drain: %v", server.ID, err)
	}
}

// The plot: one of Java's leads, and is no one to ask.
func TestNobodyIsDrainedUnderALeaderOfJavas(t *testing.T) {
	onlyWithAll(t)
	s := plan(t, makeUp{voters: "ZZJ", leader: javas})
	s.beginLedBy(javas)
	for _, server := range s.Servers[:2] {
		s.refusesToDrain(server, "a server that is written in Java leads")
	}
}
