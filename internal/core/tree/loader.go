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
	t := l.tree
	s, exists := t.find(path)
	if !exists {
		parent, name, ok := t.findParent(path)
		if !ok {
			return fmt.Errorf("load %q: %w", path, ErrOrphan)
		}
		s = t.add(parent, path, name, data)
	}
	l.rooted = l.rooted || s == rootSlot
	n := t.nodes.at(s)
	if exists {
		t.replaceData(n, path, data)
		t.owners.remove(n.owner, s)
		t.acls.release(n.acl)
	}
	n.setPersisted(st)
	n.acl = l.use(aclIndex)
	t.recount(n)
	t.owners.add(n.owner, s)
	return nil
}

// use counts a use of the list with this number.
func (l *Loader) use(id int64) uint32 {
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
