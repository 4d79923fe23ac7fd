package mixed

import (
	"os"
	"slices"
	"strings"
	"testing"

	"zoo/test/ensemble"
)

// makeUp is who is who in an ensemble: the voters, the observers, who comes later, and who
// leads first.
type makeUp struct {
	voters, observers, joiners string
	leader                     kind
	// apart gives each server an address of its own.
	apart bool
	// always says that the row is played whenever the tests are.
	always bool
}

// String is such as JJZ+JZ-led-by-J.
func (m makeUp) String() string {
	var b strings.Builder
	b.WriteString(m.voters)
	if m.observers != "" {
		b.WriteString("+" + m.observers)
	}
	if m.joiners != "" {
		b.WriteString("-then-" + m.joiners)
	}
	b.WriteString("-led-by-" + string(m.leader))
	return b.String()
}

// makeUps are all of three voters, of five with one to four of ours at either end of
// the ids, and observers of either kind under leaders of either kind.
var makeUps = []makeUp{
	{voters: "JJZ", leader: javas},
	{voters: "JJZ", leader: ours, always: true},
	{voters: "JZJ", leader: javas},
	{voters: "JZJ", leader: ours},
	{voters: "ZJJ", leader: javas},
	{voters: "ZJJ", leader: ours},
	{voters: "JZZ", leader: javas},
	{voters: "JZZ", leader: ours},
	{voters: "ZJZ", leader: javas},
	{voters: "ZJZ", leader: ours},
	{voters: "ZZJ", leader: javas, always: true},
	{voters: "ZZJ", leader: ours},
	{voters: "JJZ", observers: "JZ", leader: javas, always: true},
	{voters: "JJZ", observers: "JZ", leader: ours},
	{voters: "JZZ", observers: "JZ", leader: javas},
	{voters: "JZZ", observers: "JZ", leader: ours},
	{voters: "JJJ", observers: "ZZ", leader: javas},
	{voters: "ZZZ", observers: "JJ", leader: ours},
	{voters: "JZZZZ", leader: javas},
	{voters: "JZZZZ", leader: ours},
	{voters: "ZZJJZ", leader: javas},
	{voters: "ZZJJZ", leader: ours},
	{voters: "JZJZJ", leader: javas},
	{voters: "JZJZJ", leader: ours},
	{voters: "JJJJZ", leader: javas},
	{voters: "JJJJZ", leader: ours},
	{voters: "ZJZJZ", observers: "JZ", leader: javas},
	{voters: "ZJZJZ", observers: "JZ", leader: ours},
}

// envMixed is set to all by make mixed.
const envMixed = "ZOO_MIXED"

func playsAll() bool { return os.Getenv(envMixed) == "all" }

// onlyWithAll leaves out a story for which make test has no time.
func onlyWithAll(t *testing.T) {
	t.Helper()
	if !playsAll() {
		t.Skip("make mixed plays it")
	}
}

// The plot: an ensemble whose members are servers of Java's and ours works through every
// one of them. Then clients write without pause while each server is killed and comes
// back, the leader first. In the end nothing that was acknowledged is lost, every
// session that could be kept was, and all servers hold the same tree.
func TestMembersOfEitherKindAreOneEnsemble(t *testing.T) {
	for _, m := range makeUps {
		if !m.always && !playsAll() {
			continue
		}
		t.Run(m.String(), func(t *testing.T) {
			s := plan(t, m)
			s.beginLedBy(m.leader)
			s.work()
			s.extensions()
			s.oneTree()
			s.survive()
		})
	}
}

// beginLedBy starts all so that a server of the kind leads. Of a bare quorum without a
// history the voter with the highest id does; where there are too few below it, it must
// have a longer history.
func (s *story) beginLedBy(k kind) {
	s.Helper()
	voters := s.voters()
	at := lastIndex(voters, func(v *ensemble.Server) bool { return s.kind(v) == k })
	half := len(voters) / 2
	if at < half {
		s.starts(voters[:half+1]...)
		s.letLead(voters[at])
	} else {
		s.starts(append(slices.Clone(voters[:half]), voters[at])...)
	}
	s.startRest()
	if leader := s.leader(); s.kind(leader) != k {
		s.Fatalf("server %d (%c) leads", leader.ID, s.kind(leader))
	}
}

func (s *story) startRest() {
	s.Helper()
	s.starts(slices.DeleteFunc(slices.Clone(s.Servers), isRunning)...)
}

func isRunning(server *ensemble.Server) bool { return !server.Ended() }

// letLead makes a voter, which runs with no more than a quorum, the leader: it knows
// the last write, and those that it meets do not.
func (s *story) letLead(next *ensemble.Server) {
	s.Helper()
	others := slices.DeleteFunc(s.voters(), func(v *ensemble.Server) bool { return v == next })
	late := slices.DeleteFunc(slices.Clone(others), isRunning)
	c := s.dial(sessionTimeout, next)
	s.create(c, "/ahead", "", 0)
	c.Close()
	s.kills(others...)
	s.starts(late...)
	s.must(next.WaitServing(s.ctx))
}

func lastIndex[T any](all []T, is func(T) bool) int {
	for i := len(all) - 1; i >= 0; i-- {
		if is(all[i]) {
			return i
		}
	}
	return -1
}

func (s *story) voters() []*ensemble.Server {
	return slices.DeleteFunc(slices.Clone(s.Servers), func(v *ensemble.Server) bool {
		return v.Observer
	})
}
