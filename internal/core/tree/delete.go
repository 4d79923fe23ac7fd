package tree

import (
	"strings"

	"zoo"
	"zoo/internal/jute"
	"zoo/internal/txn"
)

func (t *Tree) applyDelete(r *Result, d *jute.Decoder) error {
	var record txn.DeleteTxn
	record.DecodeFrom(d)
	if d.Err() != nil {
		return d.Err()
	}
	r.Path = record.Path
	r.Code = t.delete(record.Path, r.Header.Zxid)
	return nil
}

// delete removes a znode. The parent's pzxid moves even when the znode is gone
// already, because the snapshot may have caught the parent before it went.
func (t *Tree) delete(path string, zxid zoo.Zxid) zoo.Code {
	parent, name, ok := t.findParent(path)
	if !ok {
		return zoo.CodeNoNode
	}
	t.countDeletion(parent, zxid)
	s, exists := t.findNamed(path)
	if !exists {
		return zoo.CodeNoNode
	}
	t.clear(s)
	t.tell(zoo.EventNodeDeleted, path, t.nodes.at(s).acl)
	t.discard(s, path, name)
	t.tellParent(path, name, parent)
	return zoo.CodeOK
}

func (t *Tree) countDeletion(parent slot, zxid zoo.Zxid) {
	n := t.nodes.at(parent)
	if zxid <= t.nodes.extra(n).pzxid {
		return
	}
	t.touch(parent)
	t.nodes.own(n).pzxid = zxid
	t.recount(n)
}

// clear removes everything below a znode that is to be deleted. There is nothing,
// unless a fuzzy snapshot caught the znode's next life: it was empty when it was
// deleted, created again, and given children, and only those are found. The rest
// of the log creates them again.
func (t *Tree) clear(top slot) {
	for t.nodes.firstChild(t.nodes.at(top)) != noSlot {
		s := top
		for next := top; next != noSlot; next = t.nodes.firstChild(t.nodes.at(s)) {
			s = next
		}
		t.discard(s, t.path(s), strings.Clone(t.name(t.nodes.at(s))))
	}
}

// discard leaves a znode's image to whoever needs it, and removes the znode.
func (t *Tree) discard(s slot, path, name string) {
	t.touch(s)
	bytes := t.nodes.at(s).dataBytes()
	t.remove(s, path)
	t.quotaDeleted(path, name, bytes)
}
