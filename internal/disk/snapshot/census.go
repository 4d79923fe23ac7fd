package snapshot

import (
	"fmt"
	"hash/maphash"

	"zoo/internal/core/tree"
)

// census looks at the znodes of a snapshot as a tree.Loader does, without keeping them: of
// each it remembers a hash of its path, eight bytes and what a set takes.
type census struct {
	seed   maphash.Seed
	paths  map[uint64]struct{}
	parent uint64 // the last parent; siblings come in a row
	rooted bool
	// twice is set when a znode comes more than once: then the last one counts, and
	// nobody remembers what the first has added to digest.
	twice  bool
	digest uint64
}

func newCensus() *census {
	return &census{seed: maphash.MakeSeed(), paths: make(map[uint64]struct{})}
}

// add counts prepared znodes. It tells the place of the first that cannot be.
func (c *census) add(b *batch) error {
	for i := range b.nodes {
		if err := c.count(&b.nodes[i]); err != nil {
			return &formatError{
				b.offset + int64(b.places[i]), "a znode below one before it", err.Error()}
		}
	}
	return nil
}

func (c *census) count(n *tree.Loading) error {
	c.digest += n.Digest()
	if n.Path == "" || n.Path == "/" {
		c.twice = c.twice || c.rooted
		c.rooted = true
		return nil
	}
	parent, possible := n.Parent()
	if !possible || parent != "" && !c.knows(parent) {
		return fmt.Errorf("load %q: %w", n.Path, tree.ErrOrphan)
	}
	path := maphash.String(c.seed, n.Path)
	if _, again := c.paths[path]; again {
		c.twice = true
	}
	c.paths[path] = struct{}{}
	return nil
}

func (c *census) knows(parent string) bool {
	hash := maphash.String(c.seed, parent)
	if hash == c.parent {
		return true
	}
	if _, known := c.paths[hash]; !known {
		return false
	}
	c.parent = hash
	return true
}

// end refuses what cannot be a whole tree.
func (c *census) end(s *source, info *Info) {
	if s.err != nil {
		return
	}
	if !c.rooted {
		s.refuse("the root", tree.ErrNoRoot.Error())
	}
	if !c.twice && info.Exact() && info.Digest != c.digest {
		s.refuse(fmt.Sprintf("znodes with digest %#x", info.Digest), fmt.Sprintf("%#x", c.digest))
	}
}
