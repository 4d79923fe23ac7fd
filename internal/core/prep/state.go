package prep

import (
	"strings"

	"zoo"
)

// look gives the state that a znode will have, nil if there will be none. What only
// the tree knows goes into found.
func (p *Preparer) look(path string, found *change) *change {
	if c, ok := p.changes.records[path]; ok {
		if c.deleted {
			return nil
		}
		return c
	}
	n, ok := p.tree.Lookup(path)
	if !ok {
		return nil
	}
	*found = change{
		stat: n.Persisted(), acl: n.ACL(), children: int32(n.NumChildren()),
		dataInTree: true, digest: n.Digest(),
	}
	return found
}

// fresh gives the record of a znode that does not exist yet, or not any more.
func (p *Preparer) fresh(path string) *change {
	if c, ok := p.changes.records[path]; ok {
		return p.changes.touch(path, c)
	}
	p.node = change{}
	return p.changes.touch(path, &p.node)
}

// recount replaces what a record adds to the tree's digest, after it has changed.
func (p *Preparer) recount(c *change) {
	if !p.config.Digest {
		return
	}
	p.digest -= c.digest
	c.digest = 0
	if !c.deleted {
		c.digest = p.digester.Node(c.path, p.data(c), &c.stat)
	}
	p.digest += c.digest
}

func (p *Preparer) data(c *change) []byte { return p.dataOf(c.path, c) }

// dataOf gives a znode's value from its state, which may not be a record yet.
func (p *Preparer) dataOf(path string, c *change) []byte {
	if !c.dataInTree {
		return c.data
	}
	n, _ := p.tree.Lookup(path)
	return n.Data()
}

// drop deletes a znode. Its path must not change as long as entries do not.
func (p *Preparer) drop(path string) {
	above, _ := zoo.SplitPath(path)
	parent := p.changes.touch(above, p.look(above, &p.parent))
	parent.children--
	// Of several children that one transaction deletes only the first changes what
	// the digest sees of the parent.
	if parent.stat.Pzxid != p.header.Zxid {
		parent.stat.Pzxid = p.header.Zxid
		p.recount(parent)
	}
	node := p.changes.touch(path, p.look(path, &p.node))
	node.deleted = true
	node.acl, node.data, node.dataInTree = nil, nil, false
	p.recount(node)
}

// parentOf gives the path of the parent, unless the path has none or is nonsense in
// a way that Java refuses even before it looks for the parent.
func parentOf(path string) (string, bool) {
	if strings.IndexByte(path, '/') < 0 || strings.IndexByte(path, 0) >= 0 {
		return "", false
	}
	parent, _ := zoo.SplitPath(path)
	return parent, true
}

// compareVersion gives the version after a change: one more than the present one.
// It is false if the request expects another one; -1 expects any.
func compareVersion(present, expected int32) (int32, bool) {
	return present + 1, expected == -1 || expected == present
}
