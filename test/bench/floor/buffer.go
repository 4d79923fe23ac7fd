package main

import "sync"

// buffer holds bytes for as long as there are any. Few buffers that are used in turn stay
// in the caches of the CPU, where one for each connection would not.
type buffer struct{ b []byte }

func (b *buffer) len() int {
	if b == nil {
		return 0
	}
	return len(b.b)
}

// cut removes the first n bytes.
func (b *buffer) cut(n int) { b.b = b.b[:copy(b.b, b.b[n:])] }

// buffers lends them, empty, the last used first.
type buffers struct{ pool sync.Pool }

// bufferBytes is the room of a new one: the answers to a hundred getData of a kilobyte, or
// as many setData.
const bufferBytes = 128 << 10

func (p *buffers) take() *buffer {
	if b, ok := p.pool.Get().(*buffer); ok {
		return b
	}
	return &buffer{b: make([]byte, 0, bufferBytes)}
}

func (p *buffers) give(b *buffer) {
	b.b = b.b[:0]
	p.pool.Put(b)
}
