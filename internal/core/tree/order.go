package tree

import (
	"encoding/binary"
	"math"
	"sort"
	"strings"

	"zoo/internal/check/invariant"
)

// An order keeps the children of one parent sorted by the bytes of their names, so that
// a part of a list costs what it holds. Parents have none until somebody asks for parts
// of a long list; then one is made by small steps while children come and go:
//
//	leaves   [leaf]       [leaf]       …       in order; none is empty
//	leaf     [key |slot]  [key |slot]  …       in order, up to leafEntries
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
	leaves []*leaf
	prefix string
	next   slot // next is the child that the next step begins with; noSlot if complete.
	size   int
	left   int // left is how many changes the complete order outlives.
}

// leafEntries makes a leaf fill a class of Go's allocator, of 6144 bytes.
const leafEntries = 510

type leaf struct {
	keys  [leafEntries]uint64
	slots [leafEntries]slot
	used  int
}

// Arrange goes on to put the children in order, up to limit of them, and tells whether
// there are more to come. It changes the tree.
func (n Node) Arrange(limit int) (more bool) {
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
	for ; limit > 0 && o.next != noSlot; limit-- {
		s := o.next
		o.next = t.nodes.at(s).next
		t.place(o, s)
		o.left = o.size
	}
	return o.next != noSlot
}

// Arranged tells whether the children are in order, for ChildrenBehind.
func (n Node) Arranged() bool {
	o := n.tree.orders[n.slot]
	return o != nil && o.next == noSlot
}

// ChildrenBehind visits the names of arranged children that come behind a name by their
// bytes, in order, until visit returns false. A name shares the tree's memory.
func (n Node) ChildrenBehind(after string, visit func(name string) bool) {
	t, o := n.tree, n.tree.orders[n.slot]
	l, at := t.findPlace(o, after)
	for ; l < len(o.leaves); l, at = l+1, 0 {
		for ; at < o.leaves[l].used; at++ {
			name := t.name(t.nodes.at(o.leaves[l].slots[at]))
			if name != after && !visit(name) {
				return
			}
		}
	}
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

// shared is what two names begin with.
func shared(a, b string) string {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return a[:n]
}

func (o *order) key(name string) uint64 {
	rest, usual := strings.CutPrefix(name, o.prefix)
	switch {
	case usual:
		var b [8]byte
		copy(b[:], rest)
		return binary.BigEndian.Uint64(b[:])
	case name < o.prefix:
		return 0
	}
	return math.MaxUint64
}

// follows tells whether an entry comes behind a name.
func (t *Tree) follows(l *leaf, at int, key uint64, name string) bool {
	if l.keys[at] != key {
		return l.keys[at] > key
	}
	return t.name(t.nodes.at(l.slots[at])) > name
}

// findPlace gives the leaf that a name is in or belongs into, and the place of the first
// entry in it that is not before the name. Most often it is the end.
func (t *Tree) findPlace(o *order, name string) (l, at int) {
	key := o.key(name)
	behind := func(i int) bool { return t.follows(o.leaves[i], 0, key, name) }
	l = len(o.leaves)
	if l > 0 && behind(l-1) {
		l = sort.Search(l-1, behind)
	}
	if l = max(l-1, 0); l == len(o.leaves) {
		return l, 0
	}
	in := o.leaves[l]
	at = in.used
	if t.follows(in, at-1, key, name) {
		at = sort.Search(at-1, func(i int) bool { return t.follows(in, i, key, name) })
	}
	if at > 0 && in.keys[at-1] == key && t.name(t.nodes.at(in.slots[at-1])) == name {
		at--
	}
	return l, at
}

// place puts a child where it belongs.
func (t *Tree) place(o *order, s slot) {
	name := t.name(t.nodes.at(s))
	l, at := t.findPlace(o, name)
	o.size++
	switch {
	case l == len(o.leaves):
		o.open(l)
	case o.leaves[l].used < leafEntries:
	case at == leafEntries:
		// What comes in order leaves no gaps.
		l, at = l+1, 0
		o.open(l)
	default:
		if o.split(l); at > leafEntries/2 {
			l, at = l+1, at-leafEntries/2
		}
	}
	o.leaves[l].insert(at, o.key(name), s)
}

// open makes room for an empty leaf, which is filled at once.
func (o *order) open(l int) {
	o.leaves = append(o.leaves, nil)
	copy(o.leaves[l+1:], o.leaves[l:])
	o.leaves[l] = &leaf{}
}

// split moves the upper half of a full leaf into one of its own.
func (o *order) split(l int) {
	o.open(l + 1)
	low, high := o.leaves[l], o.leaves[l+1]
	high.used = copy(high.keys[:], low.keys[leafEntries/2:])
	copy(high.slots[:], low.slots[leafEntries/2:])
	low.used = leafEntries / 2
}

func (l *leaf) insert(at int, key uint64, s slot) {
	copy(l.keys[at+1:], l.keys[at:l.used])
	copy(l.slots[at+1:], l.slots[at:l.used])
	l.keys[at], l.slots[at] = key, s
	l.used++
}

func (o *order) remove(l, at int) {
	in := o.leaves[l]
	in.used--
	copy(in.keys[at:in.used], in.keys[at+1:])
	copy(in.slots[at:in.used], in.slots[at+1:])
	o.size--
	if in.used == 0 {
		o.leaves = append(o.leaves[:l], o.leaves[l+1:]...)
	}
}

// enterOrder follows a child that came.
func (t *Tree) enterOrder(parent, s slot) {
	if o := t.orders[parent]; o != nil && o.next == noSlot {
		t.place(o, s)
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
	} else if l, at := t.findPlace(o, t.name(n)); l < len(o.leaves) &&
		at < o.leaves[l].used && o.leaves[l].slots[at] == s {
		o.remove(l, at)
	} else {
		invariant.Holds(!wasComplete, "%q was not in order", t.name(n))
	}
	if wasComplete || t.nodes.numChildren(t.nodes.at(parent)) == 1 {
		t.outlive(parent, o)
	}
}

// outlive counts a change of a complete order, and lets go of it after the last one.
func (t *Tree) outlive(parent slot, o *order) {
	if o.left--; o.left <= 0 || o.size == 0 {
		delete(t.orders, parent)
	}
}
