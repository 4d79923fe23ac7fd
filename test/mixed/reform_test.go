package mixed

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/go-zookeeper/zk"

	"zoo/test/ensemble"
)

// reforms are the make-ups that are reconfigured.
var reforms = []makeUp{
	{voters: "JZZ", joiners: "JZ", leader: javas, always: true},
	{voters: "JJZ", joiners: "ZJ", leader: ours},
	{voters: "JJZ", joiners: "JZ", leader: javas},
	{voters: "ZZJ", joiners: "ZJ", leader: ours, always: true},
}

// reconfigLines let anybody reconfigure.
var reconfigLines = []string{"reconfigEnabled=true", "standaloneEnabled=false", "skipACL=yes"}

// The plot: members of either kind come and go while clients write. Two servers join, the
// first one as an observer that may vote later; then a follower leaves, and comes back
// as an observer, and the leader leaves, so that another one leads. After each step all
// servers hold the same configuration, in the tree and in their files, and have the roles
// that it gives them. Those that are left restart with what their files say.
func TestMembersOfEitherKindComeAndGo(t *testing.T) {
	for _, m := range reforms {
		if !m.always && !playsAll() {
			continue
		}
		t.Run(m.String(), func(t *testing.T) {
			s := plan(t, m, reconfigLines...)
			s.beginLedBy(m.leader)
			h := s.startWriting()
			first, second := s.Servers[3], s.Servers[4]
			s.reform(h, first.Line("observer"), "", "1 2 3 4o")
			s.reform(h, first.Line("participant"), "", "1 2 3 4")
			s.reform(h, second.Line("participant"), "", "1 2 3 4 5")

			leaver, leader := s.followers()[0], s.leader()
			s.reform(h, "", strconv.Itoa(leaver.ID), without("1 2 3 4 5", leaver))
			s.reform(h, leaver.Line("observer"), "", asObserver("1 2 3 4 5", leaver))
			s.reform(h, "", strconv.Itoa(leader.ID),
				without(asObserver("1 2 3 4 5", leaver), leader))
			s.verify(h, nil)
			s.restartWithout(leader)
		})
	}
}

// followers are those voters that do not lead, in the order of their ids.
func (s *story) followers() []*ensemble.Server {
	s.Helper()
	leader := s.leader()
	return slices.DeleteFunc(s.voters(), func(v *ensemble.Server) bool { return v == leader })
}

// without is a list of members after one of them has left.
func without(members string, server *ensemble.Server) string {
	id := strconv.Itoa(server.ID)
	return strings.Join(slices.DeleteFunc(strings.Fields(members), func(m string) bool {
		return strings.TrimSuffix(m, "o") == id
	}), " ")
}

func asObserver(members string, server *ensemble.Server) string {
	id := strconv.Itoa(server.ID)
	return strings.Replace(members, id, id+"o", 1)
}

// reform lets servers join and leave, and waits until that is in force at all servers and
// clients write on.
func (s *story) reform(h *history, joining, leaving, want string) {
	s.Helper()
	c := s.dial(sessionTimeout, s.Servers...)
	_, err := c.IncrementalReconfig(list(joining), list(leaving), -1)
	c.Close()
	if err != nil && !slices.ContainsFunc(connectionErrors, func(e error) bool {
		return errors.Is(err, e)
	}) {
		s.Fatalf("joining %q, leaving %q: %v", joining, leaving, err)
	}
	s.inForce(want, list(joining)...)
	h.progress(s)
	s.Logf("the members are %s; server %d leads", want, s.leader().ID)
}

func list(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}

