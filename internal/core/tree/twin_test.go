package tree

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"zoo"
	"zoo/internal/jute"
	"zoo/internal/txn"
	"zoo/internal/wire"
)

// twin is the tree as anybody would write it at first: a map from paths. It also
// plays the leader: it makes entries, each valid at its place in the log.
type twin struct {
	nodes    map[string]*twinNode
	sessions map[zoo.SessionID]int32
	zxid     zoo.Zxid
	log      []txn.Entry
	// forgetful makes closeSession entries that leave ephemerals to the tree.
	// Replaying those over a fuzzy snapshot cannot mend a parent's pzxid.
	forgetful bool
}

type twinNode struct {
	data []byte
	acl  []zoo.ACL
	st   zoo.StatPersisted
}

var (
	readACL  = []zoo.ACL{{Perms: zoo.PermRead, ID: zoo.AnyoneID}}
	aliceACL = []zoo.ACL{{Perms: zoo.PermAll, ID: zoo.ID{Scheme: "digest", ID: "alice:x"}}}
	bobACL   = []zoo.ACL{{Perms: zoo.PermAll, ID: zoo.ID{Scheme: "digest", ID: "bob:x"}}}
	someACLs = [][]zoo.ACL{zoo.OpenACL(), zoo.OpenACL(), aliceACL, bobACL, readACL}
)

func newTwin() *twin {
	w := &twin{
		nodes: make(map[string]*twinNode), sessions: make(map[zoo.SessionID]int32),
		zxid: zoo.MakeZxid(1, 0),
	}
	for _, path := range []string{"", systemPath, quotaPath, configPath} {
		w.nodes[path] = &twinNode{data: []byte{}, acl: zoo.OpenACL()}
	}
	w.nodes[""].data = nil
	w.nodes[configPath].acl = readACL
	w.nodes[configPath].st.Aversion = -1
	return w
}

func (w *twin) clone() *twin {
	c := &twin{nodes: make(map[string]*twinNode), sessions: maps.Clone(w.sessions), zxid: w.zxid}
	for path, n := range w.nodes {
		copied := *n
		c.nodes[path] = &copied
	}
	return c
}

func parentOf(path string) string { return path[:strings.LastIndexByte(path, '/')] }

func (w *twin) children(path string) []string {
	var names []string
	for p := range w.nodes {
		if p != "" && parentOf(p) == path {
			names = append(names, p[len(path)+1:])
		}
	}
	slices.Sort(names)
	return names
}

// below counts what is below a path.
func (w *twin) below(path string) (count int) {
	for p := range w.nodes {
		if strings.HasPrefix(p, path+"/") {
			count++
		}
	}
	return count
}

