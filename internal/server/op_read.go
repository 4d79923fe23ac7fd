package server

import (
	"slices"
	"strings"

	"zoo"
	"zoo/internal/core/acl"
	"zoo/internal/core/tree"
	"zoo/internal/core/watch"
	"zoo/internal/jute"
	"zoo/internal/wire"
)

// The reads. As in ZooKeeper they do not validate paths: what could not be
// created is merely not found.

// exists answers with the Stat of a znode. It watches one that is missing, too.
func (x *exec) exists(d *jute.Decoder) zoo.Code {
	path, watched := d.String(), d.Bool()
	switch {
	case d.Err() != nil:
		return zoo.CodeMarshallingError
	case strings.IndexByte(path, 0) >= 0:
		return zoo.CodeBadArguments
	}
	x.touch(path)
	node, found := x.tree.Lookup(path)
	if found && !x.may(node, zoo.PermRead) {
		return zoo.CodeNoAuth
	}
	if watched {
		x.watch(path, watch.Data)
	}
	if !found {
		return x.announcedStat(path)
	}
	x.path = path
	x.out = node.AppendStat(x.out)
	return zoo.CodeOK
}

func (x *exec) getData(d *jute.Decoder) zoo.Code {
	node, code := x.read(d, watch.Data)
	if code == zoo.CodeNoNode {
		return x.announced(x.missing)
	}
	if code != zoo.CodeOK {
		return code
	}
	x.readBytes = len(node.Data())
	x.out = jute.AppendBuffer(x.out, node.Data())
	x.out = node.AppendStat(x.out)
	return zoo.CodeOK
}

func (x *exec) getChildren(d *jute.Decoder) zoo.Code {
	node, code := x.read(d, watch.Child)
	if code != zoo.CodeOK {
		return code
	}
	start := len(x.out)
	x.out = x.server.lists.appendNames(x.out, node)
	x.readBytes = len(x.out) - start - lengthBytes*(1+node.NumChildren())
	return zoo.CodeOK
}

func (x *exec) getChildren2(d *jute.Decoder) zoo.Code {
	code := x.getChildren(d)
	if code == zoo.CodeOK {
		x.out = x.node.AppendStat(x.out)
	}
	return code
}

// getACL shows password hashes to those only who may change the list.
func (x *exec) getACL(d *jute.Decoder) zoo.Code {
	path := d.String()
	if d.Err() != nil {
		return zoo.CodeMarshallingError
	}
	x.touch(path)
	node, found := x.tree.Lookup(path)
	if !found {
		return zoo.CodeNoNode
	}
	list := node.ACL()
	if !x.may(node, zoo.PermAdmin) {
		if !x.may(node, zoo.PermRead) {
			return zoo.CodeNoAuth
		}
		list = acl.MaskDigests(list)
	}
	x.out = wire.AppendACL(x.out, list)
	x.out = node.AppendStat(x.out)
	return zoo.CodeOK
}

// read is what getData and getChildren share: a path, and a flag for a watch
// that is set only where the read succeeds.
func (x *exec) read(d *jute.Decoder, mode watch.Mode) (tree.Node, zoo.Code) {
	path, watched := d.String(), d.Bool()
	if d.Err() != nil {
		return tree.Node{}, zoo.CodeMarshallingError
	}
	node, code := x.find(path)
	if code == zoo.CodeOK && watched {
		x.watch(path, mode)
	}
	x.node = node
	return node, code
}

// find finds a znode that the connection may read.
func (x *exec) find(path string) (tree.Node, zoo.Code) {
	x.touch(path)
	node, found := x.tree.Lookup(path)
	switch {
	case !found:
		x.missing = path
		return node, zoo.CodeNoNode
	case !x.may(node, zoo.PermRead):
		return node, zoo.CodeNoAuth
	}
	x.path = path
	return node, zoo.CodeOK
}

// getEphemerals lists the ephemerals of the own session. The prefix is a plain one,
// not a path; one that is blank or the root means all.
func (x *exec) getEphemerals(d *jute.Decoder) zoo.Code {
	prefix := d.String()
	if d.Err() != nil {
		return zoo.CodeMarshallingError
	}
	if trimmed := strings.TrimFunc(prefix, isBlank); trimmed == "" || trimmed == "/" {
		prefix = ""
	}
	paths := slices.DeleteFunc(x.tree.Ephemerals(x.conn.session), func(path string) bool {
		return !strings.HasPrefix(path, prefix)
	})
	response := wire.GetEphemeralsResponse{Ephemerals: paths}
	x.out = response.AppendTo(x.out)
	return zoo.CodeOK
}

// isBlank tells what Java's trim removes.
func isBlank(r rune) bool { return r <= ' ' }

// getAllChildrenNumber counts what is below a znode, at any depth. The number is of
// one zxid, which is more than Java promises, so the whole walk is one hold of the
// tree's lock. It leaves out families that have no children of their own: a parent of
// millions of leaves takes no walk, nor does the root, and a million znodes beside their
// parents some milliseconds. A turn lets go of the lock between two of them, so that
// writers wait for one at most.
func (x *exec) getAllChildrenNumber(d *jute.Decoder) zoo.Code {
	path := d.String()
	if d.Err() != nil {
		return zoo.CodeMarshallingError
	}
	node, code := x.find(path)
	if code != zoo.CodeOK {
		return code
	}
	x.out = jute.AppendInt(x.out, int32(node.Descendants()))
	x.walked = true
	return zoo.CodeOK
}

// may tells whether the connection has a permission on a znode.
func (x *exec) may(node tree.Node, perm zoo.Perms) bool {
	return x.server.cfg.Rules.Check(node.ACL(), perm, x.conn.ids)
}
