package tree

import (
	"cmp"
	"slices"
	"unsafe"

	"zoo"
)

// Usage is what znodes take.
type Usage struct {
	// Znodes counts them.
	Znodes int64
	// DataBytes are those of their data, MemoryBytes those that records, names, data
	// and places in the index occupy.
	DataBytes, MemoryBytes int64
}

func (u *Usage) add(more Usage) {
	u.Znodes += more.Znodes
	u.DataBytes += more.DataBytes
	u.MemoryBytes += more.MemoryBytes
}

// Subtree is a znode with all below it.
type Subtree struct {
	// Path is "/" for the root.
	Path string
	Usage
}

// Census finds the subtrees that take the most memory. It looks at one znode after the
// other while the tree may change between two steps, so that it is about no single
// instant: what is there from the begin to the end is counted, once.
//
// A sum is kept for every znode that has others below it, up to censusSumsMax of them;
// beyond that the smallest go, and Omitted tells how much one of them may have held.
type Census struct {
	limit   int
	next    slot
	sums    map[slot]*sum
	leaves  []sum
	bar     int64 // bar is what a leaf must take to be among the largest.
	omitted int64
	// run is what the children of one parent take that come in a row.
	run       Usage
	runParent slot
}

// sum is what a subtree takes. A slot may get another znode meanwhile, which the
// creation's zxid tells.
type sum struct {
	Usage
	top   slot
	czxid zoo.Zxid
}

// censusSumsMax bounds a census' own memory, to some 6 MiB.
const censusSumsMax = 1 << 16

// NewCensus begins to look for so many subtrees.
func NewCensus(limit int) *Census {
	return &Census{limit: max(limit, 1), sums: make(map[slot]*sum)}
}

// Step looks at the next slot; false when there are no more.
func (c *Census) Step(t *Tree) (more bool) {
	if c.next == t.nodes.end() {
		c.flush(t)
		return false
	}
	s := c.next
	c.next++
	n := t.nodes.at(s)
	if !n.live() {
		return true
	}
	usage := t.usage(n)
	if n.extra == 0 || t.nodes.numChildren(n) == 0 {
		c.leaf(s, n, usage)
	} else {
		c.count(t, s, usage)
	}
	if s == rootSlot {
		return true
	}
	if n.parent != c.runParent {
		c.flush(t)
		c.runParent = n.parent
	}
	c.run.add(usage)
	return true
}

// Pause must be called before the tree may change.
func (c *Census) Pause(t *Tree) { c.flush(t) }

// flush adds the run to its parent and all above.
func (c *Census) flush(t *Tree) {
	if c.run == (Usage{}) {
		return
	}
	for s := c.runParent; ; s = t.nodes.at(s).parent {
		c.count(t, s, c.run)
		if s == rootSlot {
			break
		}
	}
	c.run = Usage{}
}

func (c *Census) count(t *Tree, s slot, usage Usage) {
	czxid := t.nodes.at(s).czxid
	known := c.sums[s]
	if known == nil || known.czxid != czxid {
		if known == nil && len(c.sums) >= censusSumsMax {
			c.thin()
		}
		known = &sum{top: s, czxid: czxid}
		c.sums[s] = known
	}
	known.add(usage)
}

// thin forgets the smaller half of the sums.
func (c *Census) thin() {
	sizes := make([]int64, 0, len(c.sums))
	for _, known := range c.sums {
		sizes = append(sizes, known.MemoryBytes)
	}
	slices.Sort(sizes)
	least := sizes[len(sizes)/2]
	for s, known := range c.sums {
		if known.MemoryBytes <= least && s != rootSlot {
			delete(c.sums, s)
		}
	}
	// What goes may come again, and lose as much once more.
	c.omitted += least
}

// leaf keeps a znode with nothing below it if it is among the largest: whenever twice
// as many have gathered as are needed, the smaller half goes.
func (c *Census) leaf(s slot, n *node, usage Usage) {
	if usage.MemoryBytes <= c.bar {
		return
	}
	c.leaves = append(c.leaves, sum{Usage: usage, top: s, czxid: n.czxid})
	if len(c.leaves) == 2*c.limit {
		slices.SortFunc(c.leaves, largestFirst)
		c.leaves = c.leaves[:c.limit]
		c.bar = c.leaves[c.limit-1].MemoryBytes
	}
}

func largestFirst(a, b sum) int {
	return cmp.Or(cmp.Compare(b.MemoryBytes, a.MemoryBytes), cmp.Compare(a.top, b.top))
}

// Omitted is how much a subtree may take that is not shown, or may take more than is
// shown; 0 where nothing was left out.
func (c *Census) Omitted() int64 { return c.omitted }

// Largest gives those that take the most, the root first of all. What has gone in the
// meantime is left out.
func (c *Census) Largest(t *Tree) []Subtree {
	c.flush(t)
	all := slices.Clone(c.leaves)
	for _, known := range c.sums {
		all = append(all, *known)
	}
	slices.SortFunc(all, largestFirst)
	var shown []Subtree
	for _, known := range all {
		if len(shown) == c.limit {
			break
		}
		n := t.nodes.at(known.top)
		if n.live() && n.czxid == known.czxid {
			shown = append(shown, Subtree{Path: "/" + t.path(known.top)[min(1, int(known.top)):],
				Usage: known.Usage})
		}
	}
	return shown
}

// usage is what one znode takes.
func (t *Tree) usage(n *node) Usage {
	memory := int64(unsafe.Sizeof(*n)) + int64(blockTakes(n.blockBytes()))
	if n.extra != 0 {
		memory += int64(unsafe.Sizeof(extra{}))
	}
	return Usage{Znodes: 1, DataBytes: int64(n.dataBytes()), MemoryBytes: memory + indexTakes}
}

// indexTakes is what a place in the index takes, 8 bytes in pages half full.
const indexTakes = 16

// blockTakes is what a block of the arena occupies.
func blockTakes(size int) int {
	if size > slabBlockMax {
		return size
	}
	return classBytes(classOf(size))
}
