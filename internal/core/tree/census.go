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

// Ranking says which subtrees a census is to find.
type Ranking struct {
	// Limit is how many.
	Limit int
	// By is the figure that they have the most of; nil is MemoryBytes.
	By func(u *Usage) int64
	// Depth is that of their tops, counted from 1 below the root; 0 is any, and one subtree
	// may then lie in another.
	Depth int
}

// Census finds the subtrees that take the most. It looks at one znode after the
// other while the tree may change between two steps, so that it is about no single
// instant: what is there from the begin to the end is counted, once.
//
// A sum is kept for every znode that has others below it, up to censusSumsMax of them;
// beyond that the smallest go, and Omitted tells how much one of them may have held.
type Census struct {
	rank    Ranking
	next    slot
	sums    map[slot]*sum
	leaves  []sum
	bar     int64 // bar is what a leaf must have to be among the largest.
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

// NewCensus begins to look for subtrees.
func NewCensus(rank Ranking) *Census {
	rank.Limit = max(rank.Limit, 1)
	if rank.By == nil {
		rank.By = func(u *Usage) int64 { return u.MemoryBytes }
	}
	return &Census{rank: rank, sums: make(map[slot]*sum)}
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
		c.leaf(t, s, usage)
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
		sizes = append(sizes, c.rank.By(&known.Usage))
	}
	slices.Sort(sizes)
	least := sizes[len(sizes)/2]
	for s, known := range c.sums {
		if c.rank.By(&known.Usage) <= least && s != rootSlot {
			delete(c.sums, s)
		}
	}
	// What goes may come again, and lose as much once more.
	c.omitted += least
}

// leaf keeps a znode with nothing below it if it is among the largest: whenever twice
// as many have gathered as are needed, the smaller half goes.
func (c *Census) leaf(t *Tree, s slot, usage Usage) {
	if c.rank.By(&usage) <= c.bar || !c.wants(t, s) {
		return
	}
	c.leaves = append(c.leaves, sum{Usage: usage, top: s, czxid: t.nodes.at(s).czxid})
	if len(c.leaves) == 2*c.rank.Limit {
		slices.SortFunc(c.leaves, c.largestFirst)
		c.leaves = c.leaves[:c.rank.Limit]
		c.bar = c.rank.By(&c.leaves[c.rank.Limit-1].Usage)
	}
}

// wants tells whether a znode is at the depth that is asked for.
func (c *Census) wants(t *Tree, s slot) bool {
	depth := 0
	for ; c.rank.Depth > 0 && s != rootSlot && depth <= c.rank.Depth; depth++ {
		s = t.nodes.at(s).parent
	}
	return depth == c.rank.Depth
}

func (c *Census) largestFirst(a, b sum) int {
	return cmp.Or(cmp.Compare(c.rank.By(&b.Usage), c.rank.By(&a.Usage)),
		cmp.Compare(a.top, b.top))
}

// Omitted is how much of the figure a subtree may have that is not shown, or may have more
// than is shown; 0 where nothing was left out.
func (c *Census) Omitted() int64 { return c.omitted }

// Largest gives those that take the most, the root first of all. What has gone in the
// meantime is left out.
func (c *Census) Largest(t *Tree) []Subtree {
	c.flush(t)
	all := slices.Clone(c.leaves)
	for _, known := range c.sums {
		all = append(all, *known)
	}
	slices.SortFunc(all, c.largestFirst)
	var shown []Subtree
	for _, known := range all {
		if len(shown) == c.rank.Limit {
			break
		}
		n := t.nodes.at(known.top)
		if n.live() && n.czxid == known.czxid && c.wants(t, known.top) {
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
