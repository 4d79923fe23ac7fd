package prep

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
	"zoo"
	"zoo/internal/core/acl"
	"zoo/internal/core/tree"
	"zoo/internal/wire"
)

// model does one request after the other to a plain map: what ZooKeeper promises,
// without transactions, outstanding changes or digests.
type model struct {
	nodes  map[string]modelNode
	closed map[zoo.SessionID]bool
}

type modelNode struct {
	data string
	acl  []zoo.ACL
	stat zoo.StatPersisted
}

func newModel() *model {
	read := []zoo.ACL{{Perms: zoo.PermRead, ID: zoo.AnyoneID}}
	return &model{closed: map[zoo.SessionID]bool{}, nodes: map[string]modelNode{
		"/": {}, "/zookeeper": {}, "/zookeeper/quota": {},
		"/zookeeper/config": {acl: read, stat: zoo.StatPersisted{Aversion: -1}},
	}}
}

func (m *model) children(path string) int {
	count := 0
	for other := range m.nodes {
		if parent, _ := zoo.SplitPath(other); parent == path && other != "/" {
			count++
		}
	}
	return count
}

// step is one request of the model: who, when, and what.
type step struct {
	session zoo.SessionID
	ids     []zoo.ID
	zxid    zoo.Zxid
	part
}

func (s step) may(list []zoo.ACL, perm zoo.Perms) bool {
	return (&acl.Rules{}).Check(list, perm, s.ids)
}

// do gives the codes that a client would see: one, or one for each part of a multi.
func (m *model) do(s step) []zoo.Code {
	parts, isMulti := s.record.(multi)
	if !isMulti {
		return []zoo.Code{m.one(s)}
	}
	before := maps.Clone(m.nodes)
	codes := make([]zoo.Code, len(parts))
	for i, part := range parts {
		s.part = part
		if codes[i] = m.one(s); codes[i] != zoo.CodeOK {
			m.nodes = before
			for i++; i < len(parts); i++ {
				codes[i] = zoo.CodeRuntimeInconsistency
			}
			return codes
		}
	}
	return codes
}

func (m *model) one(s step) zoo.Code {
	if s.op == wire.OpCloseSession {
		m.closeSession(s)
		return zoo.CodeOK
	}
	if m.closed[s.session] {
		return zoo.CodeSessionExpired
	}
	switch r := s.record.(type) {
	case *wire.CreateRequest:
		return m.create(s, r)
	case *wire.DeleteRequest:
		return m.delete(s, r)
	case *wire.RemoveRecursiveRequest:
		return m.uproot(s, r.Path)
	case *wire.SetDataRequest:
		return m.change(s, r.Path, zoo.PermWrite, func(n *modelNode) bool {
			fits := r.Version == anyVersion || r.Version == n.stat.Version
			n.data = string(r.Data)
			n.stat.Version, n.stat.Mzxid, n.stat.Mtime = n.stat.Version+1, s.zxid, noon
			return fits
		})
	case *wire.SetACLRequest:
		return m.change(s, r.Path, zoo.PermAdmin, func(n *modelNode) bool {
			fits := r.Version == anyVersion || r.Version == n.stat.Aversion
			n.acl, n.stat.Aversion = r.ACL, n.stat.Aversion+1
			return fits
		})
	case *wire.CheckVersionRequest:
		return m.change(s, r.Path, zoo.PermRead, func(n *modelNode) bool {
			return r.Version == anyVersion || r.Version == n.stat.Version
		})
	}
	panic(s.op)
}

func (m *model) closeSession(s step) {
	m.closed[s.session] = true
	for path, n := range m.nodes {
		if n.stat.EphemeralOwner == s.session {
			m.remove(s, path)
		}
	}
}

func (m *model) create(s step, r *wire.CreateRequest) zoo.Code {
	above, _ := zoo.SplitPath(r.Path)
	parent, exists := m.nodes[above]
	path := r.Path
	if r.Flags.IsSequential() {
		path += fmt.Sprintf("%010d", parent.stat.Cversion)
	}
	_, taken := m.nodes[path]
	switch {
	case !exists:
		return zoo.CodeNoNode
	case !s.may(parent.acl, zoo.PermCreate):
		return zoo.CodeNoAuth
	case taken:
		return zoo.CodeNodeExists
	case parent.stat.EphemeralOwner != 0:
		return zoo.CodeNoChildrenForEphemerals
	}
	parent.stat.Cversion++
	parent.stat.Pzxid = s.zxid
	m.nodes[above] = parent
	n := modelNode{data: string(r.Data), acl: r.ACL, stat: zoo.StatPersisted{
		Czxid: s.zxid, Mzxid: s.zxid, Pzxid: s.zxid, Ctime: noon, Mtime: noon,
	}}
	if r.Flags.IsEphemeral() {
		n.stat.EphemeralOwner = s.session
	}
	m.nodes[path] = n
	return zoo.CodeOK
}

