package prep

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"zoo"
	"zoo/internal/core/acl"
	"zoo/internal/core/tree"
	"zoo/internal/jute"
	"zoo/internal/txn"
	"zoo/internal/wire"
)

func TestCreateChecksInJavasOrder(t *testing.T) {
	p := newPlay(t, nil)
	p.expect("a parent", 0, wire.OpCreate, create("/a", zoo.Persistent))
	p.expect("an ephemeral", 0, wire.OpCreate2, create("/e", zoo.Ephemeral))
	p.expect("a private parent", 0, wire.OpCreate, closed("/p"), aliceID)
	noACL := &wire.CreateRequest{Path: "/x/y"}
	for _, c := range []struct {
		title string
		want  zoo.Code
		r     *wire.CreateRequest
	}{
		{"unknown flags before everything", zoo.CodeBadArguments, create("", 7)},
		{"TTL nodes are switched off", zoo.CodeUnimplemented, create("", zoo.PersistentTTL)},
		{"no slash before the ACL", zoo.CodeBadArguments, &wire.CreateRequest{Path: "x"}},
		{"NUL before the ACL", zoo.CodeBadArguments, &wire.CreateRequest{Path: "/\x00"}},
		{"the ACL before the parent", zoo.CodeInvalidACL, noACL},
		{"the parent before the path", zoo.CodeNoNode, create("/x/..", 0)},
		{"the permission before the path", zoo.CodeNoAuth, create("/p/..", 0)},
		{"an empty name", zoo.CodeBadArguments, create("/a/", 0)},
		{"the path before existence", zoo.CodeBadArguments, create("/a/..", 0)},
		{"the root is there", zoo.CodeNodeExists, create("/", 0)},
		{"it is there", zoo.CodeNodeExists, create("/a", 0)},
		{"ephemerals have no children", zoo.CodeNoChildrenForEphemerals, create("/e/x", 0)},
	} {
		p.expect(c.title, c.want, wire.OpCreate, c.r)
	}
}

func TestSequenceNumbersCountTheChildrenEverCreated(t *testing.T) {
	p := newPlay(t, nil)
	p.do(wire.OpCreate, create("/q", 0))
	var paths []string
	for range 2 {
		paths = append(paths, p.do(wire.OpCreate, create("/q/n-", zoo.PersistentSequential)).Path)
	}
	p.do(wire.OpDelete, remove(paths[0], anyVersion))
	paths = append(paths, p.do(wire.OpCreate, create("/q/", zoo.EphemeralSequential)).Path)
	want := []string{"/q/n-0000000000", "/q/n-0000000001", "/q/0000000002"}
	if !slices.Equal(paths, want) {
		t.Fatalf("got %v", paths)
	}
}

// A client that creates with the container flag but not the container operation
// gets a plain znode: the transaction has no place for more.
func TestTheContainerFlagAloneMakesNoContainer(t *testing.T) {
	p := newPlay(t, nil)
	p.expect("create", 0, wire.OpCreate, create("/c", zoo.Container))
	if n, _ := p.tree.Lookup("/c"); n.Persisted().EphemeralOwner != 0 {
		t.Fatalf("owner %v", n.Persisted().EphemeralOwner)
	}
	p.expect("operation", 0, wire.OpCreateContainer, create("/d-", zoo.EphemeralSequential))
	n, found := p.tree.Lookup("/d-0000000001")
	if !found || n.Persisted().EphemeralOwner != zoo.ContainerOwner {
		t.Fatalf("found %v, owner %v", found, n.Persisted().EphemeralOwner)
	}
	p.expect("reaper", 0, wire.OpDeleteContainer, raw("\x00\x00\x00\x02/c"))
}

