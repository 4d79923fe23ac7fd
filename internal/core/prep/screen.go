package prep

import (
	"zoo"
	"zoo/internal/core/acl"
	"zoo/internal/core/tree"
	"zoo/internal/jute"
	"zoo/internal/wire"
)

// Screen is the code with which a server refuses a write of its client before it asks
// the leader (zookeeper.enableEagerACLCheck): CodeInvalidACL for a list that cannot be
// stored, CodeNoAuth for what the tree as it is here does not allow. CodeOK lets the
// request go its way, which says nothing of its outcome: so do znodes that are not
// there yet, requests that cannot be read, and all but the five that Java looks at.
func Screen(t *tree.Tree, rules *acl.Rules, op wire.Op, body []byte, ids []zoo.ID) zoo.Code {
	path, perm, list := screened(op, body)
	if perm == 0 {
		return zoo.CodeOK
	}
	if op != wire.OpDelete && op != wire.OpSetData {
		if _, code := rules.Fix(list, ids); code != zoo.CodeOK {
			return code
		}
	}
	node, ok := t.Lookup(path)
	if ok && !rules.Check(node.ACL(), perm, ids) {
		return zoo.CodeNoAuth
	}
	return zoo.CodeOK
}

// screened is the znode that a request needs a permission on, and the list that it
// sets; no permission for a request that is not screened.
func screened(op wire.Op, body []byte) (path string, perm zoo.Perms, list []zoo.ACL) {
	d := jute.NewAliasDecoder(body)
	above := false
	switch op {
	case wire.OpCreate, wire.OpCreate2:
		var r wire.CreateRequest
		r.DecodeFrom(&d)
		path, perm, list, above = r.Path, zoo.PermCreate, r.ACL, true
	case wire.OpDelete:
		var r wire.DeleteRequest
		r.DecodeFrom(&d)
		path, perm, above = r.Path, zoo.PermDelete, true
	case wire.OpSetData:
		var r wire.SetDataRequest
		r.DecodeFrom(&d)
		path, perm = r.Path, zoo.PermWrite
	case wire.OpSetACL:
		var r wire.SetACLRequest
		r.DecodeFrom(&d)
		path, perm, list = r.Path, zoo.PermAdmin, r.ACL
	}
	ok := true
	if above {
		path, ok = parentOf(path)
	}
	if d.Err() != nil || !ok {
		return "", 0, nil
	}
	return path, perm, list
}
