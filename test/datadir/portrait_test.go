package datadir

import (
	"context"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"zoo"
	"zoo/internal/core/tree"
	"zoo/test/ensemble"
)

// portrait is all of a server's state that a client can see.
type portrait struct {
	znodes   map[string]string
	sessions []string
}

// describe is what a znode's line in a portrait says.
func describe(data []byte, acl []zoo.ACL, st zoo.Stat) string {
	return fmt.Sprintf("%+v %v %q", st, acl, data)
}

// portray asks a server for everything.
func portray(ctx context.Context, t *testing.T, s *ensemble.Server) portrait {
	t.Helper()
	c := dial(ctx, t, s.Address())
	defer func() { must(t, c.Close(ctx)) }()
	p := portrait{znodes: map[string]string{}}
	for queue := []string{"/"}; len(queue) > 0; queue = queue[1:] {
		at := queue[0]
		data, st, err := c.Get(ctx, at, nil)
		must(t, err)
		acl, _, err := c.GetACL(ctx, at)
		must(t, err)
		p.znodes[at] = describe(data, acl, st)
		if st.NumChildren == 0 {
			continue
		}
		children, _, err := c.Children(ctx, at, nil)
		must(t, err)
		for _, child := range children {
			queue = append(queue, path.Join(at, child))
		}
	}
	p.sessions = sessions(ctx, t, s, c.SessionID())
	return p
}

var sessionLine = regexp.MustCompile(`0x[0-9a-f]+`)

// sessions are those that dump tells of, but for the one that looks.
func sessions(
	ctx context.Context, t *testing.T, s *ensemble.Server, own zoo.SessionID) []string {
	t.Helper()
	text, err := s.Ask(ctx, "dump")
	must(t, err)
	text, _, found := strings.Cut(text, "ephemeral nodes dump")
	if !found {
		t.Fatalf("dump says %q", text)
	}
	ids := sessionLine.FindAllString(text, -1)
	ids = slices.DeleteFunc(ids, func(id string) bool { return id == hexID(own) })
	slices.Sort(ids)
	return ids
}

func hexID(id zoo.SessionID) string { return fmt.Sprintf("0x%x", uint64(id)) }

// ofTree is the portrait of a tree.
func ofTree(tr *tree.Tree) portrait {
	p := portrait{znodes: map[string]string{}}
	tr.EachNode(func(at string, n tree.Node) bool {
		if at == "" {
			at = "/"
		}
		p.znodes[strings.Clone(at)] = describe(n.Data(), n.ACL(), n.Stat())
		return true
	})
	tr.EachSession(func(id zoo.SessionID, _ int32) {
		p.sessions = append(p.sessions, hexID(id))
	})
	slices.Sort(p.sessions)
	return p
}

// expect tells the differences between two portraits, at most some of them.
func (p portrait) expect(t *testing.T, what string, want portrait) {
	t.Helper()
	const most = 5
	different := 0
	for _, at := range slices.Sorted(maps.Keys(want.znodes)) {
		if p.znodes[at] != want.znodes[at] {
			if different++; different <= most {
				t.Errorf("%s: %s is\n%s, want\n%s", what, at, p.znodes[at], want.znodes[at])
			}
		}
	}
	for _, at := range slices.Sorted(maps.Keys(p.znodes)) {
		if _, known := want.znodes[at]; !known {
			if different++; different <= most {
				t.Errorf("%s: %s should not be there: %s", what, at, p.znodes[at])
			}
		}
	}
	if different > most {
		t.Errorf("%s: %d znodes differ", what, different)
	}
	if !slices.Equal(p.sessions, want.sessions) {
		t.Errorf("%s: sessions %v, want %v", what, p.sessions, want.sessions)
	}
}
