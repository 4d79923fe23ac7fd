package tree

import "zoo/internal/check/invariant"

// cloneStep is how many znodes a clone takes at a time.
const cloneStep = 4096

// Clone copies the tree with its sessions. It takes as much memory again, and the
// time to visit every znode.
func (t *Tree) Clone() *Tree {
	f := t.Freeze()
	defer f.Close()
	l := NewLoader()
	for _, s := range f.Sessions() {
		l.Session(s.ID, s.TimeoutMillis)
	}
	for _, a := range f.ACLs() {
		l.ACL(a.Index, a.ACL)
	}
	for more := true; more; {
		more = f.Next(cloneStep, func(n FrozenNode) {
			if err := l.Node(n.Path, n.Data, n.ACLIndex, &n.Stat); err != nil {
				invariant.Fail("clone a tree: %v", err)
			}
		})
	}
	clone, err := l.Finish(f.Zxid())
	if err != nil {
		invariant.Fail("clone a tree: %v", err)
	}
	clone.SetTypes(t.owners.types)
	return clone
}