// inForce waits until all running servers show the same configuration of these members, with
// the lines, and have their roles, and the members have it in their files. One of ours that
// was never a member keeps the file that it began with.
func (s *story) inForce(want string, lines ...string) {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.ctx, startLimit)
	defer cancel()
	running := slices.DeleteFunc(slices.Clone(s.Servers), isDown)
	guests := make([]*guest, len(running))
	for i, server := range running {
		guests[i] = s.dial(sessionTimeout, server)
		defer guests[i].Close()
	}
	s.must(ensemble.Until(ctx, "the members are "+want, func(ctx context.Context) error {
		var first string
		for i, server := range running {
			data, _, err := guests[i].Get(internalRoot + "/config")
			text := string(data)
			if err == nil && (membersIn(text) != want || !hasLines(text, lines)) {
				err = fmt.Errorf("the members are %s:\n%s", membersIn(text), text)
			}
			if err == nil && first != "" && text != first {
				err = fmt.Errorf("the configuration is %q, others have %q", text, first)
			}
			first = text
			err = errors.Join(err, hasRole(ctx, server, want), written(server, text))
			if err != nil {
				return fmt.Errorf("server %d (%c): %w", server.ID, s.kind(server), err)
			}
		}
		return nil
	}))
}

func isDown(server *ensemble.Server) bool { return server.Ended() }

func hasLines(text string, lines []string) bool {
	for _, line := range lines {
		if !strings.Contains(text, line+"\n") {
			return false
		}
	}
	return true
}

// membersIn lists the ids in a configuration, those of observers with an o.
func membersIn(text string) string {
	var all []string
	for line := range strings.Lines(text) {
		rest, found := strings.CutPrefix(line, "server.")
		if !found {
			continue
		}
		id, where, _ := strings.Cut(rest, "=")
		if strings.Contains(where, ":observer") {
			id += "o"
		}
		all = append(all, id)
	}
	return strings.Join(all, " ")
}

// written looks into the files: zoo.cfg points to the file of the configuration's version,
// which holds it, and nothing is proposed.
func written(server *ensemble.Server, text string) error {
	if !strings.Contains(text, fmt.Sprintf("server.%d=", server.ID)) {
		return nil
	}
	static := filepath.Join(server.Home(), "zoo.cfg")
	lines, err := os.ReadFile(static)
	if err != nil {
		return err
	}
	body, version, _ := strings.Cut(text, "version=")
	want := static + ".dynamic." + version
	if !strings.Contains(string(lines), "\ndynamicConfigFile="+want+"\n") {
		return fmt.Errorf("%s does not point to %s:\n%s", static, want, lines)
	}
	held, err := os.ReadFile(want)
	if err == nil && strings.TrimSpace(string(held)) != strings.TrimSpace(body) {
		err = fmt.Errorf("%s holds\n%s\nwant\n%s", want, held, body)
	}
	if _, missing := os.Stat(static + ".dynamic.next"); missing == nil {
		err = errors.Join(err, errors.New("a configuration is proposed"))
	}
	return err
}

// hasRole looks whether the server does what the members' list says. One that is not in it
// follows without a vote.
func hasRole(ctx context.Context, server *ensemble.Server, members string) error {
	mode, err := server.Mode(ctx)
	if err != nil {
		return err
	}
	all := strings.Fields(members)
	id := strconv.Itoa(server.ID)
	want := []string{"follower"}
	switch {
	case slices.Contains(all, id):
		want = []string{"follower", "leader"}
	case slices.Contains(all, id+"o"):
		want = []string{"observer"}
	}
	if !slices.Contains(want, mode) {
		return fmt.Errorf("it is %s", mode)
	}
	return nil
}

// restartWithout kills all, and starts all but one: it is in nobody's files any more.
func (s *story) restartWithout(gone *ensemble.Server) {
	s.Helper()
	s.kills(s.Servers...)
	rest := slices.DeleteFunc(slices.Clone(s.Servers), func(x *ensemble.Server) bool {
		return x == gone
	})
	s.starts(rest...)
	c := s.dial(sessionTimeout, rest...)
	defer c.Close()
	_, err := c.Create("/afterwards", nil, zk.FlagEphemeral, everyone())
	s.must(err)
}
