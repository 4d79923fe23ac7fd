package mixed

import (
	"os"
	"strings"
	"testing"

	"zoo/test/ensemble"
)

// alwaysSnap makes Java's leader send its tree to every learner, fuzzy as it is under load,
// and say DIFF or TRUNC to none.
const alwaysSnap = "-Dzookeeper.forceSnapshotSync=true"

// The plot: Java's leader sends its tree to whoever comes, while clients write. So what
// our learners load holds some transactions that they hear of again.
func TestLearnersAreSentJavasTreeUnderLoad(t *testing.T) {
	s := plan(t, makeUp{voters: "JZJ", observers: "Z"})
	for _, server := range s.Servers {
		if s.kind(server) == javas {
			server.Become(javas.program(alwaysSnap))
		}
	}
	s.beginLedBy(javas)
	h := s.startWriting()
	h.progress(s)
	leader := s.leader()
	for range 3 {
		for _, server := range s.Servers {
			if s.kind(server) == ours {
				s.kills(server)
				s.starts(server)
				h.progress(s)
			}
		}
	}
	if s.leader() != leader {
		t.Error("the leader has changed")
	}
	s.verify(h, nil)
	s.wantInLogs(ours, "leader sent SNAP")
}

// The plot: a leader logs what nobody else hears of, and dies. The others go on, under a
// leader of the other kind; when the first one comes back, it is cut back or sent the
// tree, and nobody holds what was never acknowledged.
func TestWhatOnlyADeadLeaderKnewIsCutOff(t *testing.T) {
	onlyWithAll(t)
	for _, first := range []kind{javas, ours} {
		t.Run(string(first), func(t *testing.T) {
			voters := "JZ" + string(first)
			s := plan(t, makeUp{voters: voters})
			s.beginLedBy(first)
			leader := s.leader()
			s.cutOff(leader)
			s.work()
			s.oneTree()
		})
	}
}

// cutOff lets the leader write alone and die.
func (s *story) cutOff(leader *ensemble.Server) {
	s.Helper()
	var others []*ensemble.Server
	for _, server := range s.Servers {
		if server != leader {
			others = append(others, server)
		}
	}
	c := s.dial(sessionTimeout, leader)
	s.create(c, "/kept", "", 0)
	s.kills(others...)
	if _, err := c.Create("/lost", nil, 0, everyone()); err == nil {
		s.Fatal("a leader without a quorum has acknowledged a write")
	}
	c.Close()
	s.kills(leader)
	s.starts(others...)
	c = s.dial(sessionTimeout, others...)
	s.create(c, "/after", "", 0)
	c.Close()
	s.starts(leader)
	tree := s.oneTree()
	if _, found := tree["/kept"]; !found || tree["/after"] == "" {
		s.Error("an acknowledged write is gone")
	}
	if _, found := tree["/lost"]; found {
		s.Error("what nobody acknowledged is there")
	}
}

// wantInLogs fails unless each server of the kind has written the text.
func (s *story) wantInLogs(k kind, text string) {
	s.Helper()
	for _, server := range s.Servers {
		if s.kind(server) != k {
			continue
		}
		log, err := os.ReadFile(server.LogFile())
		s.must(err)
		if !strings.Contains(string(log), text) {
			s.Errorf("server %d does not tell %q", server.ID, text)
		}
	}
}

// The plot: sessions are their servers' own until they need to be the ensemble's. Servers
// of either kind ask a leader of either kind for that.
func TestLocalSessionsAreUpgradedUnderLeadersOfEitherKind(t *testing.T) {
	onlyWithAll(t)
	for _, leader := range []kind{javas, ours} {
		t.Run(string(leader), func(t *testing.T) {
			s := plan(t, makeUp{voters: "JZ" + string(leader), observers: "JZ"},
				"localSessionsEnabled=true", "localSessionsUpgradingEnabled=true")
			s.beginLedBy(leader)
			s.work()
			s.oneTree()
		})
	}
}
