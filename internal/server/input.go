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
	// parked is the begin of a frame whose rest lets itself be waited for, in little
	// more memory than it needs. While there is a buffer it is empty, but keeps its
	// memory until the frame is whole: a frame that comes byte by byte is parked as
	// often.
	parked []byte
	// flows says that the last read brought much, so that there may be more: see
	// receivePortably.
	flows bool
}

// parkedBytesMax is up to which size the begin of a frame is parked: beyond it the
// copies would cost a large request that comes in many pieces more than a buffer
// costs the server.
const parkedBytesMax = 8 << 10

// parkedSpare is how much parked may have room for beside twice what it holds.
const parkedSpare = 8

// park gives the buffer back before a wait, so that a client that sends a byte a
// second costs its bytes only.
func (in *input) park() {
	in.rest()
	n := len(in.pending())
	if in.buf == nil || n > parkedBytesMax {
		return
	}
	if cap(in.parked) > parkedSpare+2*n {
		in.parked = nil
	}
	in.parked = append(in.parked[:0], in.pending()...)
	in.pool.giveGrown(in.buf)
	in.buf, in.at = nil, 0
}

// pending is what is there.
func (in *input) pending() []byte {
	if in.buf == nil {
		return in.parked
	}
	return in.buf.b[in.at:]
}

// since is the last n bytes that were taken and all that is there behind them.
func (in *input) since(n int) []byte { return in.buf.b[in.at-n:] }

// space is where the next bytes go; it is never empty. A frame larger than the
// buffer makes it grow, but only by as much as has arrived already, and not beyond
// the frame: a length alone allocates nothing.
func (in *input) space() []byte {
	if in.buf == nil {
		in.buf = in.pool.take()
		in.buf.b = append(in.buf.b, in.parked...)
		in.parked = in.parked[:0]
	}
	if in.at > 0 {
		n := copy(in.buf.b, in.buf.b[in.at:])
		in.buf.b, in.at = in.buf.b[:n], 0
	}
	if b := in.buf.b; len(b) == cap(b) {
		in.buf = in.pool.grow(in.buf, in.larger(b))
	}
	return in.buf.b[len(in.buf.b):cap(in.buf.b)]
}

// larger is the next size for a buffer that is full of b.
func (in *input) larger(b []byte) int {
	if n := uint64(binary.BigEndian.Uint32(b)) + wire.FrameHeaderBytes; n > uint64(len(b)) {
		return int(min(n, 2*uint64(cap(b))))
	}
	return 2 * cap(b)
}

// arrived takes note of n bytes that were put into space.
func (in *input) arrived(n int) { in.buf.b = in.buf.b[:len(in.buf.b)+n] }

// rest gives the buffer back when all of it was taken.
func (in *input) rest() {
	if in.buf != nil && in.at == len(in.buf.b) {
		in.pool.giveGrown(in.buf)
		in.buf, in.at, in.parked = nil, 0, nil
	}
}

// drop gives everything back.
func (in *input) drop() {
	if in.buf != nil {
		in.pool.give(in.buf)
	}
	in.buf, in.at, in.parked = nil, 0, nil
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
