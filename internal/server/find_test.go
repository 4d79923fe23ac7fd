package server

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"testing"

	"zoo"
	"zoo/internal/ops/admin"
	"zoo/internal/wire"
)

// lines are the list in an answer, as "a b c" of these fields of each.
func (r *running) lines(command, list string, fields ...string) (lines []string, next string) {
	r.t.Helper()
	answer := r.get(command).fields(r.t, http.StatusOK)
	if answer["error"] != nil {
		r.t.Fatalf("%s: %v", command, answer["error"])
	}
	for _, each := range answer[list].([]any) {
		line := ""
		for i, name := range fields {
			if i > 0 {
				line += " "
			}
			line += fmt.Sprint(each.(map[string]any)[name])
		}
		lines = append(lines, line)
	}
	next, _ = answer["next_after"].(string)
	return lines, next
}

// pages are the lines of all pages of two.
func (r *running) pages(command, list string, fields ...string) (all []string) {
	r.t.Helper()
	for after := ""; ; {
		lines, next := r.lines(command+"limit=2&after="+url.QueryEscape(after), list, fields...)
		if all = append(all, lines...); next == "" {
			return all
		}
		if len(lines) != 2 {
			r.t.Errorf("a page before the last one has %q", lines)
		}
		after = next
	}
}

func (r *running) expectPages(want []string, command, list string, fields ...string) {
	r.t.Helper()
	if got := r.pages(command, list, fields...); !slices.Equal(got, want) {
		r.t.Errorf("%s: %q, want %q", command, got, want)
	}
}

func shown(c *client) string { return fmt.Sprintf("0x%x", uint64(c.opened.SessionID)) }

// The plot: two sessions watch znodes in all ways. Operators ask by path, by subtree and by
// session, and are shown it in pages; a name that only begins like the subtree is not in it.
func TestOperatorsLearnWhoWatchesWhat(t *testing.T) {
	s := startOperated(t)
	a, b := s.connect(), s.connect()
	for i, path := range []string{"/a", "/a/x", "/ab"} {
		a.create(path, "")
		a.call(int32(10+i), wire.OpExists,
			&wire.ExistsRequest{Path: path, Watch: true}, zoo.CodeOK)
	}
	a.call(20, wire.OpGetChildren, &wire.GetChildrenRequest{Path: "/a", Watch: true}, zoo.CodeOK)
	b.call(1, wire.OpAddWatch,
		&wire.AddWatchRequest{Path: "/a", Mode: zoo.WatchPersistentRecursive}, zoo.CodeOK)
	b.call(2, wire.OpAddWatch,
		&wire.AddWatchRequest{Path: "/", Mode: zoo.WatchPersistent}, zoo.CodeOK)
	root := "/ " + shown(b) + " [persistent]"
	ofA := "/a " + shown(a) + " [data child]"
	ofB := "/a " + shown(b) + " [recursive]"
	below, beside := "/a/x "+shown(a)+" [data]", "/ab "+shown(a)+" [data]"
	for query, want := range map[string][]string{
		"":                                  {root, ofA, ofB, below, beside},
		"path=/a&":                          {ofA, ofB},
		"path=/nobody&":                     nil,
		"below=/a&":                         {ofA, ofB, below},
		"below=/&":                          {root, ofA, ofB, below, beside},
		"session=" + shown(b) + "&":         {root, ofB},
		"path=/a&session=" + shown(b) + "&": {ofB},
		"session=0x1&":                      nil,
	} {
		s.expectPages(want, "/watchers?"+query, "watchers", "path", "session", "kinds")
	}
	for _, bad := range []string{"path=a", "session=x", "limit=0", "limit=1001", "after=1"} {
		s.get("/watchers?"+bad).fields(t, http.StatusBadRequest)
	}
	s.command(http.MethodGet, "/watchers", "", nil).fields(t, http.StatusUnauthorized)
}

// The plot: one session watches so many paths that one hold of the lock does not show them,
// and all of them through the same lock as a writer, who gets in between.
func TestWatchersAreFoundInBoundedHolds(t *testing.T) {
	written := int32(0)
	s, door := crowd(t, manyPaths, func(_ *running, c *client) {
		written++
		c.call(written, wire.OpSetData,
			&wire.SetDataRequest{Path: "/zookeeper", Version: -1}, zoo.CodeOK)
	})
	list := s.watchers(admin.WatchFilter{}, 2*manyPaths, door)
	if len(list) != manyPaths || door.opened < manyPaths/shownPerHold {
		t.Fatalf("%d watches in %d holds", len(list), door.opened)
	}
	f := admin.WatchFilter{Session: list[0].Session, After: list[manyPaths-3].WatchKey}
	rest := s.watchers(f, 10, door)
	if len(rest) != 2 || rest[1].Path != list[manyPaths-1].Path {
		t.Errorf("the last page is %v", rest)
	}
	before := door.opened
	of := admin.EphemeralFilter{Session: list[0].Session, After: list[manyPaths-3].Path}
	if got := s.ephemeralOwners(of, 10, door); len(got) != 2 || door.opened < before+3 {
		t.Errorf("%v in %d holds", got, door.opened-before)
	}
}

