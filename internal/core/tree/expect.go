package tree

import "zoo/internal/txn"

// In a large tree a lookup is a wait for memory: for the place in the index, then for the
// record found there, then for its name. What needs many znodes says so beforehand; then
// the waits of all of them overlap, instead of coming one behind the other.

// ExpectMax is how many znodes are expected at once. More would drive each other out of
// the processor's caches before they are used.
const ExpectMax = 32

// The start of a znode's name and data that is brought near.
const (
	cacheLineBytes = 64
	expectBytesMax = 4 * cacheLineBytes
)

// Expect brings near what looking up these paths will take; of more than ExpectMax only
// the first. It finds out nothing, and is only for who may change the tree.
func (t *Tree) Expect(paths []string) {
	var hashes [ExpectMax]uint32
	paths = paths[:min(len(paths), ExpectMax)]
	for i, path := range paths {
		hashes[i] = hashPath(path)
	}
	known := hashes[:len(paths)]
	for _, hash := range known {
		t.near += t.index.first(hash)
	}
	for _, hash := range known {
		t.expectRecord(hash)
	}
	for _, hash := range known {
		t.expectBlock(hash)
	}
}

// Foresee prepares entries that are about to be applied, and brings near what that will
// take. It uses the memory of into. Only who may change the tree may call it.
func (t *Tree) Foresee(into []Replay, entries []txn.Entry) []Replay {
	into = into[:0]
	for _, e := range entries {
		into = append(into, Replay{Entry: e})
		into[len(into)-1].Prepare(&t.digester)
	}
	t.expect(into)
	return into
}

// ApplyForeseen is Apply for an entry that Foresee prepared.
func (t *Tree) ApplyForeseen(p *Replay) (*Result, error) {
	t.ahead = p
	r, err := t.Apply(p.Entry)
	t.ahead = nil
	return r, err
}

// expect brings near what a few entries are about to need, of their znodes and of the
// parents.
func (t *Tree) expect(list []Replay) {
	var above uint32
	for i := range list {
		if p := &list[i]; p.known {
			t.near += t.index.first(p.hash)
			if p.parent != above {
				above = p.parent
				t.near += t.index.first(above)
			}
		}
	}
	for i := range list {
		if p := &list[i]; p.known {
			t.expectRecord(p.hash)
			if p.parent != above {
				above = p.parent
				t.expectRecord(above)
			}
		}
	}
	for i := range list {
		if p := &list[i]; p.known {
			t.expectBlock(p.hash)
		}
	}
}

// likely is the record that most likely is the one with this hash.
func (t *Tree) likely(hash uint32) (*node, bool) {
	e := t.index.first(hash)
	return t.nodes.at(slot(e >> 32)), e != 0 && uint32(e) == hash
}

// expectRecord brings both ends of a record near: it may lie across two cache lines.
func (t *Tree) expectRecord(hash uint32) {
	if n, found := t.likely(hash); found {
		t.near += uint64(n.czxid) + uint64(n.extra)
	}
}

// expectBlock brings near the name, and the data as far as they are short.
func (t *Tree) expectBlock(hash uint32) {
	n, found := t.likely(hash)
	if !found {
		return
	}
	block := t.arena.bytes(n.block, n.blockBytes())
	for i := 0; i < min(len(block), expectBytesMax); i += cacheLineBytes {
		t.near += uint64(block[i])
	}
}
