package tree

import (
	"encoding/binary"
	"math/bits"
)

// An index finds slots by a 32-bit hash of the path. It is an extendible hash
// table: the hash's first bits choose a page from the directory, its last bits
// the place in the page, and a page that fills up is split in two. So no
// insertion ever rehashes more than one page.
//
//	entry   63 … 32  31 … 0
//	        slot     hash        0 = vacant (the root is not in the index)
//
// Paths with the same hash share a page, whatever the depth. Splitting cannot
// part them, so a page may also grow, and splits stop where the directory would
// become out of proportion: a client that forges collisions makes its own names
// slow, and cannot make the index large.
type index struct {
	directory []*page
	depth     uint8 // depth is how many bits of the hash choose the page.
	count     int
}

type page struct {
	entries []uint64
	used    int
	depth   uint8 // depth is how many first bits all hashes of the page share.
}

const (
	pageEntriesFirst = 16
	pageEntries      = 512
)

func newIndex() index {
	return index{directory: []*page{{entries: make([]uint64, pageEntriesFirst)}}}
}

// hashPath mixes the path eight bytes at a time.
func hashPath(path string) uint32 {
	const (
		seed = 0x9e3779b97f4a7c15
		mix  = 0xd6e8feb86659fd93
	)
	p := bytesOf(path)
	h := uint64(len(p)) ^ seed
	for ; len(p) >= 8; p = p[8:] {
		h = fold(h^binary.LittleEndian.Uint64(p), mix)
	}
	var tail uint64
	for i := range p {
		tail |= uint64(p[i]) << (8 * i)
	}
	h = fold(h^tail, mix)
	return uint32(fold(h, seed) >> 32)
}

func fold(a, b uint64) uint64 {
	high, low := bits.Mul64(a, b)
	return high ^ low
}

func (x *index) page(hash uint32) *page { return x.directory[hash>>(32-x.depth)] }

// first is the entry at the place where one with this hash belongs, 0 if it is vacant.
func (x *index) first(hash uint32) uint64 {
	p := x.page(hash)
	return p.entries[int(hash)&(len(p.entries)-1)]
}

// findHash gives the slot with this hash whose znode has this path.
func (t *Tree) findHash(hash uint32, path string) (slot, bool) {
	p := t.index.page(hash)
	mask := len(p.entries) - 1
	for i := int(hash) & mask; p.entries[i] != 0; i = (i + 1) & mask {
		if e := p.entries[i]; uint32(e) == hash && t.hasPath(slot(e>>32), path) {
			return slot(e >> 32), true
		}
	}
	return noSlot, false
}

// insert adds a slot that is not there yet.
func (x *index) insert(hash uint32, s slot) {
	p := x.page(hash)
	for 4*(p.used+1) > 3*len(p.entries) {
		x.makeRoom(p, hash)
		p = x.page(hash)
	}
	p.add(uint64(s)<<32 | uint64(hash))
	x.count++
}

// remove takes out a slot that is there.
func (x *index) remove(hash uint32, s slot) {
	p := x.page(hash)
	mask := len(p.entries) - 1
	wanted := uint64(s)<<32 | uint64(hash)
	i := int(hash) & mask
	for p.entries[i] != wanted {
		i = (i + 1) & mask
	}
	p.vacate(i)
	x.count--
}

func (p *page) add(entry uint64) {
	mask := len(p.entries) - 1
	i := int(uint32(entry)) & mask
	for p.entries[i] != 0 {
		i = (i + 1) & mask
	}
	p.entries[i] = entry
	p.used++
}

// vacate empties place i and moves up what had to step over it.
func (p *page) vacate(i int) {
	mask := len(p.entries) - 1
	for j := (i + 1) & mask; p.entries[j] != 0; j = (j + 1) & mask {
		home := int(uint32(p.entries[j])) & mask
		if (j-home)&mask >= (j-i)&mask {
			p.entries[i] = p.entries[j]
			i = j
		}
	}
	p.entries[i] = 0
	p.used--
}

func (x *index) makeRoom(p *page, hash uint32) {
	switch {
	case len(p.entries) < pageEntries:
		p.grow()
	case p.depth < x.depth:
		x.split(p, hash)
	case len(x.directory)*pageEntries/8 <= x.count && x.depth < 31:
		x.double()
		x.split(p, hash)
	default:
		p.grow()
	}
}

func (p *page) grow() {
	entries := p.entries
	p.entries, p.used = make([]uint64, 2*len(entries)), 0
	p.addAll(entries)
}

func (p *page) addAll(entries []uint64) {
	for _, e := range entries {
		if e != 0 {
			p.add(e)
		}
	}
}

func (x *index) double() {
	directory := make([]*page, 2*len(x.directory))
	for i := range directory {
		directory[i] = x.directory[i/2]
	}
	x.directory = directory
	x.depth++
}

// split puts the entries of p whose next bit is set on a page of their own.
func (x *index) split(p *page, hash uint32) {
	var copied [pageEntries]uint64
	entries := append(copied[:0], p.entries...)
	clear(p.entries)
	p.depth, p.used = p.depth+1, 0
	high := &page{entries: make([]uint64, len(entries)), depth: p.depth}
	for _, e := range entries {
		switch {
		case e == 0:
		case uint32(e)>>(32-p.depth)&1 == 0:
			p.add(e)
		default:
			high.add(e)
		}
	}
	// The pages of this prefix take up a run of the directory.
	run := 1 << (x.depth - p.depth)
	start := int(hash>>(32-p.depth)&^1) * run
	for i := range run {
		x.directory[start+run+i] = high
	}
}
