package tree

import (
	"zoo"
	"zoo/internal/jute"
	"zoo/internal/txn"
)

// applySetACL changes the ACL and its version, and neither mzxid nor mtime; no
// watch hears of it.
func (t *Tree) applySetACL(r *Result, d *jute.Decoder) error {
	var record txn.SetACLTxn
	record.DecodeFrom(d)
	if d.Err() != nil {
		return d.Err()
	}
	r.Path = record.Path
	s, exists := t.find(record.Path)
	if !exists {
		r.Code = zoo.CodeNoNode
		return nil
	}
	t.touch(s)
	n := t.nodes.at(s)
	acl := t.acls.intern(record.ACL)
	t.acls.release(n.acl)
	n.acl = acl
	t.nodes.own(n).aversion = record.Version
	t.recount(n)
	r.Stat = t.nodes.stat(n, t.owners.types)
	return nil
}
