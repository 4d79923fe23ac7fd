package tree

import (
	"unsafe"

	"zoo"
	"zoo/internal/jute"
	"zoo/internal/wire"
)

// slot names a record of the node table. The root has slot 0; because nothing
// ever links to the root as a child or sibling, 0 also ends every list.
type slot uint32

const (
	rootSlot slot = 0
	noSlot   slot = 0
)

// nullData is the dataLen of a znode whose data is null, not empty.
const nullData = -1

// The flags of a record.
const (
	// flagLive is set while the record holds a znode.
	flagLive uint32 = 1 << iota
	// flagUncounted marks what lies below /zookeeper: the digest leaves it out.
	flagUncounted
)

// node is the record of a znode. It holds no pointer on purpose.
type node struct {
	czxid, mzxid, pzxid zoo.Zxid
	ctime, mtime        int64
	owner               zoo.SessionID
	version             int32
	cversion            int32
	aversion            int32
	acl                 uint32 // acl is an entry of the ACL table.
	block               uint32 // block of the arena: the name, then the data.
	nameLen             uint32
	dataLen             int32
	parent              slot
	firstChild          slot
	next, prev          slot // Siblings; the first child's prev is the last child.
	numChildren         int32
	digest              uint32 // digest is what the znode adds to the tree's digest.
	prefix              uint32 // prefix is the CRC of path and data, before the stat.
	stamp               uint32 // stamp is the tree's generation at the last change.
	flags               uint32
}

func (n *node) live() bool { return n.flags&flagLive != 0 }

func (n *node) dataBytes() int { return int(max(n.dataLen, 0)) }

func (n *node) blockBytes() int { return int(n.nameLen) + n.dataBytes() }

func (n *node) persisted() zoo.StatPersisted {
	return zoo.StatPersisted{
		Czxid: n.czxid, Mzxid: n.mzxid, Ctime: n.ctime, Mtime: n.mtime,
		Version: n.version, Cversion: n.cversion, Aversion: n.aversion,
		EphemeralOwner: n.owner, Pzxid: n.pzxid,
	}
}

func (n *node) setPersisted(st *zoo.StatPersisted) {
	n.czxid, n.mzxid, n.ctime, n.mtime = st.Czxid, st.Mzxid, st.Ctime, st.Mtime
	n.version, n.cversion, n.aversion = st.Version, st.Cversion, st.Aversion
	n.owner, n.pzxid = st.EphemeralOwner, st.Pzxid
}

// stat is what clients see. Cversion counts creations and deletions there; of n
// creations, n minus the children that remain were followed by a deletion.
func (n *node) stat(types Types) zoo.Stat {
	st := zoo.Stat{
		Czxid: n.czxid, Mzxid: n.mzxid, Ctime: n.ctime, Mtime: n.mtime,
		Version: n.version, Cversion: 2*n.cversion - n.numChildren, Aversion: n.aversion,
		DataLength: max(n.dataLen, 0), NumChildren: n.numChildren, Pzxid: n.pzxid,
	}
	if types.Of(n.owner) == OwnerSession {
		st.EphemeralOwner = n.owner
	}
	return st
}

// chunkBits is the binary logarithm of the records per chunk of a nodeTable.
const chunkBits = 12

// nodeTable holds the records in chunks, so that growing never copies more than
// one of them. A pointer to a record is good until the next alloc.
type nodeTable struct {
	chunks [][]node
	used   slot // used is the first slot that was never given out.
	free   slot // free heads the list of returned slots, linked by next.
}

func (t *nodeTable) at(s slot) *node { return &t.chunks[s>>chunkBits][s&(1<<chunkBits-1)] }

func (t *nodeTable) alloc() slot {
	if s := t.free; s != noSlot {
		t.free = t.at(s).next
		return s
	}
	s := t.used
	t.used++
	chunk := int(s >> chunkBits)
	if chunk == len(t.chunks) {
		t.chunks = append(t.chunks, make([]node, 0, firstCap(chunk)))
	}
	t.chunks[chunk] = append(t.chunks[chunk], node{})
	return s
}

// firstCap keeps small trees small: only the first chunk starts below full size.
func firstCap(chunk int) int {
	if chunk == 0 {
		return 8
	}
	return 1 << chunkBits
}

