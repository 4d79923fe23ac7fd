package tree

import (
	"math"
	"sort"
	"strings"

	"zoo/internal/check/invariant"
)

// An order keeps the children of one parent by the bytes of their names, so that a part
// of a list costs what it holds. Parents have none until somebody asks for parts of a
// long list; then one is made by small steps while children come and go:
//
//	lows    key 0        key          key    …   what the leaves begin with
//	leaves  [leaf]       [leaf]       [leaf] …   in order; see leaf.go
//
// All names of a leaf are before all of the next one, but within a leaf they are as they
// came, until somebody lists them: to give a child its place takes a search of lows and
// an append, and what nobody asks for is never sorted.
//
// A key is the eight bytes of the name behind what most names begin with, so that few
// names have to be read to find a place. Names that begin otherwise have the lowest or
// the highest key: of two names the lower one never has the higher key.
//
// The steps follow the list of children from the oldest one on. A new child is the last
// of that list, so the steps will come to it; one that goes is taken out if they have
// been there. When there are no more the order is complete, and every change is its own.
//
// An order goes when there were as many changes as it had children when it was
// complete: to keep it any longer would cost more than to make it anew, if anybody
// still wants it. That also bounds how empty its leaves may become.
type order struct {
	lows   []uint64 // lows are apart from the leaves so that a search reads little memory.
	leaves []*leaf
	prefix string
	next   slot // next is the child that the next step begins with; noSlot if complete.
	size   int
	left   int     // left is how many changes the complete order outlives.
	work   float64 // work of the current step, in children that get their places
	sorter []entry
}

// Arrange goes on to put the children in order, as far as needed to list count of them
// behind a name, and tells whether there is more to do. A call takes about as long as it
// takes to give so many children their places as limit says. It changes the tree.
func (n Node) Arrange(after string, count, limit int) (more bool) {
	t := n.tree
	if n.NumChildren() == 0 {
		return false
	}
	o := t.orders[n.slot]
	if o == nil {
		first := t.nodes.firstChild(n.record())
		o = &order{next: first, prefix: t.commonPrefix(first)}
		if t.orders == nil {
			t.orders = make(map[slot]*order)
		}
		t.orders[n.slot] = o
	}
	for o.work = 0; o.work < float64(limit); {
		if o.next != noSlot {
			s := o.next
			n := t.nodes.at(s)
			o.next = n.next
			t.place(o, s, t.name(n))
			o.left = o.size
		} else if l := o.unsorted(after, count); l >= 0 {
			t.sort(o, o.leaves[l])
		} else {
			return false
		}
	}
	return true
}

// What is done besides to an entry of a leaf costs so many times what it costs to give a
// child its place.
const (
	partingCosts, sortingCosts, readingCosts = 1. / 16, 1. / 2, 2
)

// Arranged tells whether count children behind a name are in order, for ChildrenBehind.
func (n Node) Arranged(after string, count int) bool {
	o := n.tree.orders[n.slot]
	return o != nil && o.next == noSlot && o.unsorted(after, count) < 0
}

// unsorted is the first of the leaves with count names behind one that is not sorted; -1
// for none.
func (o *order) unsorted(after string, count int) int {
	// Of the first leaf there may be nothing behind the name.
	for l := o.leafOf(o.key(after), after); l < len(o.leaves); l++ {
		if !o.leaves[l].sorted {
			return l
		}
		if count <= 0 {
			break
		}
		if next := l + 1; next < len(o.leaves) {
			count -= o.leaves[next].used
		}
	}
	return -1
}

// ChildrenBehind visits the names that come behind a name by their bytes, in order, until
// visit returns false: no more than there are Arranged. A name shares the tree's memory.
func (n Node) ChildrenBehind(after string, visit func(name string) bool) {
	t, o := n.tree, n.tree.orders[n.slot]
	key := o.key(after)
	l := o.leafOf(key, after)
	if l == len(o.leaves) {
		return
	}
	var near [ExpectMax]string
	for at := t.behind(o.leaves[l], key, after); l < len(o.leaves); l, at = l+1, 0 {
		in := o.leaves[l]
		invariant.Holds(in.sorted, "names behind %q are in no order", after)
		for at < in.used {
			names := t.namesOf(&near, in.slots[at:in.used])
			at += len(names)
			for _, name := range names {
				if !visit(name) {
					return
				}
			}
		}
	}
}

// namesOf finds the names of the first few of these. All together: else each one would be
// waited for, whose memory is anywhere.
func (t *Tree) namesOf(into *[ExpectMax]string, slots []slot) []string {
	slots = slots[:min(len(slots), ExpectMax)]
	for i, s := range slots {
		into[i] = t.name(t.nodes.at(s))
	}
	return into[:len(slots)]
}

