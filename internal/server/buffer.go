package server

import "sync"

// The sizes of pooled buffers.
const (
	inputBytes  = 64 << 10 // one read of a socket
	outputBytes = 16 << 10 // what an output starts with
	spareMax    = 256 << 10
)

// buffer is a pooled slice.
type buffer struct{ b []byte }

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

// give takes a buffer back, unless it has grown too large to be kept idle.
func (p *bufferPool) give(b *buffer) {
	if cap(b.b) <= spareMax {
		b.b = b.b[:0]
		p.pool.Put(b)
	}
}
