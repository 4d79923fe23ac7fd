package tree

import "zoo/internal/txn"

// Cloner copies a frozen tree with its sessions, step by step. A copy takes as much
// memory again. It needs readers' exclusion from Apply while it steps, and the tree
// that it makes is nobody else's before Finish.
type Cloner struct {
	frozen *Frozen
	loader *Loader
	types  Types
	failed error
}

// NewCloner begins a copy.
func NewCloner(f *Frozen) *Cloner {
	c := &Cloner{frozen: f, loader: NewLoader(), types: f.tree.owners.types}
	for _, s := range f.Sessions() {
		c.loader.Session(s.ID, s.TimeoutMillis)
	}
	for _, a := range f.ACLs() {
		c.loader.ACL(a.Index, a.ACL)
	}
	return c
}

// Step copies up to limit znodes; false when there are no more.
func (c *Cloner) Step(limit int) (more bool) {
	return c.frozen.Next(limit, func(n FrozenNode) {
		if err := c.loader.Node(n.Path, n.Data, n.ACLIndex, &n.Stat); err != nil {
			c.failed = err
		}
	}) && c.failed == nil
}

// Finish gives the copy with further transactions applied to it. It needs no
// exclusion. An error is ErrOrphan, ErrNoRoot, or a transaction that cannot be read.
func (c *Cloner) Finish(further []txn.Entry) (*Tree, error) {
	if c.failed != nil {
		return nil, c.failed
	}
	t, err := c.loader.Finish(c.frozen.Zxid())
	if err != nil {
		return nil, err
	}
	t.SetTypes(c.types)
	t.SetFuzzy(c.frozen.Fuzzy())
	for _, e := range further {
		if _, err := t.Apply(e); err != nil {
			return nil, err
		}
	}
	return t, nil
}