// prefixSamples is how many of the oldest and of the newest children decide on what the
// names have in common.
const prefixSamples = 32

func (t *Tree) commonPrefix(first slot) string {
	prefix := t.name(t.nodes.at(first))
	newest := t.nodes.at(first).prev
	for oldest, i := first, 0; i < prefixSamples && oldest != noSlot; i++ {
		prefix = shared(prefix, t.name(t.nodes.at(oldest)))
		prefix = shared(prefix, t.name(t.nodes.at(newest)))
		oldest, newest = t.nodes.at(oldest).next, t.nodes.at(newest).prev
	}
	return strings.Clone(prefix)
}

func (o *order) key(name string) uint64 {
	rest, usual := strings.CutPrefix(name, o.prefix)
	switch {
	case usual:
		return firstBytes(rest)
	case name < o.prefix:
		return 0
	}
	return math.MaxUint64
}

// leafOf is the leaf that a name is in or belongs into. There is none in an empty order.
func (o *order) leafOf(key uint64, name string) int {
	// The last one whose low is not above the key. A loop without branches takes half as
	// long as one that guesses.
	l := 0
	for n := len(o.lows); n > 1; {
		half := n / 2
		if o.lows[l+half] <= key {
			l += half
		}
		n -= half
	}
	if l < len(o.lows) && o.lows[l] == key && o.leaves[l].low > name {
		return sort.Search(l, func(i int) bool {
			return o.lows[i] == key && o.leaves[i].low > name
		}) - 1
	}
	return l
}

// place puts a child where it belongs.
func (t *Tree) place(o *order, s slot, name string) {
	key := o.key(name)
	l := o.leafOf(key, name)
	if l == len(o.leaves) {
		o.open(l, 0, "")
	}
	in := o.leaves[l]
	if in.used == leafEntries {
		t.makeRoom(o, l, key, name)
		in = o.leaves[o.leafOf(key, name)]
	}
	o.size++
	o.work++
	switch last := in.used - 1; {
	case !in.sorted:
		in.push(key, s)
	case last < 0 || !t.follows(in, last, key, name):
		in.push(key, s) // In order, as it comes.
	case o.next != noSlot:
		in.sorted = false
		in.push(key, s)
	default:
		in.insert(t.placeIn(in, key, name), key, s)
	}
}

// open makes room for an empty leaf, which is filled at once.
func (o *order) open(l int, low uint64, name string) {
	o.lows = append(o.lows, 0)
	copy(o.lows[l+1:], o.lows[l:])
	o.leaves = append(o.leaves, nil)
	copy(o.leaves[l+1:], o.leaves[l:])
	o.lows[l], o.leaves[l] = low, &leaf{low: name, sorted: true}
}

// close drops an empty leaf. What could have been in it belongs into the one before; the
// first one has none, so there the next one begins with everything.
func (o *order) close(l int) {
	o.lows = append(o.lows[:l], o.lows[l+1:]...)
	o.leaves = append(o.leaves[:l], o.leaves[l+1:]...)
	if l == 0 && len(o.leaves) > 0 {
		o.lows[0], o.leaves[0].low = 0, ""
	}
}

// enterOrder follows a child that came.
func (t *Tree) enterOrder(parent, s slot) {
	if o := t.orders[parent]; o != nil && o.next == noSlot {
		t.place(o, s, t.name(t.nodes.at(s)))
		t.outlive(parent, o)
	}
}

// leaveOrder goes before a child that is about to go.
func (t *Tree) leaveOrder(parent, s slot) {
	o := t.orders[parent]
	if o == nil {
		return
	}
	n := t.nodes.at(s)
	wasComplete := o.next == noSlot
	if o.next == s {
		o.next = n.next
	} else if !t.displace(o, s, t.name(n)) {
		invariant.Holds(!wasComplete, "%q was not in order", t.name(n))
	}
	if wasComplete || t.nodes.numChildren(t.nodes.at(parent)) == 1 {
		t.outlive(parent, o)
	}
}

// displace takes a child out; false if it was not in.
func (t *Tree) displace(o *order, s slot, name string) bool {
	key := o.key(name)
	l := o.leafOf(key, name)
	if l == len(o.leaves) {
		return false
	}
	in := o.leaves[l]
	at := t.entryOf(in, s, key, name)
	if at < 0 {
		return false
	}
	in.remove(at)
	o.size--
	if in.used == 0 {
		o.close(l)
	}
	return true
}

// outlive counts a change of a complete order, and lets go of it after the last one.
func (t *Tree) outlive(parent slot, o *order) {
	if o.left--; o.left <= 0 || o.size == 0 {
		delete(t.orders, parent)
	}
}
