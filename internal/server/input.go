package server

import (
	"encoding/binary"
	"fmt"

	"zoo/internal/wire"
)

// input is what a connection has received and not yet taken. It belongs to the
// connection's reader. Without bytes it holds no buffer, so that an idle
// connection costs none.
type input struct {
	pool *bufferPool
	buf  *buffer // nil while empty
	at   int     // what lies before it was taken
}

// pending is what is there.
func (in *input) pending() []byte {
	if in.buf == nil {
		return nil
	}
	return in.buf.b[in.at:]
}

// space is where the next bytes go; it is never empty. A frame larger than the
// buffer makes it grow, but only by as much as has arrived already: a length
// alone allocates nothing.
func (in *input) space() []byte {
	if in.buf == nil {
		in.buf = in.pool.take()
	}
	if in.at > 0 {
		n := copy(in.buf.b, in.buf.b[in.at:])
		in.buf.b, in.at = in.buf.b[:n], 0
	}
	b := in.buf.b
	if len(b) == cap(b) {
		grown := make([]byte, len(b), 2*cap(b))
		copy(grown, b)
		in.buf = &buffer{b: grown}
		b = grown
	}
	return b[len(b):cap(b)]
}

// arrived takes note of n bytes that were put into space.
func (in *input) arrived(n int) { in.buf.b = in.buf.b[:len(in.buf.b)+n] }

// rest gives the buffer back when all of it was taken.
func (in *input) rest() {
	if in.buf != nil && in.at == len(in.buf.b) {
		in.pool.give(in.buf)
		in.buf, in.at = nil, 0
	}
}

// next takes one frame; false means that it is not all there. The frame shares
// the buffer's memory and is valid until space or rest.
func (in *input) next(frameBytesMax int) (frame []byte, whole bool, err error) {
	b := in.pending()
	if len(b) < wire.FrameHeaderBytes {
		return nil, false, nil
	}
	n := int(int32(binary.BigEndian.Uint32(b)))
	if n < 0 || n > frameBytesMax {
		return nil, false, fmt.Errorf("frame of %d bytes", n)
	}
	end := wire.FrameHeaderBytes + n
	if len(b) < end {
		return nil, false, nil
	}
	in.at += end
	return b[wire.FrameHeaderBytes:end:end], true, nil
}
