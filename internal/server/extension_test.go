package server

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"zoo"
	"zoo/internal/core/acl"
	"zoo/internal/core/replica"
	"zoo/internal/core/tree"
	"zoo/internal/jute"
	"zoo/internal/jute/jutetest"
	"zoo/internal/txn"
	"zoo/internal/wire"
)

const flagsPath = "/keeper/feature_flags"

func getData(path string) *wire.GetDataRequest { return &wire.GetDataRequest{Path: path} }

// extended is a connection whose client has asked for the extensions.
func (r *running) extended() *client {
	r.t.Helper()
	c := r.connect()
	c.call(900, wire.OpGetData, getData(flagsPath), zoo.CodeOK)
	return c
}

// children are the names below a path.
func (c *client) children(path string) []string {
	c.t.Helper()
	m := c.call(901, wire.OpGetChildren, &wire.GetChildrenRequest{Path: path}, zoo.CodeOK)
	var r wire.GetChildrenResponse
	r.DecodeFrom(&m.body)
	return r.Children
}

func (c *client) listed(xid int32, path string, limit int32) []string {
	c.t.Helper()
	m := c.call(xid, wire.OpListRecursive,
		&wire.ListRecursiveRequest{Path: path, Limit: limit}, zoo.CodeOK)
	var r wire.ListRecursiveResponse
	r.DecodeFrom(&m.body)
	return r.Children
}

// The plot: a client that never heard of extensions tries them all, alone and in a
// multi. The moral: they are unknown to it, and it keeps its connection.
func TestExtensionsAreUnknownToWhoHasNotAskedForThem(t *testing.T) {
	c := startStandalone(t).connect()
	path := &wire.ListRecursiveRequest{Path: "/", Limit: 1}
	for i, op := range wire.Extensions() {
		c.call(int32(i+1), op, path, zoo.CodeUnimplemented)
	}
	c.call(20, wire.OpMulti, multi{
		{wire.OpCreate, create("/a", "")},
		{wire.OpTryRemove, &wire.TryRemoveRequest{Path: "/a"}},
	}, zoo.CodeUnimplemented)
	if got := c.children("/"); !slices.Equal(got, []string{"zookeeper"}) {
		t.Fatalf("the tree has %v", got)
	}
}

// The moral: what is announced can be read, in each way that clients have, and is
// nowhere else.
func TestTheFeatureFlagsAreReadableAndNotInTheTree(t *testing.T) {
	r := startStandalone(t)
	c := r.connect()
	m := c.call(1, wire.OpGetData, getData(flagsPath), zoo.CodeOK)
	stat := make([]byte, 68)
	stat[55] = 2 // dataLength
	want := jutetest.Bytes([]byte{0b0011_1000, 0b0100_0000}, jutetest.Raw(stat))
	if got := m.body.Rest(); !slices.Equal(got, want) {
		t.Errorf("the flags are %x, want %x", got, want)
	}
	m = c.call(2, wire.OpGetData, getData("/keeper/extensions"), zoo.CodeOK)
	if text := string(m.body.Buffer()); !strings.Contains(text, "removeRecursive=503\n") {
		t.Errorf("the extensions are %q", text)
	}
	m = c.call(3, wire.OpMultiRead, multi{{wire.OpGetData, getData("/keeper/api_version")}}, 0)
	results := wire.NewMultiResultReader(m.body.Rest())
	if part, _ := results.Next(); part.Op != wire.OpGetData || part.Body[4] != '0' {
		t.Errorf("the version is %+v", part)
	}
	c.call(4, wire.OpExists, &wire.ExistsRequest{Path: flagsPath}, zoo.CodeOK)
	c.call(5, wire.OpGetData, getData("/keeper"), zoo.CodeNoNode)
	c.call(6, wire.OpGetData, getData("/keeper/others"), zoo.CodeNoNode)
	if got := c.children("/"); !slices.Equal(got, []string{"zookeeper"}) {
		t.Errorf("the tree has %v", got)
	}
}

