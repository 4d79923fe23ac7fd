package migrate

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"zoo"
)

// Outcome is what one question came to.
type Outcome string

// The outcomes. Untold is what could not be looked at; a step is good without it, since
// no server must answer more than srvr, but the operator is told.
const (
	Good   Outcome = "ok"
	Bad    Outcome = "problem"
	Untold Outcome = "untold"
)

// Answer is one question of a verification with what was found.
type Answer struct {
	Outcome Outcome `json:"outcome"`
	// Subject is servers, kinds, leader, zxid, tree, digest or sessions.
	Subject string `json:"subject"`
	Text    string `json:"text"`
	Advice  string `json:"advice,omitempty"`
}

// Verification is what a step is judged by.
type Verification struct {
	Step    int      `json:"step"`
	Steps   int      `json:"steps"`
	Answers []Answer `json:"answers"`
}

// Good tells whether the plan may go on.
func (v *Verification) Good() bool {
	return !slices.ContainsFunc(v.Answers, func(a Answer) bool { return a.Outcome == Bad })
}

// Evidence is what was seen of the ensemble after a step.
type Evidence struct {
	Seen []Seen
	// Compared is nil if the trees were not to be read.
	Compared *Comparison
	// EndsExpected takes it that sessions which expired were to do so.
	EndsExpected bool
}

// Judge verifies a step, from 0, the ensemble before the first one, to all of them.
func (s *State) Judge(step int, e Evidence) Verification {
	v := Verification{Step: step, Steps: len(s.Steps)}
	v.Answers = append(v.Answers, s.judgeServers(e), s.judgeKinds(step, e), s.judgeLeader(e))
	if e.Compared != nil {
		v.Answers = append(v.Answers, s.judgeZxid(e), judgeTree(e.Compared))
	}
	v.Answers = append(v.Answers, judgeDigests(e), s.judgeSessions(step, e))
	return v
}

// Whole tells whether the servers can be compared: all of them serve, each is of the kind
// that the step wants, and the leader has its learners in sync.
func (s *State) Whole(step int, e Evidence) bool {
	for _, a := range []Answer{s.judgeServers(e), s.judgeKinds(step, e), s.judgeLeader(e)} {
		if a.Outcome == Bad {
			return false
		}
	}
	return true
}

func (s *State) judgeServers(e Evidence) Answer {
	var have, lack []string
	for _, now := range e.Seen {
		if now.serves() {
			have = append(have, fmt.Sprintf("%d %s %s", now.ID, now.Kind, now.Role))
			continue
		}
		why := now.Error
		if why == "" {
			why = "it is " + now.Role
		}
		lack = append(lack, fmt.Sprintf("server %d: %s", now.ID, why))
	}
	if len(lack) > 0 {
		return Answer{Bad, "servers", strings.Join(lack, "; "), "read the log of that server, " +
			"and start it; until it serves no other one must be stopped"}
	}
	return Answer{Good, "servers", "all serve: " + strings.Join(have, ", "), ""}
}

func (s *State) judgeKinds(step int, e Evidence) Answer {
	var wrong, have []string
	kinds := s.Kinds(step)
	for _, now := range e.Seen {
		if now.Error == "" && now.Kind != kinds[now.ID] {
			wrong = append(wrong, fmt.Sprintf("server %d is %s, and %s after step %d",
				now.ID, now.Kind, kinds[now.ID], step))
		}
		if now.Error == "" {
			have = append(have, fmt.Sprintf("%d %s", now.ID, now.Kind))
		}
	}
	if len(have) < len(e.Seen) && len(wrong) == 0 {
		return Answer{Untold, "kinds", "not every server says whose it is", ""}
	}
	if len(wrong) > 0 {
		return Answer{Bad, "kinds", strings.Join(wrong, "; "), "do the step as planned, or give " +
			"--step the number of the step that was done"}
	}
	return Answer{Good, "kinds", "as planned: " + strings.Join(have, ", "), ""}
}

// judgeLeader wants one leader with all learners in sync. What Java's leader does not
// tell follows from its learners: a follower has its role only once it was synchronised.
func (s *State) judgeLeader(e Evidence) Answer {
	var leaders []Seen
	followers, observers := 0, 0
	for i := range s.Servers {
		now, _ := of(e.Seen, s.Servers[i].ID)
		switch {
		case now.leads():
			leaders = append(leaders, now)
		case s.Servers[i].Observer:
			observers++
		default:
			followers++
		}
	}
	if len(leaders) != 1 {
		return Answer{Bad, "leader", fmt.Sprintf("%d servers lead", len(leaders)),
			"wait for the end of the election and verify again; if none ends, see the logs of " +
				"the servers about the election"}
	}
	l := leaders[0]
	text := fmt.Sprintf("server %d, in sync: %d of %d followers", l.ID, l.Followers, followers)
	if l.Observers >= 0 && observers > 0 {
		text += fmt.Sprintf(", %d of %d observers", l.Observers, observers)
	}
	switch {
	case l.Role == "standalone":
		return Answer{Good, "leader", "none is needed: it is standalone", ""}
	case l.Followers < 0:
		return Answer{Untold, "leader", fmt.Sprintf("server %d does not answer mntr: that "+
			"learners are in sync follows from their roles", l.ID), ""}
	case l.Followers != followers || l.Observers >= 0 && l.Observers != observers:
		return Answer{Bad, "leader", text,
			"wait until the others have caught up, and verify again"}
	}
	return Answer{Good, "leader", text, ""}
}

