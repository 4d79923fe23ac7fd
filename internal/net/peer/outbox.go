package peer

import (
	"io"
	"slices"

	"zoo/internal/wire"
)

// The sizes of the pieces of an outbox.
const (
	pieceBytes    = 256 << 10      // a piece this long is full: one write
	pieceBytesNew = 16 << 10       // what a new one starts with
	spareBytesMax = 2 * pieceBytes // a larger buffer is not worth keeping
)

// outbox is what waits to be written on a link, in order: encoded packets in
// pieces, and streams between them. Its owner's mutex guards it.
//
// While one piece is being written the next one fills, in the buffer of the
// one before; in the steady state two buffers serve a link for ever.
type outbox struct {
	pieces []piece
	bytes  int // queued or being written
	spare  []byte
}

// piece is a run of encoded packets, or a stream.
type piece struct {
	bytes  []byte
	stream func(io.Writer) error
}

// append encodes a packet at the end.
func (o *outbox) append(packet *wire.QuorumPacket) {
	p := o.open()
	before := len(p.bytes)
	p.bytes = packet.AppendTo(p.bytes)
	o.bytes += len(p.bytes) - before
}

// open is the piece that takes the next packet.
func (o *outbox) open() *piece {
	if n := len(o.pieces); n > 0 {
		if p := &o.pieces[n-1]; p.stream == nil && len(p.bytes) < pieceBytes {
			return p
		}
	}
	buffer := o.spare
	o.spare = nil
	if buffer == nil {
		buffer = make([]byte, 0, pieceBytesNew)
	}
	o.pieces = append(o.pieces, piece{bytes: buffer})
	return &o.pieces[len(o.pieces)-1]
}

// appendStream puts a stream at the end.
func (o *outbox) appendStream(stream func(io.Writer) error) {
	o.pieces = append(o.pieces, piece{stream: stream})
}

// take hands all that is queued to the writer, which gives each piece back to
// written, and the slice with the next take.
func (o *outbox) take(last []piece) []piece {
	pieces := o.pieces
	clear(last)
	o.pieces = last[:0]
	return pieces
}

// isShort tells whether all that is queued is one piece that is not full.
func (o *outbox) isShort() bool {
	return len(o.pieces) == 1 && o.pieces[0].stream == nil && len(o.pieces[0].bytes) < pieceBytes
}

// putBack puts a piece of which n bytes are written in front of what has come
// since.
func (o *outbox) putBack(p *piece, n int) {
	o.bytes -= n
	o.pieces = slices.Insert(o.pieces, 0, piece{bytes: p.bytes[n:]})
}

// written takes note that a piece is on its way, and keeps its buffer.
func (o *outbox) written(p *piece) {
	o.bytes -= len(p.bytes)
	if o.spare == nil && p.stream == nil && cap(p.bytes) <= spareBytesMax {
		o.spare = p.bytes[:0]
	}
}

// clear lets go of everything.
func (o *outbox) clear() { *o = outbox{} }