func TestContainersAndTTLNodesExistWhereTheyAreAdmitted(t *testing.T) {
	p := newPlay(t, nil)
	ttl := func(path string, flags zoo.CreateMode, ttl int64) *wire.CreateTTLRequest {
		return &wire.CreateTTLRequest{Path: path, ACL: zoo.OpenACL(), Flags: flags, TTL: ttl}
	}
	p.expect("a container", 0, wire.OpCreateContainer, create("/c", zoo.Container))
	p.expect("unknown flags first", zoo.CodeBadArguments, wire.OpCreateTTL, ttl("/x", 7, 5))
	p.expect("switched off", zoo.CodeUnimplemented, wire.OpCreateTTL, ttl("/x", 5, 5))
	p.tree.SetTypes(tree.Types{Extended: true})
	p.expect("its child", 0, wire.OpCreateTTL, ttl("/c/t", zoo.PersistentTTL, 5))
	p.expect("no ttl", zoo.CodeBadArguments, wire.OpCreateTTL, ttl("/x", zoo.PersistentTTL, 0))
	p.expect("too long", zoo.CodeBadArguments, wire.OpCreateTTL,
		ttl("/x", zoo.PersistentTTL, zoo.TTLMax+1))
	p.expect("no TTL mode", zoo.CodeBadArguments, wire.OpCreateTTL, ttl("/x", 0, ttlNone))
	p.expect("TTL by create", zoo.CodeBadArguments, wire.OpCreate, create("/x", zoo.PersistentTTL))
	p.expect("an ephemeral", 0, wire.OpCreate, create("/e", zoo.Ephemeral))
	reap := func(path string) *wire.DeleteContainerRequest {
		return &wire.DeleteContainerRequest{Path: path}
	}
	p.expect("not empty", zoo.CodeNotEmpty, wire.OpDeleteContainer, reap("/c"))
	p.expect("ephemeral", zoo.CodeBadVersion, wire.OpDeleteContainer, reap("/e"))
	p.expect("missing", zoo.CodeNoNode, wire.OpDeleteContainer, reap("/x"))
	p.expect("special", zoo.CodeBadArguments, wire.OpDeleteContainer, reap("/zookeeper"))
	p.expect("the TTL node", 0, wire.OpDeleteContainer, reap("/c/t"))
	p.expect("the container", 0, wire.OpDeleteContainer, reap("/c"))
}

func TestDeleteChecksInJavasOrder(t *testing.T) {
	p := newPlay(t, nil)
	p.do(wire.OpCreate, create("/a", 0))
	p.do(wire.OpCreate, create("/a/b", 0))
	p.do(wire.OpCreate, closed("/p"), aliceID)
	p.do(wire.OpCreate, create("/p/c", 0), aliceID)
	for _, path := range []string{"", "x", "/", "/zookeeper", "/zookeeper/quota", "/\x00",
		"/zookeeper/config"} {
		p.expect("special "+path, zoo.CodeBadArguments, wire.OpDelete, remove(path, anyVersion))
	}
	p.expect("no parent", zoo.CodeNoNode, wire.OpDelete, remove("/x/y", anyVersion))
	p.expect("the parent decides", zoo.CodeNoAuth, wire.OpDelete, remove("/p/c", anyVersion))
	p.expect("permission before existence", zoo.CodeNoAuth, wire.OpDelete, remove("/p/x", 9))
	p.expect("no node", zoo.CodeNoNode, wire.OpDelete, remove("/a/x", anyVersion))
	p.expect("version before children", zoo.CodeBadVersion, wire.OpDelete, remove("/a", 1))
	p.expect("children", zoo.CodeNotEmpty, wire.OpDelete, remove("/a", 0))
	p.expect("its own ACL does not matter", 0, wire.OpDelete, remove("/p/c", 0), aliceID)
	p.expect("the child", 0, wire.OpDelete, remove("/a/b", 0))
	p.expect("then the parent", 0, wire.OpDelete, remove("/a", 0))
}