func (s *State) judgeZxid(e Evidence) Answer {
	c := e.Compared
	if len(c.Errors) > 0 {
		return Answer{Bad, "zxid", strings.Join(c.Errors, "; "), "see why that server does not " +
			"answer a client, and verify again"}
	}
	return Answer{Good, "zxid", fmt.Sprintf("each of %d servers has applied %v",
		len(c.Compared), c.Zxid), ""}
}

func judgeTree(c *Comparison) Answer {
	text := fmt.Sprintf("%d znodes are the same on every server: data, Stat, ACL, children",
		c.Znodes-c.Different-c.Moving)
	if c.Unreadable > 0 {
		text += fmt.Sprintf("; of %d not all could be read, for want of permissions", c.Unreadable)
	}
	if c.Moving > 0 {
		text += fmt.Sprintf("; %d changed each time they were read", c.Moving)
	}
	switch {
	case c.Different > 0:
		text = fmt.Sprintf("%d znodes differ: %s", c.Different, strings.Join(c.Differences, "; "))
		return Answer{Bad, "tree", text, "do not go on. Stop the server that differs, put its " +
			"version-2 directory aside, leave myid, and start it: it fetches all from the " +
			"leader. Keep what was put aside"}
	case len(c.Errors) > 0:
		return Answer{Untold, "tree", "not every server could be read", ""}
	case len(c.Compared) < 2:
		return Answer{Untold, "tree", "there is one server only, nothing to compare it with", ""}
	}
	return Answer{Good, "tree", text, ""}
}

// judgeDigests looks at what the servers found themselves: each compares the digest in
// every transaction with that of its own tree.
func judgeDigests(e Evidence) Answer {
	var differ, silent []string
	for _, now := range e.Seen {
		if now.Mismatches > 0 {
			differ = append(differ, fmt.Sprintf("server %d has found %d", now.ID, now.Mismatches))
		}
		if now.Mismatches < 0 {
			silent = append(silent, fmt.Sprint(now.ID))
		}
	}
	text := "no server has found a transaction after which its digest differs"
	if c := e.Compared; c != nil && c.DigestsDiffer > 0 {
		differ = append(differ, fmt.Sprintf("the admin servers' hash differs at %d zxids",
			c.DigestsDiffer))
	} else if c != nil && c.Digests > 0 {
		text += fmt.Sprintf(", and the admin servers' hash is equal at %d zxids", c.Digests)
	}
	switch {
	case len(differ) > 0:
		return Answer{Bad, "digest", "other digests: " + strings.Join(differ, ", "),
			"do not go on. If the tree is the same everywhere the difference is from before: " +
				"restart that server, which counts anew. If not, do as with a tree that differs"}
	case len(silent) > 0:
		return Answer{Untold, "digest", "server " + strings.Join(silent, ",") +
			" does not tell its digests in mntr", ""}
	}
	return Answer{Good, "digest", text, ""}
}

// own tells whether a session is one of those that read the trees: a learner may not have
// heard yet that it was closed.
func (e Evidence) own(id zoo.SessionID) bool {
	return e.Compared != nil && slices.Contains(e.Compared.Own, id)
}

// tellers are the ensemble's sessions as all servers that tell them do. Java's leader
// leaves one out that it moves to another instant of expiry just then.
func tellers(e Evidence) (sessions []zoo.SessionID, told bool) {
	for _, now := range e.Seen {
		told = told || now.Sessions != nil
		sessions = append(sessions, now.Sessions...)
	}
	return sessions, told
}

// Note makes the record that the next verification compares with.
func Note(now time.Time, e Evidence) Record {
	r := Record{Time: now.UTC().Truncate(time.Second), Expired: map[string]int64{}}
	sessions, told := tellers(e)
	if !told && e.Compared != nil {
		sessions, told, r.Owners = slices.Clone(e.Compared.Owners), true, true
	}
	if told {
		r.Sessions = hexadecimal(slices.DeleteFunc(sessions, e.own))
	}
	for _, now := range e.Seen {
		if now.Expired >= 0 {
			r.Expired[fmt.Sprint(now.ID)] = now.Expired
		}
	}
	if e.Compared != nil {
		r.Zxid, r.Znodes = e.Compared.Zxid.String(), e.Compared.Znodes
	}
	return r
}

func hexadecimal(sessions []zoo.SessionID) []string {
	list := make([]string, 0, len(sessions))
	for _, id := range sessions {
		list = append(list, fmt.Sprintf("%#x", uint64(id)))
	}
	slices.Sort(list)
	return slices.Compact(list)
}
