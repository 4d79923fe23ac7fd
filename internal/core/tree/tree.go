package tree

import (
	"strings"

	"zoo"
	"zoo/internal/check/invariant"
)

// Tree is the replicated state. The zero value is not usable; see New and Loader.
type Tree struct {
	nodes  nodeTable
	arena  arena
	index  index
	acls   aclTable
	owners owners

	// sessions is the timeouts in milliseconds of the ensemble's sessions.
	sessions map[zoo.SessionID]int32

	zxid     zoo.Zxid // zxid is the last transaction applied.
	bytes    int64    // bytes is the length of all paths and data.
	digest   uint64
	digester Digester
	// fuzzy is what was set: it is over when zxid has got there.
	fuzzy Fuzzy

	// quotas is the paths whose usage is counted.
	quotas  map[string]struct{}
	scratch []byte

	// orders is the parents whose children are sorted, or are about to be.
	orders map[slot]*order

	// generation counts the freezes; frozen is those that are not closed.
	generation uint32
	frozen     []*Frozen

	// ahead is what is known of the entry that is being applied, nil for nothing.
	ahead *Replay
	near  uint64 // near means nothing; it keeps expect from being optimised away.

	result Result // result, events and subs are lent to the caller of Apply.
	events []Event
	subs   []Result
}

// The znodes that are always there.
const (
	systemPath = "/zookeeper"
	quotaPath  = "/zookeeper/quota"
	configPath = "/zookeeper/config"
)

// New makes the tree of a server without history: the root and the system's own
// znodes, all stats zero.
func New() *Tree {
	t := newRoot()
	t.addSystem()
	return t
}

// newRoot makes a tree of nothing but the root.
func newRoot() *Tree {
	t := &Tree{
		index: newIndex(), acls: newACLTable(), owners: newOwners(),
		sessions: make(map[zoo.SessionID]int32), quotas: make(map[string]struct{}),
	}
	s := t.nodes.alloc()
	root := t.nodes.at(s)
	root.nameFlags = flagLive
	root.block = t.arena.alloc(0)
	t.recount(root)
	return t
}

// addSystem adds those of the system's znodes that are missing. Java puts the
// config znode's ACL on it with a setACL of version -1, and that version shows.
func (t *Tree) addSystem() {
	for _, path := range []string{systemPath, quotaPath, configPath} {
		if _, exists := t.find(path); exists {
			continue
		}
		parent, name, _ := t.findParent(path)
		s := t.add(parent, path, name, []byte{})
		if path == configPath {
			n := t.nodes.at(s)
			n.acl = t.acls.intern([]zoo.ACL{{Perms: zoo.PermRead, ID: zoo.AnyoneID}})
			t.nodes.own(n).aversion = -1
		}
	}
}

// SetConfig puts the text of the ensemble's configuration into the tree without
// a transaction, as a quorum server does when it starts. It changes the tree.
func (t *Tree) SetConfig(text []byte, version zoo.Zxid, timeMillis int64) {
	s, exists := t.find(configPath)
	invariant.Holds(exists, "no %s", configPath)
	t.touch(s)
	n := t.nodes.at(s)
	t.replaceData(n, configPath, text)
	n.version, n.mzxid, n.mtime = -1, version, timeMillis
}

// Zxid is the last transaction that the tree contains.
func (t *Tree) Zxid() zoo.Zxid { return t.zxid }

// SetZxid says which transaction the tree contains. It changes the tree.
func (t *Tree) SetZxid(z zoo.Zxid) { t.zxid = z }

// Len is the number of znodes, the root included. Java counts the root twice, so
// its figures are one higher.
func (t *Tree) Len() int { return t.index.count + 1 }

// Digest is the sum of the digests of all znodes.
func (t *Tree) Digest() uint64 { return t.digest }

// DataBytes is the length of all paths and data, counted as Java's approximate
// data size: the second name of the root, "/", adds one.
func (t *Tree) DataBytes() int64 { return t.bytes + 1 }

// Lookup finds a znode. The path may be a view of memory that changes later; ""
// and "/" are the root. A path that could not be created is merely not found.
func (t *Tree) Lookup(path string) (Node, bool) {
	s, ok := t.find(path)
	return Node{t, s}, ok
}

func (t *Tree) find(path string) (slot, bool) {
	if path == "" || path == "/" {
		return rootSlot, true
	}
	return t.findHash(hashPath(path), path)
}

// findParent finds the znode that path's would be a child of, and gives the
// child's name. What no rebuilt path could equal has no parent.
func (t *Tree) findParent(path string) (parent slot, name string, ok bool) {
	cut := parentCut(path)
	if cut < 0 {
		return noSlot, "", false
	}
	parent, ok = t.find(path[:cut])
	return parent, path[cut+1:], ok
}

// parentCut is where the path of the parent ends, -1 if there can be none.
func parentCut(path string) int {
	i := strings.LastIndexByte(path, '/')
	if i == len(path)-1 || i >= 0 && path[:i] == "/" {
		return -1
	}
	return i
}

// hasPath confirms a find: the hash alone may be another path's.
func (t *Tree) hasPath(s slot, path string) bool {
	for s != rootSlot {
		n := t.nodes.at(s)
		start := len(path) - n.nameBytes()
		if start < 1 || path[start-1] != '/' || path[start:] != t.name(n) {
			return false
		}
		path = path[:start-1]
		s = n.parent
	}
	return path == ""
}

