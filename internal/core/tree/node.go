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

// The flags of a record, above the length of the name.
const (
	// flagLive is set while the record holds a znode.
	flagLive uint32 = 1 << 31
	// flagUncounted marks what lies below /zookeeper: the digest leaves it out.
	flagUncounted uint32 = 1 << 30

	nameMask = flagUncounted - 1
)

// node is the record of a znode. It holds no pointer on purpose, and nothing that most
// znodes do not need; see extra.
type node struct {
	czxid, mzxid zoo.Zxid
	ctime, mtime int64
	version      int32
	acl          uint32 // acl is an entry of the ACL table.
	block        uint32 // block of the arena: the name, then the data.
	nameFlags    uint32 // nameFlags is the length of the name, and flags above it.
	dataLen      int32
	parent       slot
	next, prev   slot   // Siblings; the first child's prev is the last child.
	digest       uint32 // digest is what the znode adds to the tree's digest.
	prefix       uint32 // prefix is the CRC of path and data, before the stat.
	stamp        uint32 // stamp is the tree's generation at the last change.
	extra        uint32 // extra is the other half of the record; 0 if there is none.
}

// extra is what a znode has that has an owner or had children, or whose ACL was set.
// Where there is none, pzxid is the creation's and the rest is zero.
type extra struct {
	pzxid       zoo.Zxid
	owner       zoo.SessionID
	cversion    int32
	aversion    int32
	firstChild  slot // firstChild of a free one is the next free one.
	numChildren int32
	parents     int32 // parents is how many of the children have children.
}

func (n *node) live() bool { return n.nameFlags&flagLive != 0 }

func (n *node) uncounted() bool { return n.nameFlags&flagUncounted != 0 }

func (n *node) nameBytes() int { return int(n.nameFlags & nameMask) }

func (n *node) dataBytes() int { return int(max(n.dataLen, 0)) }

func (n *node) blockBytes() int { return n.nameBytes() + n.dataBytes() }

// persisted is what snapshots keep of a record.
func (t *nodeTable) persisted(n *node) zoo.StatPersisted {
	x := t.extra(n)
	return zoo.StatPersisted{
		Czxid: n.czxid, Mzxid: n.mzxid, Ctime: n.ctime, Mtime: n.mtime,
		Version: n.version, Cversion: x.cversion, Aversion: x.aversion,
		EphemeralOwner: x.owner, Pzxid: x.pzxid,
	}
}

func (t *nodeTable) setPersisted(n *node, st *zoo.StatPersisted) {
	n.czxid, n.mzxid, n.ctime, n.mtime = st.Czxid, st.Mzxid, st.Ctime, st.Mtime
	n.version = st.Version
	usual := st.Pzxid == st.Czxid && st.Cversion == 0 && st.Aversion == 0 && st.EphemeralOwner == 0
	if n.extra == 0 && usual {
		return
	}
	x := t.own(n)
	x.cversion, x.aversion = st.Cversion, st.Aversion
	x.owner, x.pzxid = st.EphemeralOwner, st.Pzxid
}

// stat is what clients see. Cversion counts creations and deletions there; of n
// creations, n minus the children that remain were followed by a deletion.
func (t *nodeTable) stat(n *node, types Types) zoo.Stat {
	x := t.extra(n)
	st := zoo.Stat{
		Czxid: n.czxid, Mzxid: n.mzxid, Ctime: n.ctime, Mtime: n.mtime,
		Version: n.version, Cversion: 2*x.cversion - x.numChildren, Aversion: x.aversion,
		DataLength: max(n.dataLen, 0), NumChildren: x.numChildren, Pzxid: x.pzxid,
	}
	if types.Of(x.owner) == OwnerSession {
		st.EphemeralOwner = x.owner
	}
	return st
}

// chunkBits is the binary logarithm of the elements per chunk.
const chunkBits = 12

// chunked is an array that grows without copying more than its first chunk, which
// starts small. A pointer to an element is good until the next push.
type chunked[T any] struct {
	chunks [][]T
	used   uint32
}

func (c *chunked[T]) at(i uint32) *T { return &c.chunks[i>>chunkBits][i&(1<<chunkBits-1)] }

// push adds a zero element at the end and gives its number.
func (c *chunked[T]) push() uint32 {
	i := c.used
	c.used++
	chunk := int(i >> chunkBits)
	if chunk == len(c.chunks) {
		c.chunks = append(c.chunks, make([]T, 0, firstCap(chunk)))
	}
	var zero T
	c.chunks[chunk] = append(c.chunks[chunk], zero)
	return i
}

// firstCap keeps small trees small: only the first chunk starts below full size.
func firstCap(chunk int) int {
	if chunk == 0 {
		return 8
	}
	return 1 << chunkBits
}

// nodeTable holds the records.
type nodeTable struct {
	nodes     chunked[node]
	free      slot // free heads the list of returned slots, linked by next.
	extras    chunked[extra]
	freeExtra uint32 // freeExtra heads the list of returned extras.
}

func (t *nodeTable) at(s slot) *node { return t.nodes.at(uint32(s)) }

// end is the first slot that was never given out.
func (t *nodeTable) end() slot { return slot(t.nodes.used) }

func (t *nodeTable) alloc() slot {
	if s := t.free; s != noSlot {
		t.free = t.at(s).next
		return s
	}
	return slot(t.nodes.push())
}

// release returns s for reuse.
func (t *nodeTable) release(s slot) {
	n := t.at(s)
	if n.extra != 0 {
		*t.extras.at(n.extra) = extra{firstChild: slot(t.freeExtra)}
		t.freeExtra = n.extra
	}
	*n = node{next: t.free}
	t.free = s
}

