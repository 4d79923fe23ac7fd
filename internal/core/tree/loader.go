package tree

import (
	"errors"
	"fmt"

	"zoo"
	"zoo/internal/wire"
)

// ErrOrphan means a znode of a snapshot whose parent was not there before it.
var ErrOrphan = errors.New("znode before its parent")

// ErrNoRoot means a snapshot without the root, which every snapshot begins with.
var ErrNoRoot = errors.New("no root")

// Loader builds a tree from the parts of a snapshot: sessions and ACLs first, then
// the znodes, parents before children. It is as tolerant as fuzzy snapshots need:
// owners may have no session, and numbers of ACLs no list.
type Loader struct {
	tree   *Tree
	acls   map[int64]uint32
	rooted bool // rooted is set once the root was loaded.

	// parent is the znode at parentPath. It stays there: a Loader only adds.
	parent     slot
	parentPath []byte
	single     Loading
}

// NewLoader begins a load.
func NewLoader() *Loader {
	return &Loader{tree: newRoot(), acls: map[int64]uint32{openACLID: openACL}}
}

// Session adds a session.
func (l *Loader) Session(id zoo.SessionID, timeoutMillis int32) {
	l.tree.sessions[id] = timeoutMillis
}

// ACL adds a list under its number. The list is copied.
func (l *Loader) ACL(index int64, list []zoo.ACL) {
	table := &l.tree.acls
	if _, known := l.acls[index]; known {
		return
	}
	table.scratch = wire.AppendACL(table.scratch[:0], list)
	l.acls[index] = table.define(index, string(table.scratch))
}

// Node adds a znode; the root has the path "". Path and data are copied. A znode
// that is there already takes the new values.
func (l *Loader) Node(path string, data []byte, aclIndex int64, st *zoo.StatPersisted) error {
	l.single.FrozenNode = FrozenNode{Path: path, Data: data, ACLIndex: aclIndex, Stat: *st}
	l.single.Prepare(&l.tree.digester)
	return l.Add(&l.single)
}

// Loading is a znode on its way into a Loader, with all that can be worked out about it
// before it meets the tree.
type Loading struct {
	FrozenNode
	cut    int // cut is where the parent's path ends; -1 where none can be.
	hash   uint32
	prefix uint32
	digest uint32
}

// Prepare works out what it can. It needs nothing of the Loader, so that any number of
// goroutines may prepare znodes of one snapshot, each with a Digester of its own.
func (p *Loading) Prepare(d *Digester) {
	p.cut = parentCut(p.Path)
	p.hash = hashPath(p.Path)
	p.prefix = d.prefix(p.Path, p.Data)
	p.digest = 0
	if !uncounted(p.Path) {
		p.digest = d.finish(p.prefix, &p.Stat)
	}
}

// Digest is what the znode adds to the digest of its tree.
func (p *Loading) Digest() uint64 { return uint64(p.digest) }

// Parent is the path of the znode's parent, "" for the root; false where none can be,
// as for the root itself.
func (p *Loading) Parent() (path string, possible bool) {
	if p.cut < 0 {
		return "", false
	}
	return p.Path[:p.cut], true
}

// Add is Node for a znode that was prepared.
func (l *Loader) Add(p *Loading) error {
	t := l.tree
	s, exists := l.find(p)
	if !exists {
		parent, ok := l.findParent(p)
		if !ok {
			return fmt.Errorf("load %q: %w", p.Path, ErrOrphan)
		}
		s = t.attach(parent, newcomer{path: p.Path, name: p.Path[p.cut+1:], data: p.Data,
			hash: p.hash, prefix: p.prefix})
	}
	l.rooted = l.rooted || s == rootSlot
	n := t.nodes.at(s)
	if exists {
		t.replaceData(n, p.Path, p.Data)
		t.owners.remove(t.nodes.owner(n), s)
		t.acls.release(n.acl)
	}
	t.nodes.setPersisted(n, &p.Stat)
	n.acl = l.use(p.ACLIndex)
	t.digest += uint64(p.digest) - uint64(n.digest)
	n.digest = p.digest
	t.owners.add(p.Stat.EphemeralOwner, s)
	return nil
}

// AddAll adds znodes in their order. It tells which was the first that could not be
// added, and why.
func (l *Loader) AddAll(list []Loading) (failed int, err error) {
	for i := range list {
		if i%ExpectMax == 0 {
			l.expect(list[i:min(i+ExpectMax, len(list))])
		}
		if err := l.Add(&list[i]); err != nil {
			return i, err
		}
	}
	return len(list), nil
}

// expect brings the places of znodes in the index near. The waits for memory, which are
// most of the time of a load, are for all of them together, not one behind the other.
func (l *Loader) expect(list []Loading) {
	for i := range list {
		l.tree.near += l.tree.index.first(list[i].hash)
	}
}

func (l *Loader) find(p *Loading) (slot, bool) {
	if p.Path == "" || p.Path == "/" {
		return rootSlot, true
	}
	return l.tree.findHash(p.hash, p.Path)
}

// findParent remembers the last parent: siblings come in a row more often than not.
func (l *Loader) findParent(p *Loading) (slot, bool) {
	if p.cut < 0 {
		return noSlot, false
	}
	path := p.Path[:p.cut]
	if path == string(l.parentPath) {
		return l.parent, true
	}
	parent, ok := l.tree.find(path)
	if ok {
		l.parent, l.parentPath = parent, append(l.parentPath[:0], path...)
	}
	return parent, ok
}

// use counts a use of the list with this number.
func (l *Loader) use(id int64) uint32 {
	if id == openACLID {
		return openACL
	}
	table := &l.tree.acls
	entry, known := l.acls[id]
	if !known {
		entry = table.unknown(id)
		l.acls[id] = entry
	}
	if entry != openACL {
		table.entries[entry].uses++
	}
	return entry
}

// Finish gives the tree, which contains the history up to zxid. Lists that no
// znode uses are dropped, and what a snapshot from before 3.5 lacks is added.
func (l *Loader) Finish(zxid zoo.Zxid) (*Tree, error) {
	if !l.rooted {
		return nil, ErrNoRoot
	}
	t := l.tree
	t.addSystem()
	t.findQuotas()
	for _, entry := range l.acls {
		if entry != openACL && t.acls.entries[entry].uses == 0 {
			t.acls.drop(entry)
		}
	}
	t.zxid = zxid
	l.tree, l.acls = nil, nil
	return t, nil
}