func (t *Tree) name(n *node) string {
	return stringOf(t.arena.bytes(n.block, n.blockBytes())[:n.nameBytes()])
}

func (t *Tree) data(n *node) []byte {
	if n.dataLen == nullData {
		return nil
	}
	return t.arena.bytes(n.block, n.blockBytes())[n.nameBytes():]
}

// path builds a znode's path, "" for the root.
func (t *Tree) path(s slot) string { return stringOf(t.appendPath(nil, s)) }

// appendPath appends a znode's path, written from its end.
func (t *Tree) appendPath(b []byte, s slot) []byte {
	size := 0
	for at := s; at != rootSlot; at = t.nodes.at(at).parent {
		size += 1 + t.nodes.at(at).nameBytes()
	}
	start := len(b)
	b = append(b, make([]byte, size)...)
	for end := start + size; s != rootSlot; {
		n := t.nodes.at(s)
		end -= copy(b[end-n.nameBytes():end], t.name(n)) + 1
		b[end] = '/'
		s = n.parent
	}
	return b
}

// following is the znode after s in a walk that shows parents before children
// and stays below top; noSlot after the last.
func (t *Tree) following(s, top slot) slot {
	if first := t.nodes.firstChild(t.nodes.at(s)); first != noSlot {
		return first
	}
	return t.beside(s, top)
}

// followingParent is following that misses no znode with children, and passes over the
// families that have none but leaves.
func (t *Tree) followingParent(s, top slot) slot {
	if n := t.nodes.at(s); n.extra != 0 && t.nodes.extras.at(n.extra).parents > 0 {
		return t.nodes.firstChild(n)
	}
	return t.beside(s, top)
}

// beside is the next sibling of s or of the nearest ancestor that has one, below top.
func (t *Tree) beside(s, top slot) slot {
	for s != top {
		n := t.nodes.at(s)
		if n.next != noSlot {
			return n.next
		}
		s = n.parent
	}
	return noSlot
}

// newcomer is a znode that is about to be added, and what follows from its path and
// data alone.
type newcomer struct {
	path, name string
	data       []byte
	hash       uint32 // of the path
	prefix     uint32 // of the digest
}

// add makes a znode with a zero stat, the open ACL and no owner.
func (t *Tree) add(parent slot, path, name string, data []byte) slot {
	s := t.attach(parent, newcomer{path: path, name: name, data: data,
		hash: hashPath(path), prefix: t.digester.prefix(path, data)})
	t.recount(t.nodes.at(s))
	return s
}

// attach is add without the digest.
func (t *Tree) attach(parent slot, c newcomer) slot {
	if len(c.name) > int(nameMask) {
		invariant.Fail("a name of %d bytes", len(c.name))
	}
	s := t.nodes.alloc()
	n := t.nodes.at(s)
	*n = node{nameFlags: flagLive | uint32(len(c.name)), stamp: t.generation, prefix: c.prefix}
	if uncounted(c.path) {
		n.nameFlags |= flagUncounted
	}
	if n.dataLen = int32(len(c.data)); c.data == nil {
		n.dataLen = nullData
	}
	n.block = t.arena.alloc(n.blockBytes())
	copy(t.arena.bytes(n.block, n.blockBytes()), c.name)
	copy(t.data(n), c.data)
	t.nodes.link(parent, s)
	if len(t.orders) > 0 {
		t.enterOrder(parent, s)
	}
	t.index.insert(c.hash, s)
	t.bytes += int64(len(c.path) + len(c.data))
	return s
}

// remove takes a znode without children out of the tree.
func (t *Tree) remove(s slot, path string) {
	n := t.nodes.at(s)
	if t.nodes.firstChild(n) != noSlot {
		invariant.Fail("%s removed before its children", path)
	}
	t.bytes -= int64(len(path) + n.dataBytes())
	t.digest -= uint64(n.digest)
	t.owners.remove(t.nodes.owner(n), s)
	t.acls.release(n.acl)
	t.index.remove(hashPath(path), s)
	if len(t.orders) > 0 {
		t.leaveOrder(n.parent, s)
	}
	t.nodes.unlink(s)
	t.arena.release(n.block, n.blockBytes())
	t.nodes.release(s)
}

// replaceData gives a znode other data, in place where the block fits. Readers
// are out and every Frozen has its copy, so nobody sees the block change.
func (t *Tree) replaceData(n *node, path string, data []byte) {
	t.replaceBytes(n, data)
	n.prefix = t.digester.prefix(path, data)
}

// replaceBytes is replaceData without the digest.
func (t *Tree) replaceBytes(n *node, data []byte) {
	before, after := n.blockBytes(), n.nameBytes()+len(data)
	t.bytes += int64(after - before)
	if !sameBlock(before, after) {
		block := t.arena.alloc(after)
		copy(t.arena.bytes(block, after), t.name(n))
		t.arena.release(n.block, before)
		n.block = block
	}
	if n.dataLen = int32(len(data)); data == nil {
		n.dataLen = nullData
	}
	copy(t.data(n), data)
}
