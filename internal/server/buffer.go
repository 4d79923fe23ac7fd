package server

import "sync"

// The sizes of pooled buffers.
const (
	inputBytes  = 64 << 10 // one read of a socket
	outputBytes = 16 << 10 // what an output starts with
	spareMax    = 256 << 10
)

// buffer is a slice, most often a pooled one.
type buffer struct {
	b []byte
	// shared is set, for good, of one that is the output of many connections: nobody
	// changes it, and no pool has it.
	shared bool
}

// own is a buffer that may be appended to, with what the shared one holds. It is a small
// one: connections that hear of two events at once are many at once, too.
func (b *buffer) own() *buffer {
	return &buffer{b: append(make([]byte, 0, 4*len(b.b)), b.b...)}
}

// bufferPool lends empty buffers of one initial size.
type bufferPool struct {
	pool  sync.Pool
	bytes int
}

func newBufferPool(bytes int) *bufferPool { return &bufferPool{bytes: bytes} }

func (p *bufferPool) take() *buffer {
	if b, ok := p.pool.Get().(*buffer); ok {
		return b
	}
	return &buffer{b: make([]byte, 0, p.bytes)}
}

// give takes a buffer back, unless it is not the pool's or has grown too large to be kept
// idle.
func (p *bufferPool) give(b *buffer) {
	if !b.shared && cap(b.b) >= p.bytes && cap(b.b) <= spareMax {
		b.b = b.b[:0]
		p.pool.Put(b)
	}
}