// release returns s for reuse.
func (t *nodeTable) release(s slot) {
	*t.at(s) = node{next: t.free}
	t.free = s
}

// link makes c the last child of p.
func (t *nodeTable) link(p, c slot) {
	parent, child := t.at(p), t.at(c)
	child.parent, child.next = p, noSlot
	parent.numChildren++
	if parent.firstChild == noSlot {
		parent.firstChild, child.prev = c, c
		return
	}
	first := t.at(parent.firstChild)
	t.at(first.prev).next = c
	child.prev, first.prev = first.prev, c
}

// unlink takes c out of its parent's list.
func (t *nodeTable) unlink(c slot) {
	child := t.at(c)
	parent := t.at(child.parent)
	parent.numChildren--
	if parent.firstChild == c {
		parent.firstChild = child.next
		if child.next != noSlot {
			t.at(child.next).prev = child.prev
		}
		return
	}
	t.at(child.prev).next = child.next
	if child.next != noSlot {
		t.at(child.next).prev = child.prev
		return
	}
	t.at(parent.firstChild).prev = child.prev
}

// Node is a handle on a znode, good until the next change of the tree. What its
// methods return may share the tree's memory, which Apply overwrites in place:
// who keeps any of it beyond the read lock copies it first.
type Node struct {
	tree *Tree
	slot slot
}

func (n Node) record() *node { return n.tree.nodes.at(n.slot) }

// Data is the znode's value, nil if null. It shares the tree's memory.
func (n Node) Data() []byte { return n.tree.data(n.record()) }

// Stat is what clients see.
func (n Node) Stat() zoo.Stat { return n.record().stat(n.tree.owners.types) }

// AppendStat appends the encoded Stat.
func (n Node) AppendStat(b []byte) []byte {
	st := n.Stat()
	return wire.AppendStat(b, &st)
}

// Persisted is what snapshots keep.
func (n Node) Persisted() zoo.StatPersisted { return n.record().persisted() }

// ACL is the znode's list, which is shared and never changes.
func (n Node) ACL() []zoo.ACL { return n.tree.acls.list(n.record().acl) }

// ACLIndex is the list's number in snapshots, -1 for the open ACL.
func (n Node) ACLIndex() int64 { return n.tree.acls.id(n.record().acl) }

// Digest is what the znode adds to the tree's digest.
func (n Node) Digest() uint64 { return uint64(n.record().digest) }

// NumChildren is the number of children.
func (n Node) NumChildren() int { return int(n.record().numChildren) }

// Children visits the names of the children, the oldest first, until visit
// returns false. A name shares the tree's memory.
func (n Node) Children(visit func(name string) bool) {
	for c := n.record().firstChild; c != noSlot; {
		child := n.tree.nodes.at(c)
		if !visit(n.tree.name(child)) {
			return
		}
		c = child.next
	}
}

// EachChild visits the children themselves, the oldest first.
func (n Node) EachChild(visit func(name string, child Node) bool) {
	for c := n.record().firstChild; c != noSlot; {
		child := n.tree.nodes.at(c)
		if !visit(n.tree.name(child), Node{n.tree, c}) {
			return
		}
		c = child.next
	}
}

// AppendChildNames appends the names of the children as an encoded vector.
func (n Node) AppendChildNames(b []byte) []byte {
	record := n.record()
	b = jute.AppendCount(b, int(record.numChildren))
	for c := record.firstChild; c != noSlot; {
		child := n.tree.nodes.at(c)
		b = jute.AppendString(b, n.tree.name(child))
		c = child.next
	}
	return b
}

// Descendants is the number of znodes below this one, at any depth. Unless this is
// the root it walks over all of them.
func (n Node) Descendants() int {
	if n.slot == rootSlot {
		return n.tree.Len() - 1
	}
	count := 0
	for s := n.tree.following(n.slot, n.slot); s != noSlot; s = n.tree.following(s, n.slot) {
		count++
	}
	return count
}

// Path is the znode's path, "" for the root.
func (n Node) Path() string { return n.tree.path(n.slot) }

// bytesOf and stringOf view one as the other without copying.
func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }

func stringOf(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
