package migrate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"zoo"
	"zoo/internal/core/quorum"
)

// Begin makes the state of a migration in which nothing is planned yet. Seen may be empty:
// then nobody was asked, and all are taken for Java's.
func Begin(members []Member, seen []Seen) *State {
	s := &State{Format: formatNow, Commands: usual}
	for i := range members {
		m := &members[i]
		server := Server{ID: m.ID, Config: m.File, There: m.File, DataDir: m.Config.DataDir,
			Observer: m.Observer(), Flags: m.Flags(), First: Java}
		server.Address, server.Secure = m.Address(members)
		if now, ok := of(seen, m.ID); ok && now.Kind != "" {
			server.First = now.Kind
		}
		s.Servers = append(s.Servers, server)
	}
	slices.SortFunc(s.Servers, func(a, b Server) int { return cmp.Compare(a.ID, b.ID) })
	return s
}

// Knows refuses members that are not the servers of the state.
func (s *State) Knows(members []Member) error {
	ids := map[zoo.ServerID]bool{}
	for i := range members {
		ids[members[i].ID] = true
		if s.server(members[i].ID) == nil {
			return fmt.Errorf("%w: server %d (%s) is not in it", ErrState, members[i].ID,
				members[i].File)
		}
	}
	if len(ids) != len(s.Servers) {
		return fmt.Errorf("%w: it has %d servers, and the zoo.cfg of %d were given", ErrState,
			len(s.Servers), len(ids))
	}
	return nil
}

func of(seen []Seen, id zoo.ServerID) (Seen, bool) {
	for _, now := range seen {
		if now.ID == id {
			return now, true
		}
	}
	return Seen{}, false
}

// Turn plans anew what comes behind the verified steps: every server that is not of the
// kind becomes it. What was planned before and not verified is forgotten; a server of the
// step under way may be of either kind, and comes first if it does not serve. Rule is who
// decides; nil is a standalone server.
func (s *State) Turn(to Kind, seen []Seen, rule *quorum.View) {
	s.halfway = 0
	kinds := s.underWay(to, seen)
	var steps []Step
	for i := range s.Servers {
		server := &s.Servers[i]
		if kinds[server.ID] == to {
			continue
		}
		step := Step{Server: server.ID, To: to, Role: s.role(server, seen)}
		step.Outage = rule == nil || !rule.Decides(func(id zoo.ServerID) bool {
			return id != server.ID
		})
		steps = append(steps, step)
	}
	slices.SortStableFunc(steps, func(a, b Step) int { return s.before(a, b, seen) })
	s.Steps = append(s.Steps[:s.Verified:s.Verified], steps...)
}

// underWay is whose each server is now, as far as it says, or else follows from the steps.
func (s *State) underWay(to Kind, seen []Seen) map[zoo.ServerID]Kind {
	kinds := s.Kinds(s.Verified)
	if s.Verified < len(s.Steps) {
		// Whoever is down in the middle of a step is to be started as what is wanted now.
		next := s.Steps[s.Verified]
		if now, ok := of(seen, next.Server); ok && now.Error != "" {
			kinds[next.Server], s.halfway = to.other(), next.Server
		}
	}
	for _, now := range seen {
		if now.Error == "" {
			kinds[now.ID] = now.Kind
		}
	}
	return kinds
}

func (s *State) role(server *Server, seen []Seen) string {
	now, asked := of(seen, server.ID)
	switch {
	case asked && now.Error != "":
		return "down"
	case asked:
		return now.Role
	case server.Observer:
		return "observer"
	}
	return ""
}

// before orders steps: who is down, observers, followers, the leader. Among those that are
// alike the lowest id is first, and on the way back whoever was replaced last; when nobody
// told who leads, the voter with the highest id is taken for the leader, which it is after
// a common start.
func (s *State) before(a, b Step, seen []Seen) int {
	rank := func(step Step) int {
		return slices.Index([]string{"down", "observer", "follower", "", "leader"}, step.Role)
	}
	return cmp.Or(cmp.Compare(rank(a), rank(b)),
		cmp.Compare(s.replaced(b), s.replaced(a)), cmp.Compare(a.Server, b.Server))
}

// replaced is the number of the verified step that brought the server where a step begins;
// 0 if none did, so that on the way there only the ids count.
func (s *State) replaced(step Step) int {
	for i := s.Verified - 1; i >= 0; i-- {
		if s.Steps[i].Server == step.Server && s.Steps[i].To != step.To {
			return i + 1
		}
	}
	return 0
}

// Back is the way back once all of the plan has been done.
func (s *State) Back(rule *quorum.View) []Step {
	to := Java
	if n := len(s.Steps); n > 0 {
		to = s.Steps[n-1].To.other()
	}
	done := *s
	done.Verified, done.Steps = len(s.Steps), slices.Clone(s.Steps)
	done.Turn(to, nil, rule)
	return done.Steps[done.Verified:]
}

// Ready finds why the next step must not be taken now: while it is done one server does
// not serve, so all others have to. The one that Turn found down in the middle of a step
// need not, it is the next.
func (s *State) Ready(seen []Seen) []Finding {
	var found []Finding
	for _, now := range seen {
		if now.serves() || now.ID == s.halfway {
			continue
		}
		why := cmp.Or(now.Error, "it is "+now.Role)
		found = append(found, Finding{SeverityProblem, []string{fmt.Sprint(now.ID)}, "",
			"it does not serve: " + why,
			"bring it back before any other is stopped: the ensemble could lose its quorum"})
	}
	if len(found) == 0 {
		found = s.oneLeader(seen)
	}
	return append(found, s.outages()...)
}

// oneLeader finds a number of leaders other than one.
func (s *State) oneLeader(seen []Seen) []Finding {
	var leaders []string
	for _, now := range seen {
		if now.leads() {
			leaders = append(leaders, fmt.Sprint(now.ID))
		}
	}
	switch {
	case len(leaders) == 1 || len(seen) == 0:
		return nil
	case len(leaders) == 0:
		return []Finding{{Severity: SeverityProblem, Text: "no server leads",
			Advice: "ask again when the election is over; if there is none, see that the " +
				"zoo.cfg of every server was given"}}
	}
	return []Finding{{SeverityProblem, leaders, "", "more than one server leads",
		"see that all zoo.cfg are of one ensemble, and ask again when the election is over"}}
}

// outages tells of steps that cost the quorum.
func (s *State) outages() []Finding {
	var who []string
	for _, step := range s.Steps[s.Verified:] {
		if step.Outage {
			who = append(who, fmt.Sprint(step.Server))
		}
	}
	if len(who) == 0 {
		return nil
	}
	return []Finding{{SeverityWarning, nil, "",
		"there is no quorum while server " + strings.Join(who, ", ") + " is replaced",
		"be quicker than the session timeouts, or add servers to the ensemble before"}}
}
