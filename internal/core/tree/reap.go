package tree

import "zoo"

// Reapable walks over the containers and the znodes with a time to live, a bounded
// number at a time, while the tree may change between two steps. The zero value
// begins a walk.
//
// It walks each list from its end. What leaves a list is replaced by the list's
// last entry, which was seen; what is new stands behind. So a walk misses nothing
// that was there when it began, and may see a znode twice.
type Reapable struct {
	list int
	// left is how many entries of the list are still to come, once begun.
	left  int
	begun bool
}

// reapLists are the lists to walk over.
var reapLists = [...]zoo.SessionID{zoo.ContainerOwner, ttlOwners}

// Next visits those without children among the next max znodes, until visit
// returns false. It is false at the end of the walk. The handle is good during the
// visit only.
func (w *Reapable) Next(t *Tree, max int, visit func(n Node) bool) bool {
	for ; w.list < len(reapLists); w.list++ {
		slots := t.reapList(w.list)
		if !w.begun {
			w.left, w.begun = len(slots), true
		}
		for w.left = min(w.left, len(slots)); w.left > 0; max-- {
			if max == 0 {
				return true
			}
			w.left--
			s := slots[w.left]
			if t.nodes.numChildren(t.nodes.at(s)) == 0 && !visit(Node{t, s}) {
				return true
			}
		}
		w.begun = false
	}
	return false
}

// reapList is a list of slots; that of the TTL znodes exists only where they do,
// for otherwise its key is a session's.
func (t *Tree) reapList(i int) []slot {
	if reapLists[i] == ttlOwners && !t.owners.types.Extended {
		return nil
	}
	return t.owners.lists[reapLists[i]]
}
