package snapshot

import (
	"encoding/binary"
	"unicode/utf8"
	"unsafe"

	"zoo/internal/core/tree"
	"zoo/internal/jute"
	"zoo/internal/wire"
)

const (
	// batchBytes is when a batch of znodes is full. One of them is a task for a core.
	batchBytes = 64 << 10
	// batchBytesKept is the most memory that a batch holds on to for the next znodes.
	batchBytesKept = 4 * batchBytes
)

// batch is some consecutive znodes on their way into a tree. It goes through three
// hands, of which only the middle one is many:
//
//	fill     in order    reads the bytes and finds where the znodes end
//	prepare  any order   decodes the znodes, hashes their paths, sums their digests
//	insert   in order    puts them into the tree
type batch struct {
	offset   int64  // of raw in the file or stream
	raw      []byte // the znodes as they were read
	whole    int    // where the last whole znode ends in raw
	nodes    []tree.Loading
	places   []int // where in raw each of nodes begins
	digester tree.Digester
	last     bool          // nothing comes behind it
	ready    chan struct{} // a value when prepared
}

func newBatch() *batch { return &batch{ready: make(chan struct{}, 1)} }

// fill reads znodes until the batch is full, or until the end of them or an error,
// which is left in the source.
func (b *batch) fill(s *source) {
	b.offset, b.whole, b.last = s.offset, 0, false
	if b.raw = b.raw[:0]; cap(b.raw) > batchBytesKept {
		b.raw = nil
	}
	for !b.last && len(b.raw) < batchBytes {
		b.last = !b.frame(s)
	}
	if s.sum != nil {
		s.sum.Write(b.raw)
	}
	// What was read of the end, or before an error, is no znode.
	b.raw = b.raw[:b.whole]
}

// frame reads one znode; false at the end of them, and at an error.
func (b *batch) frame(s *source) (more bool) {
	start := len(b.raw)
	b.raw = s.append(b.raw, 4)
	n := s.checkLength(b.raw, "a path")
	b.raw = s.append(b.raw, n)
	if s.err != nil || string(b.raw[start+4:]) == endPath {
		return false
	}
	b.raw = s.append(b.raw, 4)
	n = s.checkLength(b.raw, "data")
	b.raw = s.append(b.raw, n+aclAndStatBytes)
	if s.err != nil {
		return false
	}
	b.whole = len(b.raw)
	return true
}

// bounds are where the path of a znode begins, where its data begins, and where it
// ends. The lengths were checked.
func (b *batch) bounds(at int) (path, data, end int) {
	path = at + 4
	data = path + lengthAt(b.raw, at) + 4
	return path, data, data + lengthAt(b.raw, data-4) + aclAndStatBytes
}

func lengthAt(p []byte, at int) int {
	return max(0, int(int32(binary.BigEndian.Uint32(p[at:]))))
}

// prepare decodes the znodes.
func (b *batch) prepare() {
	b.nodes, b.places = b.nodes[:0], b.places[:0]
	for at := 0; at < len(b.raw); {
		path, data, end := b.bounds(at)
		b.nodes = append(b.nodes, tree.Loading{})
		b.places = append(b.places, at)
		n := &b.nodes[len(b.nodes)-1]
		n.Path = pathText(b.raw[path : data-4])
		stat := end - aclAndStatBytes
		if int32(binary.BigEndian.Uint32(b.raw[data-4:])) >= 0 {
			n.Data = b.raw[data:stat:stat]
		}
		d := jute.NewTrustedDecoder(b.raw[stat:end])
		n.ACLIndex = d.Long()
		n.Stat = wire.DecodeStatPersisted(&d)
		n.Prepare(&b.digester)
		at = end
	}
}

// insert adds the znodes to the tree. It tells the place of the first that cannot be.
func (b *batch) insert(to *tree.Loader) error {
	if failed, err := to.AddAll(b.nodes); err != nil {
		return &formatError{
			b.offset + int64(b.places[failed]), "a znode below one before it", err.Error()}
	}
	return nil
}

// pathText lends the path as long as the bytes are; only one that is not UTF-8 is
// copied.
func pathText(p []byte) string {
	if len(p) > 0 && utf8.Valid(p) {
		return unsafe.String(&p[0], len(p))
	}
	return jute.Text(p)
}