func (m *model) delete(s step, r *wire.DeleteRequest) zoo.Code {
	above, _ := zoo.SplitPath(r.Path)
	parent, hasParent := m.nodes[above]
	n, exists := m.nodes[r.Path]
	switch {
	case !hasParent:
		return zoo.CodeNoNode
	case !s.may(parent.acl, zoo.PermDelete):
		return zoo.CodeNoAuth
	case !exists:
		return zoo.CodeNoNode
	case r.Version != anyVersion && r.Version != n.stat.Version:
		return zoo.CodeBadVersion
	case m.children(r.Path) > 0:
		return zoo.CodeNotEmpty
	}
	m.remove(s, r.Path)
	return zoo.CodeOK
}

// uproot knows no bounds.
func (m *model) uproot(s step, top string) zoo.Code {
	above, _ := zoo.SplitPath(top)
	if parent, ok := m.nodes[above]; !ok {
		return zoo.CodeOK
	} else if !s.may(parent.acl, zoo.PermDelete) {
		return zoo.CodeNoAuth
	}
	var gone []string
	for path, n := range m.nodes {
		if path != top && !strings.HasPrefix(path, top+"/") {
			continue
		}
		if m.children(path) > 0 && !s.may(n.acl, zoo.PermDelete) {
			return zoo.CodeNoAuth
		}
		gone = append(gone, path)
	}
	slices.Sort(gone)
	for _, path := range slices.Backward(gone) {
		m.remove(s, path)
	}
	return zoo.CodeOK
}

func (m *model) remove(s step, path string) {
	above, _ := zoo.SplitPath(path)
	parent := m.nodes[above]
	parent.stat.Pzxid = s.zxid
	m.nodes[above] = parent
	delete(m.nodes, path)
}

// change tries a change on a copy, and keeps it if its version fits.
func (m *model) change(s step, path string, perm zoo.Perms, try func(*modelNode) bool) zoo.Code {
	n, exists := m.nodes[path]
	switch {
	case !exists:
		return zoo.CodeNoNode
	case !s.may(n.acl, perm):
		return zoo.CodeNoAuth
	case !try(&n):
		return zoo.CodeBadVersion
	}
	m.nodes[path] = n
	return zoo.CodeOK
}

// compare compares a tree that holds everything with the model.
func (m *model) compare(t *rapid.T, tr *tree.Tree) {
	if tr.Len() != len(m.nodes) {
		t.Fatalf("the tree has %d znodes, want %d", tr.Len(), len(m.nodes))
	}
	for path, want := range m.nodes {
		n, ok := tr.Lookup(path)
		if !ok {
			t.Fatalf("%s is missing", path)
		}
		if n.Persisted() != want.stat || string(n.Data()) != want.data ||
			n.NumChildren() != m.children(path) {
			t.Fatalf("%s: got %+v %q with %d children, want %+v %q with %d", path, n.Persisted(),
				n.Data(), n.NumChildren(), want.stat, want.data, m.children(path))
		}
		if !slices.Equal(n.ACL(), want.acl) && !(acl.IsOpen(n.ACL()) && want.acl == nil) {
			t.Fatalf("%s: the ACL is %v, want %v", path, n.ACL(), want.acl)
		}
	}
}

// The names are few, so that the requests meet.
var paths = rapid.Custom(func(t *rapid.T) string {
	depth := rapid.IntRange(1, 3).Draw(t, "depth")
	names := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b"}), depth, depth).Draw(t, "names")
	if rapid.IntRange(0, 19).Draw(t, "system") == 0 {
		return "/zookeeper/" + names[0]
	}
	return "/" + strings.Join(names, "/")
})

var (
	datas    = rapid.SampledFrom([]string{"x", "", strings.Repeat("long", 50)})
	versions = rapid.SampledFrom([]int32{anyVersion, anyVersion, anyVersion, 0, 1})
	modes    = rapid.SampledFrom([]zoo.CreateMode{zoo.Persistent, zoo.Persistent,
		zoo.Ephemeral, zoo.PersistentSequential, zoo.EphemeralSequential})
	acls = rapid.SampledFrom([][]zoo.ACL{zoo.OpenACL(), zoo.OpenACL(), zoo.OpenACL(), private(),
		{{Perms: zoo.PermRead | zoo.PermCreate, ID: zoo.AnyoneID}, private()[0]}})
	sessions = rapid.SampledFrom([]zoo.SessionID{alice, bob})
	idSets   = rapid.SampledFrom([][]zoo.ID{{aliceID}, {aliceID}, nil})
)