func (w *twin) owned(session zoo.SessionID) []string {
	var paths []string
	for path, n := range w.nodes {
		if n.st.EphemeralOwner == session {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	return paths
}

// entry closes an operation: it takes the next zxid and logs it.
func (w *twin) entry(session zoo.SessionID, op wire.Op, record jute.Record) txn.Entry {
	h := txn.Header{Session: session, Zxid: w.zxid, Time: int64(w.zxid) * 10, Type: op}
	e := txn.NewEntry(h, record, &txn.Digest{Version: txn.DigestVersion, Tree: w.digest()})
	w.log = append(w.log, e)
	return e
}

func (w *twin) digest() uint64 {
	var sum uint64
	for path, n := range w.nodes {
		sum += NodeDigest(path, n.data, &n.st)
	}
	return sum
}

// step makes one random entry.
func (w *twin) step(t *rapid.T) txn.Entry {
	w.zxid++
	session := rapid.SampledFrom([]zoo.SessionID{0x100, 0x200, -5}).Draw(t, "session")
	switch rapid.IntRange(0, 9).Draw(t, "op") {
	case 0:
		timeout := int32(w.zxid)
		w.sessions[session] = timeout
		return w.entry(session, wire.OpCreateSession, &txn.CreateSessionTxn{TimeOut: timeout})
	case 1:
		return w.closeSession(t, session)
	case 2, 3:
		return w.multi(t, session)
	}
	sub := w.part(t, session, alone)
	h := txn.Header{Session: session, Zxid: w.zxid, Time: int64(w.zxid) * 10, Type: sub.Type}
	b := append(h.AppendTo(nil), sub.Data...)
	b = txn.AppendDigest(b, w.digest())
	e := txn.Entry{Zxid: w.zxid, Bytes: b}
	w.log = append(w.log, e)
	return e
}

func (w *twin) closeSession(t *rapid.T, session zoo.SessionID) txn.Entry {
	paths := w.owned(session)
	for _, path := range paths {
		w.delete(path)
	}
	delete(w.sessions, session)
	listed := paths
	if w.forgetful && len(paths) > 0 {
		listed = paths[1:]
	}
	return w.entry(session, wire.OpCloseSession, &txn.CloseSessionTxn{Paths: listed})
}

func (w *twin) multi(t *rapid.T, session zoo.SessionID) txn.Entry {
	if rapid.IntRange(0, 3).Draw(t, "fails") == 0 {
		codes := []zoo.Code{zoo.CodeOK, zoo.CodeBadVersion, zoo.CodeRuntimeInconsistency}
		var parts []txn.SubTxn
		for _, code := range codes {
			parts = append(parts, part(wire.OpError, &txn.ErrorTxn{Err: code}))
		}
		return w.entry(session, wire.OpMulti, &txn.MultiTxn{Txns: parts})
	}
	var parts []txn.SubTxn
	for range rapid.IntRange(1, 4).Draw(t, "parts") {
		if sub := w.part(t, session, inMulti); sub.Type != wire.OpError {
			parts = append(parts, sub)
		}
	}
	return w.entry(session, wire.OpMulti, &txn.MultiTxn{Txns: parts})
}

func part(op wire.Op, record jute.Record) txn.SubTxn {
	return txn.SubTxn{Type: op, Data: record.AppendTo(nil)}
}

func drawPath(t *rapid.T) string {
	var b strings.Builder
	for range rapid.IntRange(1, 3).Draw(t, "depth") {
		b.WriteByte('/')
		b.WriteString(rapid.SampledFrom([]string{"a", "b", "long-name", "é"}).Draw(t, "name"))
	}
	return b.String()
}

func drawData(t *rapid.T) []byte {
	size := rapid.SampledFrom([]int{-1, 0, 1, 7, 30, 250, 300, 9000}).Draw(t, "size")
	if size < 0 {
		return nil
	}
	fill := rapid.Byte().Draw(t, "fill")
	return slices.Repeat([]byte{fill}, size)
}

// place is where an operation stands: setACL is never part of a multi, and check
// always is.
type place int

const (
	alone place = iota
	inMulti
)

// part makes one random operation.
func (w *twin) part(t *rapid.T, session zoo.SessionID, where place) txn.SubTxn {
	path := drawPath(t)
	kind := rapid.IntRange(0, 9).Draw(t, "kind")
	n := w.nodes[path]
	switch {
	case n == nil && w.mayCreate(path):
		return w.create(t, path, session)
	case n == nil:
		return part(wire.OpError, &txn.ErrorTxn{Err: zoo.CodeNoNode})
	case kind < 5 && len(w.children(path)) == 0:
		w.delete(path)
		return part(wire.OpDelete, &txn.DeleteTxn{Path: path})
	case kind == 5 && where == inMulti:
		return part(wire.OpCheck, &txn.CheckVersionTxn{Path: path})
	case kind == 5:
		n.acl = rapid.SampledFrom(someACLs).Draw(t, "acl")
		n.st.Aversion++
		return part(wire.OpSetACL, &txn.SetACLTxn{Path: path, ACL: n.acl, Version: n.st.Aversion})
	}
	n.data = drawData(t)
	n.st.Version++
	n.st.Mzxid, n.st.Mtime = w.zxid, int64(w.zxid)*10
	return part(wire.OpSetData, &txn.SetDataTxn{Path: path, Data: n.data, Version: n.st.Version})
}

func (w *twin) mayCreate(path string) bool {
	parent := w.nodes[parentOf(path)]
	return parent != nil && Types{}.Of(parent.st.EphemeralOwner) != OwnerSession
}

func (w *twin) delete(path string) {
	delete(w.nodes, path)
	w.nodes[parentOf(path)].st.Pzxid = w.zxid
}

func (w *twin) create(t *rapid.T, path string, session zoo.SessionID) txn.SubTxn {
	n := &twinNode{data: drawData(t), acl: rapid.SampledFrom(someACLs).Draw(t, "acl")}
	n.st = zoo.StatPersisted{Czxid: w.zxid, Mzxid: w.zxid, Pzxid: w.zxid,
		Ctime: int64(w.zxid) * 10, Mtime: int64(w.zxid) * 10}
	parent := w.nodes[parentOf(path)]
	parent.st.Cversion++
	parent.st.Pzxid = w.zxid
	w.nodes[path] = n
	count := parent.st.Cversion
	switch rapid.IntRange(0, 4).Draw(t, "mode") {
	case 0:
		n.st.EphemeralOwner = session
		return part(wire.OpCreate, &txn.CreateTxn{Path: path, Data: n.data, ACL: n.acl,
			Ephemeral: true, ParentCVersion: count})
	case 1:
		n.st.EphemeralOwner = zoo.ContainerOwner
		return part(wire.OpCreateContainer, &txn.CreateContainerTxn{Path: path, Data: n.data,
			ACL: n.acl, ParentCVersion: count})
	case 2:
		n.st.EphemeralOwner = zoo.TTLOwner(1234)
		return part(wire.OpCreateTTL, &txn.CreateTTLTxn{Path: path, Data: n.data, ACL: n.acl,
			ParentCVersion: count, TTL: 1234})
	}
	return part(wire.OpCreate2, &txn.CreateTxn{Path: path, Data: n.data, ACL: n.acl,
		ParentCVersion: count})
}

// compare names the first difference between the twin and the tree, if any.
func (w *twin) compare(t *Tree) error {
	t.SetTypes(Types{Extended: true})
	if t.Len() != len(w.nodes) || t.Zxid() != w.zxid || t.Digest() != w.digest() {
		return fmt.Errorf("len %d, want %d; zxid %v, want %v; digest %x, want %x",
			t.Len(), len(w.nodes), t.Zxid(), w.zxid, t.Digest(), w.digest())
	}
	size := int64(1)
	for path, want := range w.nodes {
		size += int64(len(path) + len(want.data))
		if err := w.compareNode(t, path, want); err != nil {
			return fmt.Errorf("%q: %w", path, err)
		}
	}
	if t.DataBytes() != size {
		return fmt.Errorf("%d bytes, want %d", t.DataBytes(), size)
	}
	return w.compareSessions(t)
}

func (w *twin) compareNode(t *Tree, path string, want *twinNode) error {
	n, ok := t.Lookup(path)
	if !ok {
		return fmt.Errorf("not found")
	}
	if n.Path() != path || n.Persisted() != want.st || !slices.Equal(n.ACL(), want.acl) {
		return fmt.Errorf("at %q stat %+v acl %v, want %+v",
			n.Path(), n.Persisted(), n.ACL(), want)
	}
	isNull, wantNull := n.Data() == nil, want.data == nil && path != ""
	if string(n.Data()) != string(want.data) || path != "" && isNull != wantNull {
		return fmt.Errorf("data %q, want %q", n.Data(), want.data)
	}
	var names []string
	n.Children(func(name string) bool {
		names = append(names, strings.Clone(name))
		return true
	})
	slices.Sort(names)
	if got, below := n.Descendants(), w.below(path); got != below {
		return fmt.Errorf("%d descendants, want %d", got, below)
	}
	children := w.children(path)
	st := n.Stat()
	if !slices.Equal(names, children) || int(st.NumChildren) != len(children) ||
		st.Cversion != 2*want.st.Cversion-int32(len(children)) ||
		int(st.DataLength) != len(want.data) {
		return fmt.Errorf("children %q, want %q; stat %+v", names, children, st)
	}
	return nil
}

func (w *twin) compareSessions(t *Tree) error {
	sessions := make(map[zoo.SessionID]int32)
	t.EachSession(func(id zoo.SessionID, timeout int32) { sessions[id] = timeout })
	if !maps.Equal(sessions, w.sessions) {
		return fmt.Errorf("sessions %v, want %v", sessions, w.sessions)
	}
	total := 0
	for _, id := range []zoo.SessionID{0x100, 0x200, -5} {
		if owned := w.owned(id); !slices.Equal(t.Ephemerals(id), owned) {
			return fmt.Errorf("ephemerals of %v: %q, want %q", id, t.Ephemerals(id), owned)
		}
		total += len(w.owned(id))
	}
	if t.EphemeralCount() != total {
		return fmt.Errorf("%d ephemerals, want %d", t.EphemeralCount(), total)
	}
	return nil
}
