package jute

// Room gives records that are encoded and kept, each for a while, their memory: one block for
// many, since to allocate each of them would cost as much as to encode it. A block is garbage
// when the last of its records is: it suits those that come and go in order. The zero value
// is ready; one owner at a time.
type Room struct {
	block []byte
	begun int // begun is how much of the block the last Begin gave.
}

// The size of a block, and of the largest record that shares one.
const (
	roomBlockBytes = 32 << 10
	roomSharedMax  = roomBlockBytes / 8
)

// Begin gives empty memory for a record of about size bytes. What was begun and not ended is
// to be forgotten.
func (r *Room) Begin(size int) []byte {
	if size > roomSharedMax {
		r.begun = 0
		return make([]byte, 0, size)
	}
	if cap(r.block)-len(r.block) < size {
		r.block = make([]byte, 0, roomBlockBytes)
	}
	n := len(r.block)
	r.begun = size
	return r.block[n : n : n+size]
}

// End takes the record that was begun last, in its memory or grown out of it. There are views
// of what one that has grown was before, so that nothing else comes there.
func (r *Room) End(record []byte) []byte {
	n := len(r.block)
	if r.begun > 0 && len(record) <= r.begun {
		r.begun = len(record)
	}
	r.block, r.begun = r.block[:n+r.begun], 0
	return record[:len(record):len(record)]
}