// extra is the other half of a record, or what it would be.
func (t *nodeTable) extra(n *node) extra {
	if n.extra == 0 {
		return extra{pzxid: n.czxid}
	}
	return *t.extras.at(n.extra)
}

// own gives the other half for a change. It is good until the next own.
func (t *nodeTable) own(n *node) *extra {
	if n.extra == 0 {
		n.extra = t.allocExtra()
		t.extras.at(n.extra).pzxid = n.czxid
	}
	return t.extras.at(n.extra)
}

func (t *nodeTable) allocExtra() uint32 {
	if i := t.freeExtra; i != 0 {
		x := t.extras.at(i)
		t.freeExtra = uint32(x.firstChild)
		*x = extra{}
		return i
	}
	if t.extras.used == 0 {
		t.extras.push() // The number 0 means none.
	}
	return t.extras.push()
}

func (t *nodeTable) firstChild(n *node) slot {
	if n.extra == 0 {
		return noSlot
	}
	return t.extras.at(n.extra).firstChild
}

func (t *nodeTable) numChildren(n *node) int32 {
	if n.extra == 0 {
		return 0
	}
	return t.extras.at(n.extra).numChildren
}

func (t *nodeTable) owner(n *node) zoo.SessionID {
	if n.extra == 0 {
		return 0
	}
	return t.extras.at(n.extra).owner
}

// setOwner is for a znode that has none yet.
func (t *nodeTable) setOwner(n *node, owner zoo.SessionID) {
	if owner != 0 {
		t.own(n).owner = owner
	}
}

// link makes c the last child of p.
func (t *nodeTable) link(p, c slot) {
	parent, child := t.own(t.at(p)), t.at(c)
	child.parent, child.next = p, noSlot
	if parent.numChildren++; parent.numChildren == 1 && p != rootSlot {
		t.extras.at(t.at(t.at(p).parent).extra).parents++
	}
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
	parent := t.own(t.at(child.parent))
	if parent.numChildren--; parent.numChildren == 0 && child.parent != rootSlot {
		t.extras.at(t.at(t.at(child.parent).parent).extra).parents--
	}
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
func (n Node) Stat() zoo.Stat { return n.tree.nodes.stat(n.record(), n.tree.owners.types) }

// AppendStat appends the encoded Stat.
func (n Node) AppendStat(b []byte) []byte {
	st := n.Stat()
	return wire.AppendStat(b, &st)
}

// Persisted is what snapshots keep.
func (n Node) Persisted() zoo.StatPersisted { return n.tree.nodes.persisted(n.record()) }

// ACL is the znode's list, which is shared and never changes.
func (n Node) ACL() []zoo.ACL { return n.tree.acls.list(n.record().acl) }

// ACLIndex is the list's number in snapshots, -1 for the open ACL.
func (n Node) ACLIndex() int64 { return n.tree.acls.id(n.record().acl) }

// Digest is what the znode adds to the tree's digest.
func (n Node) Digest() uint64 { return uint64(n.record().digest) }

// NumChildren is the number of children.
func (n Node) NumChildren() int { return int(n.tree.nodes.numChildren(n.record())) }

// Children visits the names of the children, the oldest first, until visit
// returns false. A name shares the tree's memory.
func (n Node) Children(visit func(name string) bool) {
	for c := n.tree.nodes.firstChild(n.record()); c != noSlot; {
		child := n.tree.nodes.at(c)
		if !visit(n.tree.name(child)) {
			return
		}
		c = child.next
	}
}

// EachChild visits the children themselves, the oldest first.
func (n Node) EachChild(visit func(name string, child Node) bool) {
	for c := n.tree.nodes.firstChild(n.record()); c != noSlot; {
		child := n.tree.nodes.at(c)
		if !visit(n.tree.name(child), Node{n.tree, c}) {
			return
		}
		c = child.next
	}
}

// Family is the children that a znode has at one moment. Two of one tree that are equal have
// the same children, in the same order: each that comes or goes changes pzxid, and a slot is
// not another znode's with the same czxid.
type Family struct {
	parent       slot
	czxid, pzxid zoo.Zxid
	cversion     int32
	count        int
}

// Family is the znode's children as they are.
func (n Node) Family() Family {
	p := n.Persisted()
	return Family{n.slot, p.Czxid, p.Pzxid, p.Cversion, n.NumChildren()}
}

// Place is a number of the parent, for who keeps families apart.
func (f Family) Place() uint32 { return uint32(f.parent) }

// AppendChildNames appends the names of the children as an encoded vector.
func (n Node) AppendChildNames(b []byte) []byte {
	b = jute.AppendCount(b, n.NumChildren())
	for c := n.tree.nodes.firstChild(n.record()); c != noSlot; {
		child := n.tree.nodes.at(c)
		b = jute.AppendString(b, n.tree.name(child))
		c = child.next
	}
	return b
}

// Descendants is the number of znodes below this one, at any depth. Unless this is
// the root it walks over the children of those that have grandchildren: however many
// leaves a directory has, they are counted without a look at them.
func (n Node) Descendants() int {
	if n.slot == rootSlot {
		return n.tree.Len() - 1
	}
	t, count := n.tree, 0
	for s := n.slot; s != noSlot; s = t.followingParent(s, n.slot) {
		count += int(t.nodes.numChildren(t.nodes.at(s)))
	}
	return count
}

// Path is the znode's path, "" for the root.
func (n Node) Path() string { return n.tree.path(n.slot) }

// bytesOf and stringOf view one as the other without copying.
func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }

func stringOf(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
