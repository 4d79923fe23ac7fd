package tree

import (
	"zoo"
	"zoo/internal/jute"
	"zoo/internal/txn"
)

// creation is what the records of all kinds of create come down to.
type creation struct {
	path           string
	data           []byte
	acl            []zoo.ACL
	owner          zoo.SessionID
	parentCVersion int32
}

func (t *Tree) applyCreate(r *Result, d *jute.Decoder) error {
	record := txn.CreateTxn{ACL: t.acls.decoded}
	record.DecodeInto(d)
	if d.Err() != nil {
		return d.Err()
	}
	if n := len(record.ACL); 0 < n && n <= aclDecodedMax {
		t.acls.decoded = record.ACL[:0]
	}
	c := creation{path: record.Path, data: record.Data, acl: record.ACL,
		parentCVersion: record.ParentCVersion}
	if record.Ephemeral {
		c.owner = r.Header.Session
	}
	t.create(r, &c)
	return nil
}

func (t *Tree) applyCreateContainer(r *Result, d *jute.Decoder) error {
	var record txn.CreateContainerTxn
	record.DecodeFrom(d)
	if d.Err() != nil {
		return d.Err()
	}
	t.create(r, &creation{path: record.Path, data: record.Data, acl: record.ACL,
		owner: zoo.ContainerOwner, parentCVersion: record.ParentCVersion})
	return nil
}

func (t *Tree) applyCreateTTL(r *Result, d *jute.Decoder) error {
	var record txn.CreateTTLTxn
	record.DecodeFrom(d)
	if d.Err() != nil {
		return d.Err()
	}
	t.create(r, &creation{path: record.Path, data: record.Data, acl: record.ACL,
		owner: zoo.TTLOwner(record.TTL), parentCVersion: record.ParentCVersion})
	return nil
}

// create adds the znode and moves the parent's counters. The counters move even
// when the znode exists: the snapshot may have caught the parent before them.
func (t *Tree) create(r *Result, c *creation) {
	r.Path = c.path
	parent, name, ok := t.findParent(c.path)
	if !ok {
		r.Code = zoo.CodeNoNode
		return
	}
	t.countCreation(parent, c.parentCVersion, r.Header.Zxid)
	hash := t.pathHash(c.path)
	if s, exists := t.findHash(hash, c.path); exists {
		t.mendACL(s, c, r.Header.Zxid)
		r.Code = zoo.CodeNodeExists
		return
	}
	acl := t.acls.intern(c.acl)
	s := t.attach(parent, newcomer{path: c.path, name: name, data: c.data,
		hash: hash, prefix: t.dataPrefix(c.path, c.data)})
	n := t.nodes.at(s)
	n.acl = acl
	n.czxid, n.mzxid = r.Header.Zxid, r.Header.Zxid
	n.ctime, n.mtime = r.Header.Time, r.Header.Time
	t.nodes.setOwner(n, c.owner)
	t.recount(n)
	t.owners.add(c.owner, s)
	// The answer tells the data's length, also where a usage is counted in its place.
	r.Stat = t.nodes.stat(n, t.owners.types)
	t.quotaCreated(c.path, name, len(c.data))
	t.tell(zoo.EventNodeCreated, c.path, acl)
	t.tellParent(c.path, name, parent)
}

// countCreation moves the parent's cversion and pzxid forward to what they were
// right after the creation, and never back: when replaying, the parent may be
// newer than the entry. Entries from before 3.4 do not say (-1), and count one.
func (t *Tree) countCreation(parent slot, cversion int32, zxid zoo.Zxid) {
	n := t.nodes.at(parent)
	before := t.nodes.extra(n).cversion
	if cversion == -1 {
		cversion = before + 1
	}
	if cversion <= before {
		return
	}
	t.touch(parent)
	x := t.nodes.own(n)
	x.cversion = cversion
	x.pzxid = max(x.pzxid, zxid)
	t.recount(n)
}

// mendACL gives a znode of a fuzzy snapshot the ACL that the snapshot lacked, when
// its creation comes by. If its ACL was changed since, the setACL comes by too.
func (t *Tree) mendACL(s slot, c *creation, zxid zoo.Zxid) {
	n := t.nodes.at(s)
	if n.czxid != zxid || t.nodes.extra(n).aversion != 0 || !t.acls.isUnknown(n.acl) {
		return
	}
	t.touch(s)
	acl := t.acls.intern(c.acl)
	t.acls.release(n.acl)
	n.acl = acl
}