var multiOps = []wire.Op{wire.OpCreate, wire.OpCreate, wire.OpRemoveRecursive, wire.OpDelete,
	wire.OpSetData, wire.OpCheck}

func drawPart(t *rapid.T, op wire.Op) part {
	path := paths.Draw(t, "path")
	switch op {
	case wire.OpCreate:
		return part{op, &wire.CreateRequest{Path: path, Data: []byte(datas.Draw(t, "data")),
			ACL: acls.Draw(t, "acl"), Flags: modes.Draw(t, "mode")}}
	case wire.OpDelete:
		return part{op, remove(path, versions.Draw(t, "version"))}
	case wire.OpRemoveRecursive:
		return part{op, uproot(path, -1)}
	case wire.OpSetData:
		return part{op, set(path, datas.Draw(t, "data"), versions.Draw(t, "version"))}
	case wire.OpCheck:
		return part{op, check(path, versions.Draw(t, "version"))}
	}
	return part{wire.OpSetACL, grant(path, acls.Draw(t, "acl"), versions.Draw(t, "version"))}
}

func drawMulti(t *rapid.T) part {
	var m multi
	for range rapid.IntRange(0, 5).Draw(t, "parts") {
		m = append(m, drawPart(t, rapid.SampledFrom(multiOps).Draw(t, "op")))
	}
	return part{wire.OpMulti, m}
}

// racing is the play with its model: what the clients must see is known when a
// request is prepared, and compared when it is applied.
type racing struct {
	*play
	model *model
	want  [][]zoo.Code
}

func (r *racing) request(t *rapid.T, p part) {
	s := step{sessions.Draw(t, "session"), idSets.Draw(t, "ids"), r.zxid.Next(), p}
	if s.op == wire.OpCloseSession {
		r.model.closed[s.session] = true
	}
	r.want = append(r.want, r.model.do(s))
	r.prepare(s.session, s.op, s.record, s.ids...)
}

func (r *racing) applyOne(t *rapid.T) {
	result := r.apply()
	got := []zoo.Code{result.Code}
	if result.Header.Type == wire.OpMulti {
		got = codes(result)
	}
	if !slices.ContainsFunc(got, func(c zoo.Code) bool { return c != zoo.CodeOK }) {
		// A removal has as many parts as it deletes znodes.
		got = make([]zoo.Code, len(r.want[0]))
	}
	if !slices.Equal(got, r.want[0]) {
		t.Fatalf("%v: got %v, want %v", result.Header.Zxid, got, r.want[0])
	}
	r.want = r.want[1:]
}

// The plot: clients send, the ensemble applies behind them, and the leader hears of
// the applying later still. Whatever the distance, each client sees what it would
// have seen if every request had been done at once, every entry holds the digest
// of the tree after it, and in the end tree and model are the same.
func TestWhatIsPreparedAheadIsWhatWouldHappenOneByOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := &racing{play: newPlay(t, nil), model: newModel()}
		ops := append([]wire.Op{wire.OpSetACL}, multiOps[:5]...)
		t.Repeat(map[string]func(*rapid.T){
			"request": func(t *rapid.T) {
				r.request(t, drawPart(t, rapid.SampledFrom(ops).Draw(t, "op")))
			},
			"another request": func(t *rapid.T) {
				r.request(t, drawPart(t, rapid.SampledFrom(ops).Draw(t, "op")))
			},
			"multi": func(t *rapid.T) { r.request(t, drawMulti(t)) },
			"a session ends, to be replaced": func(t *rapid.T) {
				r.request(t, part{wire.OpCloseSession, nil})
				for _, id := range []zoo.SessionID{alice, bob} {
					r.tracker.Remove(id)
					r.tracker.Add(id, 10000, 0)
				}
				clear(r.model.closed)
			},
			"apply some": func(t *rapid.T) {
				for range rapid.IntRange(0, len(r.queue)).Draw(t, "entries") {
					r.applyOne(t)
				}
			},
			"the leader hears of it": func(t *rapid.T) { r.prep.Applied(r.tree.Zxid()) },
		})
		for len(r.queue) > 0 {
			r.applyOne(t)
		}
		r.settle()
		r.model.compare(t, r.tree)
	})
}