func TestSetDataAndSetACLCompareVersions(t *testing.T) {
	p := newPlay(t, nil)
	p.do(wire.OpCreate, create("/a", 0))
	p.expect("any version", 0, wire.OpSetData, set("/a", "1", anyVersion))
	p.expect("the version", 0, wire.OpSetData, set("/a", "2", 1))
	p.expect("an old version", zoo.CodeBadVersion, wire.OpSetData, set("/a", "3", 1))
	p.expect("a bad path", zoo.CodeBadArguments, wire.OpSetData, set("a", "", anyVersion))
	p.expect("no node", zoo.CodeNoNode, wire.OpSetData, set("/x", "", anyVersion))
	p.expect("ACL path", zoo.CodeBadArguments, wire.OpSetACL, grant("/a/", nil, anyVersion))
	p.expect("ACL before node", zoo.CodeInvalidACL, wire.OpSetACL, grant("/x", nil, anyVersion))
	p.expect("old aversion", zoo.CodeBadVersion, wire.OpSetACL, grant("/a", private(), 2))
	auth := []zoo.ACL{{Perms: zoo.PermAll, ID: zoo.ID{Scheme: "auth"}}}
	p.expect("nobody proved", zoo.CodeInvalidACL, wire.OpSetACL, grant("/a", auth, anyVersion))
	p.expect("the aversion", 0, wire.OpSetACL, grant("/a", auth, 0), aliceID)
	p.expect("a stranger writes", zoo.CodeNoAuth, wire.OpSetData, set("/a", "4", anyVersion))
	p.expect("a stranger administers", zoo.CodeNoAuth, wire.OpSetACL,
		grant("/a", zoo.OpenACL(), anyVersion))
	p.expect("the super user", 0, wire.OpSetData, set("/a", "5", 2), zoo.ID{Scheme: "super"})
	n, _ := p.tree.Lookup("/a")
	st := n.Persisted()
	if st.Version != 3 || st.Aversion != 1 || !slices.Equal(n.ACL(), private()) {
		t.Fatalf("%+v %v", st, n.ACL())
	}
	p.prep.config.ACL = acl.Rules{SkipACL: true}
	p.expect("without rules a stranger may", 0, wire.OpSetData, set("/a", "6", 3))
}