// The plot: clients ask in other ways than by getData; then the tree gets a znode
// where the flags are announced, which says nothing of extensions.
func TestAskingForTheFlagsAllowsTheExtensions(t *testing.T) {
	r := startStandalone(t)
	c := r.connect()
	for i, ask := range [][]byte{
		request(7, wire.OpExists, &wire.ExistsRequest{Path: flagsPath}),
		request(7, wire.OpMultiRead, multi{{wire.OpGetData, getData(flagsPath)}}),
	} {
		other := r.connect()
		other.pipeline(ask)
		other.reply(7, zoo.CodeOK)
		if got := other.listed(8, "/zookeeper", 9); len(got) != 2 {
			t.Errorf("asked in way %d, it lists %v", i, got)
		}
	}
	c.create("/keeper", "")
	c.create(flagsPath, "mine")
	m := c.call(9, wire.OpGetData, getData(flagsPath), zoo.CodeOK)
	if got := string(m.body.Buffer()); got != "mine" {
		t.Errorf("the tree's own znode reads %q", got)
	}
	r.connect().call(10, wire.OpTryRemove, &wire.TryRemoveRequest{Path: "/x"},
		zoo.CodeUnimplemented)
}

func TestExtensionsAnswerAsClickHouseExpects(t *testing.T) {
	c := startStandalone(t).extended()
	for _, path := range []string{"/a", "/a/b", "/a/b/c", "/a/d"} {
		c.create(path, "")
	}
	notThere := &wire.CheckNotExistsRequest{Path: "/x", Version: -1}
	for i, call := range []struct {
		op   wire.Op
		r    jute.Record
		code zoo.Code
		body []byte
	}{
		{wire.OpCheckNotExists, notThere, zoo.CodeOK, nil},
		{wire.OpCheckNotExists, &wire.CheckNotExistsRequest{Path: "/a"}, zoo.CodeNodeExists, nil},
		{wire.OpCheckNotExists, &wire.CheckNotExistsRequest{Path: "/a", Version: 4}, 0, nil},
		{wire.OpCreateIfNotExists, create("/n", "x"), 0, jutetest.Bytes("/n")},
		{wire.OpCreateIfNotExists, create("/n", "y"), 0, jutetest.Bytes("/n")},
		{wire.OpCreateIfNotExists, create("/x/y", "y"), zoo.CodeNoNode, nil},
		{wire.OpTryRemove, &wire.TryRemoveRequest{Path: "/n", Version: 1}, 0, nil},
		{wire.OpTryRemove, &wire.TryRemoveRequest{Path: "/x", Version: -1}, 0, nil},
		{wire.OpRemoveRecursive, &wire.RemoveRecursiveRequest{Path: "/a", Limit: 3},
			zoo.CodeNotEmpty, nil},
		{wire.OpRemoveRecursive, &wire.RemoveRecursiveRequest{Path: "/a", Limit: 4}, 0, nil},
		{wire.OpRemoveRecursive, &wire.RemoveRecursiveRequest{Path: "/a", Limit: 4}, 0, nil},
	} {
		m := c.call(int32(i+1), call.op, call.r, call.code)
		if got := m.body.Rest(); !slices.Equal(got, call.body) {
			t.Errorf("%d, %v: the body is %q, want %q", i, call.op, got, call.body)
		}
	}
	if got := c.children("/"); !slices.Equal(got, []string{"zookeeper", "n"}) {
		t.Errorf("the tree has %v", got)
	}
}

// The plot: a multi mixes extensions, one of which becomes four deletions, with
// others, and is asked again when it must fail. The moral: the reply has a part for
// each part of the request, whatever the transaction has.
func TestAMultiWithExtensionsIsAnsweredPartByPart(t *testing.T) {
	c := startStandalone(t).extended()
	for _, path := range []string{"/a", "/a/b", "/a/b/c", "/a/d"} {
		c.create(path, "")
	}
	ask := multi{
		{wire.OpCheckNotExists, &wire.CheckNotExistsRequest{Path: "/n", Version: -1}},
		{wire.OpRemoveRecursive, &wire.RemoveRecursiveRequest{Path: "/a", Limit: 100}},
		{wire.OpRemoveRecursive, &wire.RemoveRecursiveRequest{Path: "/a", Limit: 100}},
		{wire.OpCreateIfNotExists, create("/zookeeper", "x")},
		{wire.OpTryRemove, &wire.TryRemoveRequest{Path: "/a"}},
		{wire.OpCreate, create("/n", "")},
		{wire.OpDelete, &wire.DeleteRequest{Path: "/n", Version: 0}},
		{wire.OpCreate, create("/n", "")},
	}
	m := c.call(1, wire.OpMulti, ask, zoo.CodeOK)
	good := func(op wire.Op) jutetest.Raw {
		return jutetest.Raw(jutetest.Bytes(int32(op), false, int32(0)))
	}
	end := jutetest.Raw(jutetest.Bytes(int32(-1), true, int32(-1)))
	want := jutetest.Bytes(good(501), good(503), good(503), good(502), "/zookeeper", good(505),
		good(1), "/n", good(2), good(1), "/n", end)
	if got := m.body.Rest(); !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	m = c.call(2, wire.OpMulti, ask, zoo.CodeOK)
	failed := func(code zoo.Code) jutetest.Raw {
		return jutetest.Raw(jutetest.Bytes(int32(-1), false, int32(code), int32(code)))
	}
	want = jutetest.Bytes(failed(zoo.CodeNodeExists))
	for range ask[1:] {
		want = jutetest.Bytes(jutetest.Raw(want), failed(zoo.CodeRuntimeInconsistency))
	}
	want = jutetest.Bytes(jutetest.Raw(want), end)
	if got := m.body.Rest(); !slices.Equal(got, want) {
		t.Errorf("failed: got  %q\nwant %q", got, want)
	}
}

