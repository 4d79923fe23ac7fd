package tree

import "zoo"

// Types says which special owner values a server takes for what they stand for.
// As in Java it is a matter of each server's settings, not of the history: the
// same znode is one with a time to live here and an ephemeral of a strange session
// there. The zero value is ZooKeeper's default.
type Types struct {
	// Extended admits znodes with a time to live (zookeeper.extendedTypesEnabled).
	Extended bool
	// Emulate353 takes every negative owner but the containers' for a time to
	// live, the layout of ZooKeeper 3.5.3 (zookeeper.emulate353TTLNodes,
	// ZOOKEEPER-2901). It needs Extended, and changes what is read only: new
	// znodes get the present layout.
	Emulate353 bool
}

// OwnerType is what an owner value stands for.
type OwnerType uint8

// The types of owners.
const (
	// OwnerNone is that of a persistent znode.
	OwnerNone OwnerType = iota
	// OwnerSession is that of an ephemeral.
	OwnerSession
	// OwnerContainer is that of a container.
	OwnerContainer
	// OwnerTTL is that of a znode with a time to live.
	OwnerTTL
)

// Of tells what an owner value stands for. Java fails on an extended type that it
// does not know; here it is a session's.
func (y Types) Of(owner zoo.SessionID) OwnerType {
	switch {
	case owner == 0:
		return OwnerNone
	case owner == zoo.ContainerOwner:
		return OwnerContainer
	case y.Extended && (owner.IsTTLOwner() || y.Emulate353 && owner < 0):
		return OwnerTTL
	}
	return OwnerSession
}

// Types is how the tree takes owner values.
func (t *Tree) Types() Types { return t.owners.types }

// SetTypes says how to take owner values. It changes the tree.
func (t *Tree) SetTypes(types Types) {
	if t.owners.types == types {
		return
	}
	before := t.owners
	t.owners = newOwners()
	t.owners.types = types
	for _, list := range before.lists {
		for _, s := range list {
			t.owners.add(t.nodes.owner(t.nodes.at(s)), s)
		}
	}
}
