package server

import "sync"

// The sizes of pooled buffers.
const (
	inputBytes  = 64 << 10 // one read of a socket
	outputBytes = 16 << 10 // what an output starts with
	spareMax    = 256 << 10
	grownMax    = 4 << 20
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

// bufferPool lends empty buffers of one initial size, and again those that have grown.
// What nobody takes goes with the second collection of garbage from then on.
type bufferPool struct {
	pool  sync.Pool
	grown sync.Pool // beyond spareMax
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

// giveGrown is give for a buffer that grow may have made.
func (p *bufferPool) giveGrown(b *buffer) {
	if cap(b.b) <= spareMax || cap(b.b) > grownMax {
		p.give(b)
		return
	}
	b.b = b.b[:0]
	p.grown.Put(b)
}

// grow takes back a buffer that is full, and lends one with its content for so many bytes in
// all, or for more if one lies idle that has grown before.
func (p *bufferPool) grow(full *buffer, bytes int) *buffer {
	b, ok := p.grown.Get().(*buffer)
	if !ok || cap(b.b) < bytes {
		// One that is too small is let go of: those that are asked for are larger now.
		b = &buffer{b: make([]byte, 0, bytes)}
	}
	b.b = append(b.b, full.b...)
	if cap(full.b) <= p.bytes {
		p.give(full) // What lies between is not asked for once somebody has grown.
	}
	return b
}