func TestOperatorsLearnWhoOwnsEphemerals(t *testing.T) {
	s := startOperated(t)
	a, b := s.connect(), s.connect()
	a.create("/d", "")
	for i, path := range []string{"/d/1", "/d/3", "/d3"} {
		a.call(int32(i), wire.OpCreate, ephemeral(path), zoo.CodeOK)
	}
	b.call(1, wire.OpCreate, ephemeral("/d/2"), zoo.CodeOK)
	d1, d2, d3 := "/d/1 "+shown(a), "/d/2 "+shown(b), "/d/3 "+shown(a)
	beside := "/d3 " + shown(a)
	for query, want := range map[string][]string{
		"":                                   {d1, d2, d3, beside},
		"below=/d&":                          {d1, d2, d3},
		"below=/d/&":                         {d1, d2, d3},
		"below=/d/2&":                        {d2},
		"session=" + shown(a) + "&":          {d1, d3, beside},
		"session=" + shown(a) + "&below=/d&": {d1, d3},
		"session=0x1&":                       nil,
	} {
		s.expectPages(want, "/ephemeral_owners?"+query, "ephemerals", "path", "session")
	}
}

// The plot: three sessions, of which one owns a znode, and one has lost its connection.
func TestOperatorsLearnOfSessionsWithAndWithoutConnection(t *testing.T) {
	s := startOperated(t)
	clients := []*client{s.connect(), s.connect(), s.connect()}
	clients[0].call(1, wire.OpCreate, ephemeral("/e"), zoo.CodeOK)
	gone := clients[1]
	_ = gone.nc.Close()
	until(t, func() bool { return s.conns.ofSession(gone.opened.SessionID) == nil })
	var want []string
	for i, c := range clients {
		address := c.nc.LocalAddr().String()
		if c == gone {
			address = "<nil>"
		}
		owned := 0
		if i == 0 {
			owned = 1
		}
		want = append(want, fmt.Sprintf("%s false %d %s", shown(c), owned, address))
	}
	slices.Sort(want)
	s.expectPages(want, "/sessions?", "sessions", "session", "local", "ephemerals", "client")
}

// The plot: one client asks often, another one sends much, a third one reads much.
func TestOperatorsLearnWhoAsksTheMost(t *testing.T) {
	s := startOperated(t)
	often, much, reads := s.connect(), s.connect(), s.connect()
	much.create("/a", string(make([]byte, 10_000)))
	for i := range int32(20) {
		often.call(i, wire.OpExists, &wire.ExistsRequest{Path: "/"}, zoo.CodeOK)
	}
	for i := range int32(2) {
		reads.call(i, wire.OpGetData, &wire.GetDataRequest{Path: "/a"}, zoo.CodeOK)
	}
	for by, want := range map[string]*client{
		"": often, "requests": often, "received_bytes": much, "sent_bytes": reads} {
		got, _ := s.lines("/top_clients?limit=1&by="+by, "clients", "client", "session")
		if line := want.nc.LocalAddr().String() + " " + shown(want); !slices.Equal(got,
			[]string{line}) {
			t.Errorf("by %q: %q, want %q", by, got, line)
		}
	}
	s.get("/top_clients?by=luck").fields(t, http.StatusBadRequest)
}

func TestALeaderTellsHowFarItsLearnersAre(t *testing.T) {
	e := newEnsemble(t, 3, 1)
	for id := range e.ports {
		e.start(id)
	}
	e.session(1)
	leader := operator{e.servers[e.leader()].Server}
	until(t, func() bool {
		list, synced, observers := leader.Learners(), 0, 0
		for _, l := range list {
			if l.Synced && (l.Observer || l.Lag == 0) {
				synced++
			}
			if l.Observer {
				observers++
			}
		}
		return len(list) == 3 && synced == 3 && observers == 1
	})
	if got := lagOf(zoo.MakeZxid(2, 7), zoo.MakeZxid(1, 9)); got != 7 {
		t.Errorf("one of an older epoch lags by %d", got)
	}
}