func TestAListGoesLevelByLevelUpToItsLimit(t *testing.T) {
	c := startStandalone(t).extended()
	for _, path := range []string{"/a", "/a/b", "/a/b/c", "/a/d"} {
		c.create(path, "")
	}
	for limit, want := range map[int32][]string{
		0: nil, 1: {"/a/b"}, 2: {"/a/b", "/a/d"}, -1: {"/a/b", "/a/d", "/a/b/c"},
	} {
		if got := c.listed(1, "/a", limit); !slices.Equal(got, want) {
			t.Errorf("up to %d it lists %v", limit, got)
		}
	}
	if got := c.listed(2, "/", 2); !slices.Equal(got, []string{"/zookeeper", "/a"}) {
		t.Errorf("below the root it lists %v", got)
	}
	c.call(3, wire.OpListRecursive, &wire.ListRecursiveRequest{Path: "/x", Limit: 1},
		zoo.CodeNoNode)
}

func TestRemovingRecursivelyTellsEveryWatcher(t *testing.T) {
	r := startStandalone(t)
	c, other := r.extended(), r.connect()
	for _, path := range []string{"/a", "/a/b"} {
		c.create(path, "")
	}
	other.call(1, wire.OpExists, &wire.ExistsRequest{Path: "/a/b", Watch: true}, zoo.CodeOK)
	other.call(2, wire.OpGetChildren, &wire.GetChildrenRequest{Path: "/", Watch: true}, zoo.CodeOK)
	c.call(1, wire.OpRemoveRecursive, &wire.RemoveRecursiveRequest{Path: "/a", Limit: 9}, 0)
	if e := other.event(); e.Type != zoo.EventNodeDeleted || e.Path != "/a/b" {
		t.Errorf("first %+v", e)
	}
	if e := other.event(); e.Type != zoo.EventNodeChildrenChanged || e.Path != "/" {
		t.Errorf("then %+v", e)
	}
}

func TestAListLeavesOutWhatTheClientMayNotRead(t *testing.T) {
	c := startStandalone(t).extended()
	c.create("/a", "")
	secret := create("/a/p", "")
	secret.ACL = []zoo.ACL{
		{Perms: zoo.PermCreate, ID: zoo.AnyoneID},
		{Perms: zoo.PermAll, ID: acl.DigestID("alice:secret")},
	}
	c.call(1, wire.OpCreate, secret, zoo.CodeOK)
	c.create("/a/p/hidden", "")
	c.create("/a/seen", "")
	if got := c.listed(2, "/a", 9); !slices.Equal(got, []string{"/a/seen"}) {
		t.Errorf("it lists %v", got)
	}
	c.call(3, wire.OpListRecursive, &wire.ListRecursiveRequest{Path: "/a/p", Limit: 1},
		zoo.CodeNoAuth)
	c.call(4, wire.OpGetChildrenPage, &wire.GetChildrenPageRequest{Path: "/a/p", Limit: 1},
		zoo.CodeNoAuth)
	c.call(wire.XidAuth, wire.OpAuth, digestAuth("alice:secret"), zoo.CodeOK)
	if got := c.listed(5, "/a", 2); !slices.Equal(got, []string{"/a/p", "/a/seen"}) {
		t.Errorf("to alice it lists %v", got)
	}
}

