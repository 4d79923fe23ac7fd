package peer

import (
	"io"
	"slices"

	"zoo"
	"zoo/internal/wire"
)

// The sizes of the pieces of an outbox.
const (
	pieceBytes    = 256 << 10      // a piece this long is full: one write
	pieceBytesNew = 16 << 10       // what a new one starts with
	spareBytesMax = 2 * pieceBytes // a larger buffer is not worth keeping
	sparesMax     = 4              // a batch of a busy leader takes as many pieces
)

// outbox is what waits to be written on a link, in order: encoded packets in
// pieces, and streams between them. Its owner's mutex guards it.
//
// While some pieces are being written the next ones fill, in the buffers of those
// before; in the steady state a few buffers serve a link for ever.
type outbox struct {
	pieces []piece
	bytes  int // queued or being written
	// packets counts all that were ever queued, zxid is the last one's that had any.
	packets uint64
	zxid    zoo.Zxid
	spares  [][]byte
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
	o.packets++
	if packet.Zxid > 0 {
		o.zxid = packet.Zxid
	}
}

// open is the piece that takes the next packet.
func (o *outbox) open() *piece {
	if n := len(o.pieces); n > 0 {
		if p := &o.pieces[n-1]; p.stream == nil && len(p.bytes) < pieceBytes {
			return p
		}
	}
	o.pieces = append(o.pieces, piece{bytes: o.buffer()})
	return &o.pieces[len(o.pieces)-1]
}

// buffer is an empty one, a spare one if there is any. Behind a full piece it is as large
// as one, so that it need not grow.
func (o *outbox) buffer() []byte {
	switch n := len(o.spares); {
	case n > 0:
		b := o.spares[n-1]
		o.spares = o.spares[:n-1]
		return b
	case len(o.pieces) > 0:
		return make([]byte, 0, pieceBytes+pieceBytesNew)
	}
	return make([]byte, 0, pieceBytesNew)
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
	if len(o.spares) < sparesMax && p.stream == nil && cap(p.bytes) <= spareBytesMax {
		o.spares = append(o.spares, p.bytes[:0])
	}
}

// clear lets go of everything.
func (o *outbox) clear() { *o = outbox{} }
