package mixed

import (
	"testing"

	"zoo/test/ensemble"
)

// The plot: a reconfiguration gives a server other ports for its peers, first a follower,
// then the leader, while clients write. Whoever moves opens the new ports and is reached
// there, by servers of its kind and of the other. In the end each restarts with what its
// files say.
func TestServersMoveToOtherPorts(t *testing.T) {
	for _, m := range []makeUp{
		{voters: "ZZZ", leader: ours, always: true},
		{voters: "JZZ", leader: javas},
		{voters: "JZZ", leader: ours},
		{voters: "JJZ", leader: javas},
		{voters: "JJZ", leader: ours},
	} {
		if !m.always && !playsAll() {
			continue
		}
		t.Run(m.String(), func(t *testing.T) {
			s := plan(t, m, reconfigLines...)
			s.beginLedBy(m.leader)
			h := s.startWriting()
			for _, server := range append(s.followers()[:1:1], s.leader()) {
				s.relocate(h, server)
			}
			s.verify(h, nil)
			s.kills(s.Servers...)
			s.starts(s.Servers...)
			c := s.dial(sessionTimeout, s.Servers...)
			s.create(c, "/afterwards", "", 0)
			c.Close()
			s.oneTree()
		})
	}
}

// relocate gives a server other ports. Old connections may outlive that, so that it is killed
// and comes back, to be reached at the new ones.
func (s *story) relocate(h *history, server *ensemble.Server) {
	s.Helper()
	s.must(server.Move())
	s.reform(h, server.Line("participant"), "", "1 2 3")
	s.kills(server)
	h.progress(s)
	s.starts(server)
	h.progress(s)
	s.Logf("server %d (%c) has moved", server.ID, s.kind(server))
}