// The plot: children are read page by page, while the one that the next page begins
// behind is deleted. The moral: a page goes on behind a name, not behind a znode.
func TestPagesGoOnBehindANameThatIsGone(t *testing.T) {
	c := startStandalone(t).extended()
	c.create("/a", "")
	var want []string
	for i := range 23 {
		name := fmt.Sprintf("n%02d", (i*7)%23)
		c.create("/a/"+name, "")
		want = append(want, name)
	}
	slices.Sort(want)
	var got []string
	page := wire.GetChildrenPageRequest{Path: "/a", Limit: 5, Watch: true}
	for more := true; more; {
		m := c.call(1, wire.OpGetChildrenPage, &page, zoo.CodeOK)
		var r wire.GetChildrenPageResponse
		r.DecodeFrom(&m.body)
		if len(r.Children) > 5 || m.body.Err() != nil || r.Stat.Cversion < 23 {
			t.Fatalf("a page of %d, %v, %+v", len(r.Children), m.body.Err(), r.Stat)
		}
		got, more = append(got, r.Children...), r.More
		page.After, page.Watch = got[len(got)-1], false
		if len(got) == 10 {
			c.pipeline(request(2, wire.OpDelete,
				&wire.DeleteRequest{Path: "/a/" + page.After, Version: -1}))
			if e := c.event(); e.Type != zoo.EventNodeChildrenChanged || e.Path != "/a" {
				t.Errorf("the watch says %+v", e)
			}
			c.reply(2, zoo.CodeOK)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
	page.Limit = 0
	c.call(3, wire.OpGetChildrenPage, &page, zoo.CodeBadArguments)
}

// The plot: a client of each server removes a tree that a client of another made.
func TestExtensionsWorkOnEveryServerOfAnEnsemble(t *testing.T) {
	e := newEnsemble(t, 3, 1)
	for id := range zoo.ServerID(4) {
		e.start(id + 1)
	}
	for id := zoo.ServerID(1); id <= 4; id++ {
		c := e.servers[id].extended()
		path := fmt.Sprintf("/t%d", id)
		made := c.call(1, wire.OpMulti, multi{
			{wire.OpCreateIfNotExists, create(path, "")},
			{wire.OpCreateIfNotExists, create(path+"/x", "")},
		}, zoo.CodeOK)
		want := jutetest.Bytes(int32(502), false, int32(0), path,
			int32(502), false, int32(0), path+"/x", int32(-1), true, int32(-1))
		if got := made.body.Rest(); !slices.Equal(got, want) {
			t.Errorf("server %d answers %q", id, got)
		}
		c.call(2, wire.OpRemoveRecursive, &wire.RemoveRecursiveRequest{Path: path, Limit: 2}, 0)
		c.call(3, wire.OpExists, &wire.ExistsRequest{Path: path}, zoo.CodeNoNode)
	}
}

// A learner takes a transaction for its client's by session and xid. What was made of
// another request, at another server, must not be taken for a reply.
func TestAnOutcomeOfAnotherRequestIsNoReply(t *testing.T) {
	of := func(kind wire.Op, parts ...wire.Op) *tree.Result {
		r := &tree.Result{Header: txn.Header{Type: kind}}
		for _, part := range parts {
			r.Multi = append(r.Multi, tree.Result{Header: txn.Header{Type: part}})
		}
		return r
	}
	asked := multi{
		{wire.OpTryRemove, &wire.DeleteRequest{Path: "/a"}},
		{wire.OpCreate, create("/b", "")},
	}.AppendTo(nil)
	for _, c := range []struct {
		title  string
		op     wire.Op
		asked  []byte
		result *tree.Result
		may    bool
	}{
		{"a plain request", wire.OpCreate, nil, of(wire.OpCreate), true},
		{"an extension", wire.OpCreateIfNotExists, nil, of(wire.OpMulti, wire.OpCreate), true},
		{"an error", wire.OpCreateIfNotExists, nil, of(wire.OpError), true},
		{"a create for it", wire.OpCreateIfNotExists, nil, of(wire.OpCreate), false},
		{"an empty multi", wire.OpCreateIfNotExists, nil, of(wire.OpMulti), false},
		{"a multi", wire.OpMulti, asked, of(wire.OpMulti, wire.OpDelete, wire.OpCreate), true},
		{"a shorter one", wire.OpMulti, asked, of(wire.OpMulti, wire.OpDelete), false},
		{"a longer one", wire.OpMulti, asked,
			of(wire.OpMulti, wire.OpDelete, wire.OpCreate, wire.OpCreate), false},
		{"a create for a multi", wire.OpMulti, asked, of(wire.OpCreate), false},
	} {
		o := &replica.Outcome{Op: c.op, Result: c.result}
		if got := mayAnswer(o, c.asked); got != c.may {
			t.Errorf("%s: %v", c.title, got)
		}
	}
}