// The plot: a client sends all its writes without waiting. None of them is applied
// when the next is judged, and yet each is judged by what those before it do.
func TestRequestsAreJudgedByWhatIsOutstanding(t *testing.T) {
	p := newPlay(t, nil)
	for _, r := range []part{
		{wire.OpCreate, create("/a", 0)},
		{wire.OpCreate, create("/a", 0)}, // exists
		{wire.OpCreate, create("/a/b", zoo.Ephemeral)},
		{wire.OpDelete, remove("/a", anyVersion)}, // not empty
		{wire.OpSetData, set("/a", "new", 0)},
		{wire.OpSetData, set("/a", "old", 0)}, // bad version
		{wire.OpDelete, remove("/a/b", 0)},
		{wire.OpSetData, set("/a/b", "", anyVersion)}, // no node
		{wire.OpCreate, create("/a/b", zoo.Ephemeral)},
		{wire.OpSetACL, grant("/a", private(), 0)},
		{wire.OpCreate, create("/a/c", 0)}, // no auth
		{wire.OpCloseSession, nil},
		{wire.OpCreate, create("/x", 0)}, // expired
	} {
		p.prepare(alice, r.op, r.record)
	}
	want := []zoo.Code{0, zoo.CodeNodeExists, 0, zoo.CodeNotEmpty, 0, zoo.CodeBadVersion, 0,
		zoo.CodeNoNode, 0, 0, zoo.CodeNoAuth, 0, zoo.CodeSessionExpired}
	if got := p.settle(); !slices.Equal(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	n, _ := p.tree.Lookup("/a")
	if n.NumChildren() != 0 || string(n.Data()) != "new" {
		t.Fatalf("%d children, data %q", n.NumChildren(), n.Data())
	}
}

func codes(r *tree.Result) []zoo.Code {
	var all []zoo.Code
	for _, sub := range r.Multi {
		all = append(all, sub.Code)
	}
	return all
}

func TestAFailedMultiDoesNothingAndTellsWhichPartFailed(t *testing.T) {
	p := newPlay(t, nil)
	p.do(wire.OpCreate, create("/a", 0))
	before := p.tree.Digest()
	result := p.do(wire.OpMulti, multi{
		{wire.OpCreate, create("/a/e", zoo.Ephemeral)},
		{wire.OpSetData, set("/a", "1", 0)},
		{wire.OpDelete, remove("/a", anyVersion)},
		{wire.OpCheck, check("/a", 0)},
	})
	want := []zoo.Code{0, 0, zoo.CodeNotEmpty, zoo.CodeRuntimeInconsistency}
	if result.Header.Type != wire.OpMulti || !slices.Equal(codes(result), want) {
		t.Fatalf("%v: got %v, want %v", result.Header.Type, codes(result), want)
	}
	for _, sub := range result.Multi {
		if sub.Header.Type != opError {
			t.Errorf("a part is of type %v", sub.Header.Type)
		}
	}
	if p.tree.Digest() != before || len(p.prep.changes.owned) != 0 {
		t.Error("the failed multi left something behind")
	}
	p.expect("the version is still 0", 0, wire.OpSetData, set("/a", "2", 0))
}

func TestPartsOfAMultiSeeEachOther(t *testing.T) {
	p := newPlay(t, nil)
	result := p.do(wire.OpMulti, multi{
		{wire.OpCreate, create("/a", 0)},
		{wire.OpCreate2, create("/a/s", zoo.PersistentSequential)},
		{wire.OpCheck, check("/a/s0000000000", 0)},
		{wire.OpSetData, set("/a", "x", 0)},
		{wire.OpDelete, remove("/a/s0000000000", 0)},
		{wire.OpDelete, remove("/a", 1)},
		{wire.OpCreate, create("/a", zoo.Ephemeral)},
	})
	if want := make([]zoo.Code, 7); !slices.Equal(codes(result), want) {
		t.Fatalf("got %v", codes(result))
	}
	if got := p.tree.Ephemerals(alice); !slices.Equal(got, []string{"/a"}) {
		t.Fatalf("alice owns %v", got)
	}
}

// The plot: each kind of create comes in a multi with each of the flags. What it
// makes, and how it will be answered, its flags say; a time to live needs createTTL.
func TestTheFlagsOfACreateInAMultiDecideWhatItIs(t *testing.T) {
	p := newPlay(t, nil)
	p.tree.SetTypes(tree.Types{Extended: true})
	for _, op := range []wire.Op{wire.OpCreate, wire.OpCreate2, wire.OpCreateContainer,
		wire.OpCreateTTL} {
		for mode := zoo.Persistent; mode <= zoo.PersistentSequentialTTL; mode++ {
			want := wire.OpCreate
			switch {
			case mode == zoo.Container:
				want = wire.OpCreateContainer
			case mode.IsTTL():
				want = op
			}
			record := jute.Record(create(fmt.Sprintf("/%v-%d", op, mode), mode))
			if op == wire.OpCreateTTL {
				r := create(fmt.Sprintf("/%v-%d", op, mode), mode)
				record = &wire.CreateTTLRequest{Path: r.Path, ACL: r.ACL, Flags: mode, TTL: 1000}
			}
			result := p.do(wire.OpMulti, multi{{op, record}})
			if mode.IsTTL() && op != wire.OpCreateTTL {
				if result.Code != zoo.CodeMarshallingError {
					t.Errorf("%v with the flags %d: %v", op, mode, result.Code)
				}
			} else if sub := result.Multi[0]; sub.Header.Type != want || sub.Code != zoo.CodeOK {
				t.Errorf("%v with the flags %d: %v, %v", op, mode, sub.Header.Type, sub.Code)
			}
		}
	}
}

func TestWhatCannotBeDecodedIsRefused(t *testing.T) {
	p := newPlay(t, nil)
	p.tree.SetTypes(tree.Types{Extended: true})
	for _, op := range []wire.Op{wire.OpCreate, wire.OpCreateContainer, wire.OpCreateTTL,
		wire.OpDelete, wire.OpDeleteContainer, wire.OpSetData, wire.OpSetACL, wire.OpMulti,
		wire.OpCreateSession} {
		p.expect(op.String(), zoo.CodeMarshallingError, op, raw("\x00\x00"))
	}
	nested := multi{{wire.OpMulti, multi{}}}
	p.expect("a multi in a multi", zoo.CodeMarshallingError, wire.OpMulti, nested)
	reads := multi{{wire.OpGetData, &wire.GetDataRequest{Path: "/"}}}
	p.expect("reads in a multi", zoo.CodeMarshallingError, wire.OpMulti, reads)
	acls := multi{{wire.OpSetACL, grant("/", zoo.OpenACL(), anyVersion)}}
	p.expect("setACL in a multi", zoo.CodeMarshallingError, wire.OpMulti, acls)
	p.expect("an empty multi is fine", 0, wire.OpMulti, multi{})
	p.expect("check alone", zoo.CodeUnimplemented, wire.OpCheck, check("/", anyVersion))
	p.expect("a read", zoo.CodeUnimplemented, wire.OpGetData, &wire.GetDataRequest{Path: "/"})
}

func TestReconfigIsRefusedAsDisabledOrAsUnknownToAServerAlone(t *testing.T) {
	p := newPlay(t, nil)
	p.expect("in an ensemble", zoo.CodeReconfigDisabled, wire.OpReconfig, &wire.ReconfigRequest{})
	p.expect("unreadable", zoo.CodeMarshallingError, wire.OpReconfig, raw("\x00"))
	p.prep.config.Quorum = false
	p.expect("alone", zoo.CodeReconfigDisabled, wire.OpReconfig, &wire.ReconfigRequest{})
	p.prep.config.ReconfigEnabled = true
	p.expect("enabled", zoo.CodeUnimplemented, wire.OpReconfig, &wire.ReconfigRequest{})
}

func TestAMultiOfASessionThatMovedIsRefusedAsAWhole(t *testing.T) {
	p := newPlay(t, func(cfg *Config) { cfg.Quorum = true })
	p.zxid = p.zxid.Next()
	part := append(wire.AppendMultiRequest(nil, wire.OpDelete), body(remove("x", 0))...)
	p.push(Request{Session: alice, Op: wire.OpMulti, Body: wire.AppendMultiEnd(part),
		Owner: owner + 1})
	if got := p.settle()[0]; got != zoo.CodeSessionMoved {
		t.Errorf("got %v", got)
	}
}

func TestSessionsAreCheckedBeforeAnythingIsLookedUp(t *testing.T) {
	for _, c := range []struct {
		title    string
		quorum   bool
		change   func(p *play, r *Request)
		want     zoo.Code
		ephemera zoo.Code
	}{
		{"unknown alone", false, func(_ *play, r *Request) { r.Session = 1 },
			zoo.CodeUnknownSession, zoo.CodeSessionExpired},
		{"unknown to a leader", true, func(_ *play, r *Request) { r.Session = 1 },
			zoo.CodeSessionExpired, zoo.CodeSessionExpired},
		{"closing", false, func(p *play, _ *Request) { p.tracker.Close(alice) },
			zoo.CodeSessionExpired, zoo.CodeSessionExpired},
		{"moved", true, func(_ *play, r *Request) { r.Owner++ },
			zoo.CodeSessionMoved, zoo.CodeSessionMoved},
	} {
		for _, r := range []part{
			{wire.OpCreate, create("x", 0)}, {wire.OpDelete, remove("x", 0)},
			{wire.OpSetData, set("x", "", 0)}, {wire.OpSetACL, grant("x", nil, 0)},
			{wire.OpCreate, create("x", zoo.Ephemeral)},
		} {
			p := newPlay(t, func(cfg *Config) { cfg.Quorum = c.quorum })
			p.zxid = p.zxid.Next()
			request := Request{Session: alice, Op: r.op, Body: body(r.record), Owner: owner}
			c.change(p, &request)
			p.push(request)
			want := c.want
			if q, ok := r.record.(*wire.CreateRequest); ok && q.Flags.IsEphemeral() {
				want = c.ephemera
			}
			if got := p.settle()[0]; got != want {
				t.Errorf("%s, %v: got %v, want %v", c.title, r.op, got, want)
			}
		}
	}
}

// The plot: alice's ephemerals are of all kinds when her session ends: in the tree,
// outstanding, deleted and created again, passed on to bob. Those that are hers at
// that point go, and no others.
func TestCloseSessionTakesTheEphemeralsWithIt(t *testing.T) {
	p := newPlay(t, nil)
	for _, path := range []string{"/old", "/gone", "/again", "/bobs"} {
		p.do(wire.OpCreate, create(path, zoo.Ephemeral))
	}
	p.prepare(alice, wire.OpDelete, remove("/gone", anyVersion))
	p.prepare(alice, wire.OpDelete, remove("/again", anyVersion))
	p.prepare(alice, wire.OpCreate, create("/again", zoo.Ephemeral))
	p.prepare(alice, wire.OpDelete, remove("/bobs", anyVersion))
	p.prepare(bob, wire.OpCreate, create("/bobs", zoo.Ephemeral))
	p.prepare(alice, wire.OpCreate, create("/new", zoo.Ephemeral))
	p.prepare(alice, wire.OpCreate, create("/stays", 0))
	entry := p.prepare(alice, wire.OpCloseSession, nil)
	_, record, _, _ := entry.Decode()
	want := []string{"/again", "/new", "/old"}
	if got := record.(*txn.CloseSessionTxn).Paths; !slices.Equal(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	if !p.tracker.Closing(alice) {
		t.Error("the session is not closing")
	}
	p.settle()
	if got := p.tree.Ephemerals(bob); !slices.Equal(got, []string{"/bobs"}) {
		t.Errorf("bob owns %v", got)
	}
	if _, ok := p.tree.Lookup("/stays"); !ok || p.tree.EphemeralCount() != 1 {
		t.Errorf("%d ephemerals are left", p.tree.EphemeralCount())
	}
}

// The plot: the entry has room for some of the ephemerals only (ZOOKEEPER-4306).
// The session must end all the same, and all of them with it.
func TestCloseSessionFitsHoweverManyEphemeralsThereAre(t *testing.T) {
	p := newPlay(t, func(c *Config) { c.EntryBytesMax = 200 })
	for i := range 100 {
		p.do(wire.OpCreate, create(fmt.Sprintf("/e%03d", i), zoo.Ephemeral))
	}
	entry := p.prepare(alice, wire.OpCloseSession, nil)
	if len(entry.Bytes) > 200 || len(entry.Bytes) < 180 {
		t.Errorf("the entry has %d bytes", len(entry.Bytes))
	}
	p.settle()
	if p.tree.EphemeralCount() != 0 {
		t.Errorf("%d ephemerals are left", p.tree.EphemeralCount())
	}
}

func TestAnEntryThatLearnersCouldNotReadIsRefused(t *testing.T) {
	p := newPlay(t, nil)
	p.expect("create", 0, wire.OpCreate, create("/a", 0))
	huge := strings.Repeat("x", EntryBytesMaxDefault)
	p.expect("too large", zoo.CodeMarshallingError, wire.OpSetData, set("/a", huge, anyVersion))
	p.expect("a full frame", 0, wire.OpSetData, set("/a", huge[:wire.FrameBytesMax], 0))
	parts := multi{{wire.OpSetData, set("/a", "x", 1)}, {wire.OpSetData, set("/a", huge, 2)}}
	p.expect("too large together", zoo.CodeMarshallingError, wire.OpMulti, parts)
	p.expect("nothing of it happened", 0, wire.OpSetData, set("/a", "", 1))
}

func TestACreatedSessionKeepsItsTimeout(t *testing.T) {
	p := newPlay(t, func(c *Config) { c.Digest = false })
	entry := p.prepare(0xcafe, wire.OpCreateSession, raw("\x00\x00\x27\x10"))
	if len(entry.Bytes) != txn.HeaderBytes+4 {
		t.Errorf("without digests the entry has %d bytes", len(entry.Bytes))
	}
	p.settle()
	if timeout, ok := p.tree.SessionTimeout(0xcafe); !ok || timeout != 10000 {
		t.Errorf("timeout %d", timeout)
	}
}

func TestResetForgetsWhatWasNotApplied(t *testing.T) {
	p := newPlay(t, nil)
	p.prepare(alice, wire.OpCreate, create("/a", 0))
	p.queue = nil
	p.prep.Reset(p.tree)
	p.expect("as if it had never been", 0, wire.OpCreate, create("/a", 0))
}
