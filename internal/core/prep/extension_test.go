package prep

import (
	"fmt"
	"slices"
	"testing"

	"zoo"
	"zoo/internal/jute"
	"zoo/internal/txn"
	"zoo/internal/wire"
)

func ifMissing(path string, version int32) *wire.CheckNotExistsRequest {
	return &wire.CheckNotExistsRequest{Path: path, Version: version}
}

func uproot(path string, limit int32) *wire.RemoveRecursiveRequest {
	return &wire.RemoveRecursiveRequest{Path: path, Limit: limit}
}

func try(path string, version int32) *wire.TryRemoveRequest {
	return &wire.TryRemoveRequest{Path: path, Version: version}
}

// parted lists the parts of a transaction, as "operation path".
func parted(t *testing.T, e txn.Entry) []string {
	t.Helper()
	header, d := e.Open()
	if header.Type != wire.OpMulti {
		t.Fatalf("the transaction is a %v", header.Type)
	}
	var record txn.MultiTxn
	record.DecodeFrom(&d)
	var list []string
	for _, part := range record.Txns {
		path := jute.NewDecoder(part.Data)
		list = append(list, fmt.Sprint(part.Type, " ", path.String()))
	}
	return list
}

// The plot: every extension is asked for once. The moral: what others are to apply
// are transactions that ZooKeeper always had.
func TestExtensionsBecomeOrdinaryTransactions(t *testing.T) {
	p := newPlay(t, nil)
	for _, path := range []string{"/a", "/a/b", "/a/b/c", "/a/d", "/ab"} {
		p.do(wire.OpCreate, create(path, 0))
	}
	for _, c := range []struct {
		op   wire.Op
		r    jute.Record
		want []string
	}{
		{wire.OpCreateIfNotExists, create("/n", 0), []string{"create /n"}},
		{wire.OpCreateIfNotExists, create("/n", 0), []string{"check /n"}},
		{wire.OpTryRemove, try("/n", 5), []string{"check /n"}},
		{wire.OpTryRemove, try("/a", anyVersion), []string{"check /a"}},
		{wire.OpTryRemove, try("/x/y", anyVersion), []string{"check /x/y"}},
		{wire.OpTryRemove, try("/n", 0), []string{"delete /n"}},
		{wire.OpRemoveRecursive, uproot("/n", 1), []string{"check /n"}},
		{wire.OpRemoveRecursive, uproot("/x/y", 1), []string{"check /x/y"}},
		{wire.OpMulti, multi{
			{wire.OpCheckNotExists, ifMissing("/n", anyVersion)},
			{wire.OpRemoveRecursive, uproot("/a", -1)},
			{wire.OpCreateIfNotExists, create("/a", 0)},
		}, []string{"check /n", "delete /a/d", "delete /a/b/c", "delete /a/b", "delete /a",
			"create /a"}},
	} {
		got := parted(t, p.prepare(alice, c.op, c.r))
		if !slices.Equal(got, c.want) {
			t.Errorf("%v became %q, want %q", c.op, got, c.want)
		}
		if got := p.apply(); got.Code != zoo.CodeOK {
			t.Errorf("%v: %v", c.op, got.Code)
		}
		p.prep.Applied(p.zxid)
	}
	if _, found := p.tree.Lookup("/ab"); !found {
		t.Error("a neighbour went, too")
	}
}

func TestExtensionsAreRefusedInTheirOrderOfChecks(t *testing.T) {
	p := newPlay(t, nil)
	p.expect("a", 0, wire.OpCreate, create("/a", 0))
	p.expect("its child", 0, wire.OpCreate, create("/a/b", zoo.Ephemeral))
	p.expect("p", 0, wire.OpCreate, closed("/p"), aliceID)
	p.expect("its child", 0, wire.OpCreate, create("/p/c", 0), aliceID)
	for _, c := range []struct {
		title string
		want  zoo.Code
		op    wire.Op
		r     jute.Record
	}{
		{"no parent", zoo.CodeNoNode, wire.OpCreateIfNotExists, create("/x/y", 0)},
		{"a private parent, though the child is there", zoo.CodeNoAuth,
			wire.OpCreateIfNotExists, create("/p/c", 0)},
		{"a sequence", zoo.CodeBadArguments, wire.OpCreateIfNotExists,
			create("/a/n-", zoo.PersistentSequential)},
		{"container", zoo.CodeBadArguments, wire.OpCreateIfNotExists, create("/c", zoo.Container)},
		{"an ephemeral's child", zoo.CodeNoChildrenForEphemerals, wire.OpCreateIfNotExists,
			create("/a/b/c", 0)},
		{"a private parent", zoo.CodeNoAuth, wire.OpTryRemove, try("/p/c", anyVersion)},
		{"the root", zoo.CodeBadArguments, wire.OpTryRemove, try("/", anyVersion)},
		{"the root", zoo.CodeBadArguments, wire.OpRemoveRecursive, uproot("/", -1)},
		{"the system", zoo.CodeBadArguments, wire.OpRemoveRecursive, uproot("/zookeeper", -1)},
		{"a private znode with a child", zoo.CodeNoAuth, wire.OpRemoveRecursive, uproot("/p", -1)},
		{"more than is allowed", zoo.CodeNotEmpty, wire.OpRemoveRecursive, uproot("/a", 1)},
		{"nothing is allowed", zoo.CodeNotEmpty, wire.OpRemoveRecursive, uproot("/a", 0)},
		{"check alone", zoo.CodeUnimplemented, wire.OpCheckNotExists, ifMissing("/x", anyVersion)},
		{"not decodable", zoo.CodeMarshallingError, wire.OpTryRemove, raw("\x00\x00\x00\x09/")},
		{"just enough", 0, wire.OpRemoveRecursive, uproot("/a", 2)},
	} {
		got := p.do(c.op, c.r)
		if got.Code != c.want {
			t.Errorf("%s: got %v, want %v", c.title, got.Code, c.want)
		}
	}
	if left := p.tree.Ephemerals(alice); len(left) != 0 {
		t.Errorf("alice still owns %v", left)
	}
}

