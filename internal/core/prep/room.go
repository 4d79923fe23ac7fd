package prep

// room gives entries their memory: one block for many, since to allocate each of them would
// cost as much as to encode it. A block is garbage when the last of its entries is, which
// follow each other in the history.
type room struct {
	block []byte
	begun int // begun is how much of the block the last begin gave.
}

// The size of a block, and of the largest entry that shares one.
const (
	blockBytes     = 32 << 10
	sharedBytesMax = blockBytes / 8
)

// begin gives empty memory for an entry. What was begun and not ended is to be forgotten.
func (r *room) begin(size int) []byte {
	if size > sharedBytesMax {
		r.begun = 0
		return make([]byte, 0, size)
	}
	if cap(r.block)-len(r.block) < size {
		r.block = make([]byte, 0, blockBytes)
	}
	n := len(r.block)
	r.begun = size
	return r.block[n : n : n+size]
}

// end takes the entry that was begun last. One that has grown beyond what it began with has
// left the block, but there are views of what it was before, so that nothing comes there.
func (r *room) end(entry []byte) []byte {
	n := len(r.block)
	if r.begun > 0 && len(entry) <= r.begun {
		r.begun = len(entry)
	}
	r.block, r.begun = r.block[:n+r.begun], 0
	return entry[:len(entry):len(entry)]
}
