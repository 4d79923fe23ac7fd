package tree

import (
	"cmp"
	"encoding/binary"
	"slices"
	"sort"
	"strings"
)

// A leaf is a run of an order: children whose names lie between its low and that of the
// next leaf.
//
//	keys   [key | key | …]    up to leafEntries
//	slots  [slot|slot | …]    of the same children
//
// The low is a key in order.lows; where names with that same key lie in the leaf before,
// it is also the first name that does not.
type leaf struct {
	low    string
	used   int
	sorted bool // sorted by name; else in no order
	keys   [leafEntries]uint64
	slots  [leafEntries]slot
}

// leafEntries makes a leaf fill a class of Go's allocator, of 6144 bytes.
const leafEntries = 508

// entry is a child on its way from one place in a leaf to another.
type entry struct {
	key  uint64
	slot slot
}

// firstBytes makes a number of the first eight bytes: of two names the lower one never
// has the higher number.
func firstBytes(name string) uint64 {
	if len(name) >= 8 {
		return binary.BigEndian.Uint64(bytesOf(name))
	}
	var b [8]byte
	copy(b[:], name)
	return binary.BigEndian.Uint64(b[:])
}

// shared is what two names begin with.
func shared(a, b string) string {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return a[:n]
}

// follows tells whether an entry comes behind a name.
func (t *Tree) follows(l *leaf, at int, key uint64, name string) bool {
	if l.keys[at] != key {
		return l.keys[at] > key
	}
	return t.name(t.nodes.at(l.slots[at])) > name
}

// behind is the place in a sorted leaf of the first entry behind a name.
func (t *Tree) behind(l *leaf, key uint64, name string) int {
	return sort.Search(l.used, func(i int) bool { return t.follows(l, i, key, name) })
}

// placeIn is the place in a sorted leaf of a name, or of the first one behind it.
func (t *Tree) placeIn(l *leaf, key uint64, name string) int {
	at := t.behind(l, key, name)
	if at > 0 && l.keys[at-1] == key && t.name(t.nodes.at(l.slots[at-1])) == name {
		at--
	}
	return at
}

// entryOf is the place of a child in the leaf that its name belongs into; -1 if it is not
// there.
func (t *Tree) entryOf(l *leaf, s slot, key uint64, name string) int {
	if !l.sorted {
		return slices.Index(l.slots[:l.used], s)
	}
	if at := t.placeIn(l, key, name); at < l.used && l.slots[at] == s {
		return at
	}
	return -1
}

// push adds an entry at the end.
func (l *leaf) push(key uint64, s slot) {
	l.keys[l.used], l.slots[l.used] = key, s
	l.used++
}

func (l *leaf) insert(at int, key uint64, s slot) {
	copy(l.keys[at+1:], l.keys[at:l.used])
	copy(l.slots[at+1:], l.slots[at:l.used])
	l.keys[at], l.slots[at] = key, s
	l.used++
}

func (l *leaf) remove(at int) {
	l.used--
	if !l.sorted {
		l.keys[at], l.slots[at] = l.keys[l.used], l.slots[l.used]
		return
	}
	copy(l.keys[at:l.used], l.keys[at+1:])
	copy(l.slots[at:l.used], l.slots[at+1:])
}

// makeRoom is for a full leaf into which a name belongs.
func (t *Tree) makeRoom(o *order, l int, key uint64, name string) {
	full := o.leaves[l]
	switch {
	case full.sorted && !t.follows(full, leafEntries-1, key, name):
		// What comes in order leaves no gaps.
		o.openBetween(l, full.keys[leafEntries-1], key, name)
	case full.sorted || !o.part(l):
		t.sort(o, full)
		t.cut(o, l)
	}
}

// openBetween opens a leaf behind l for a name and all from there on. The key of the name
// alone says so if the one before has another.
func (o *order) openBetween(l int, before, key uint64, name string) {
	if before != key {
		o.open(l+1, key, "")
		return
	}
	o.open(l+1, key, strings.Clone(name))
}

// cut moves the upper half of a sorted leaf into one of its own.
func (t *Tree) cut(o *order, l int) {
	const half = leafEntries / 2
	low := o.leaves[l]
	o.openBetween(l, low.keys[half-1], low.keys[half], t.name(t.nodes.at(low.slots[half])))
	high := o.leaves[l+1]
	high.used = copy(high.keys[:], low.keys[half:])
	copy(high.slots[:], low.slots[half:])
	low.used = half
}

// pivotSamples of a leaf's keys tell about which is the middle one.
const pivotSamples = 15

// part moves about the upper half of a full leaf into one of its own, in one pass and
// without sorting it. It fails where too many keys are equal.
func (o *order) part(l int) bool {
	o.work += leafEntries * partingCosts
	low := o.leaves[l]
	var samples [pivotSamples]uint64
	for i := range samples {
		samples[i] = low.keys[i*leafEntries/pivotSamples]
	}
	slices.Sort(samples[:])
	pivot, below := samples[pivotSamples/2], 0
	for _, key := range low.keys {
		if key < pivot {
			below++
		}
	}
	if below < leafEntries/4 || below > leafEntries*3/4 {
		return false
	}
	o.open(l+1, pivot, "")
	high := o.leaves[l+1]
	low.used, low.sorted, high.sorted = 0, false, false
	for i, key := range low.keys {
		to := low
		if key >= pivot {
			to = high
		}
		to.push(key, low.slots[i])
	}
	return true
}

// sort puts a leaf in order.
func (t *Tree) sort(o *order, l *leaf) {
	if l.sorted {
		return
	}
	o.sorter = o.sorter[:0]
	for i, key := range l.keys[:l.used] {
		o.sorter = append(o.sorter, entry{key, l.slots[i]})
	}
	t.sortEntries(o, o.sorter)
	for i, e := range o.sorter {
		l.keys[i], l.slots[i] = e.key, e.slot
	}
	l.sorted = true
}

// sortEntries sorts by the names, of which the keys are a part.
func (t *Tree) sortEntries(o *order, all []entry) {
	o.work += float64(len(all)) * sortingCosts
	slices.SortFunc(all, func(a, b entry) int { return cmp.Compare(a.key, b.key) })
	for from, to := 0, 1; from < len(all); from, to = to, to+1 {
		for to < len(all) && all[to].key == all[from].key {
			to++
		}
		if to > from+1 {
			t.sortAlike(o, all[from:to])
		}
	}
}

// sortAlike sorts entries of equal keys by keys from where their names part: so each name
// is read once or twice, not for every comparison.
func (t *Tree) sortAlike(o *order, all []entry) {
	o.work += float64(len(all)) * readingCosts
	key := all[0].key
	alike := t.name(t.nodes.at(all[0].slot))
	for _, e := range all {
		alike = shared(alike, t.name(t.nodes.at(e.slot)))
	}
	parted := false
	for i, e := range all {
		all[i].key = firstBytes(t.name(t.nodes.at(e.slot))[len(alike):])
		parted = parted || all[i].key != all[0].key
	}
	if parted {
		t.sortEntries(o, all)
	} else {
		t.sortByNames(all)
	}
	for i := range all {
		all[i].key = key
	}
}

// sortByNames is for names of which one goes on with zero bytes where another ends: no client
// can make them, but a file may have them.
func (t *Tree) sortByNames(all []entry) {
	slices.SortFunc(all, func(a, b entry) int {
		return strings.Compare(t.name(t.nodes.at(a.slot)), t.name(t.nodes.at(b.slot)))
	})
}