func TestCheckNotExistsFailsTheMultiItIsIn(t *testing.T) {
	p := newPlay(t, nil)
	p.expect("a", 0, wire.OpCreate, create("/a", 0))
	p.expect("p", 0, wire.OpCreate, closed("/p"), aliceID)
	for _, c := range []struct {
		path    string
		version int32
		want    zoo.Code
	}{
		{"/x", anyVersion, zoo.CodeOK},
		{"/a", 1, zoo.CodeOK},
		{"/a", 0, zoo.CodeNodeExists},
		{"/a", anyVersion, zoo.CodeNodeExists},
		{"/p", 7, zoo.CodeNoAuth},
		{"a", anyVersion, zoo.CodeBadArguments},
	} {
		p.do(wire.OpTryRemove, try("/m", anyVersion))
		got := p.do(wire.OpMulti, multi{
			{wire.OpCreate, create("/m", 0)},
			{wire.OpCheckNotExists, ifMissing(c.path, c.version)},
		})
		if got.Code != c.want {
			t.Errorf("%s of version %d: got %v, want %v", c.path, c.version, got.Code, c.want)
		}
		if _, made := p.tree.Lookup("/m"); made != (c.want == zoo.CodeOK) {
			t.Errorf("%s of version %d: the part before it: %v", c.path, c.version, made)
		}
	}
}

// The plot: a subtree is half applied, half on its way: a child deleted, another
// made, one deleted and made again. It is removed before anything is applied.
func TestRemoveRecursiveSeesWhatIsOnItsWay(t *testing.T) {
	p := newPlay(t, nil)
	for _, path := range []string{"/a", "/a/gone", "/a/again"} {
		p.do(wire.OpCreate, create(path, 0))
	}
	p.prepare(alice, wire.OpDelete, remove("/a/gone", anyVersion))
	p.prepare(alice, wire.OpDelete, remove("/a/again", anyVersion))
	p.prepare(alice, wire.OpCreate, create("/a/again", 0))
	p.prepare(alice, wire.OpCreate, create("/a/new", 0))
	p.prepare(bob, wire.OpCreate, create("/a/new/deep", zoo.Ephemeral))
	p.prepare(alice, wire.OpRemoveRecursive, uproot("/a", 3))
	got := parted(t, p.prepare(alice, wire.OpRemoveRecursive, uproot("/a", 4)))
	want := []string{"delete /a/new/deep", "delete /a/new", "delete /a/again", "delete /a"}
	if !slices.Equal(got, want) {
		t.Fatalf("got %q", got)
	}
	codes := p.settle()
	if want := []zoo.Code{0, 0, 0, 0, 0, zoo.CodeNotEmpty, 0}; !slices.Equal(codes, want) {
		t.Fatalf("got %v", codes)
	}
	if _, found := p.tree.Lookup("/a"); found {
		t.Fatal("/a is there")
	}
}

func TestRemoveRecursiveNeverOutgrowsATransaction(t *testing.T) {
	p := newPlay(t, func(cfg *Config) { cfg.EntryBytesMax = 400 })
	p.do(wire.OpCreate, create("/a", 0))
	for i := range 20 {
		p.do(wire.OpCreate, create(fmt.Sprintf("/a/%02d", i), 0))
	}
	p.expect("too many for one", zoo.CodeNotEmpty, wire.OpRemoveRecursive, uproot("/a", -1))
	for i := range 10 {
		p.do(wire.OpDelete, remove(fmt.Sprintf("/a/%02d", i), anyVersion))
	}
	if e := p.prepare(alice, wire.OpRemoveRecursive, uproot("/a", -1)); len(e.Bytes) > 400 {
		t.Fatalf("%d bytes", len(e.Bytes))
	}
	if got := p.settle(); got[0] != zoo.CodeOK {
		t.Fatalf("got %v", got)
	}
}
