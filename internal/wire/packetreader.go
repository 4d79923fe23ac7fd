package wire

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"

	"zoo"
	"zoo/internal/jute"
)

// readChunkBytes is the most that is allocated for bytes that have not arrived.
const readChunkBytes = 64 << 10

// PacketReader reads the packets between a leader and its learners off a stream,
// where they follow each other without frames. It never reads ahead of a packet
// except into the given buffer, so that the snapshot behind a SNAP packet can be
// read from there.
type PacketReader struct {
	r            *bufio.Reader
	dataBytesMax int
	left         int // left is what the current packet's identities may still take.
}

// NewPacketReader reads from r, and refuses packets whose data, or whose
// identities together, exceed dataBytesMax.
func NewPacketReader(r *bufio.Reader, dataBytesMax int) *PacketReader {
	return &PacketReader{r: r, dataBytesMax: dataBytesMax}
}

// Reader is the stream, positioned behind the last packet.
func (pr *PacketReader) Reader() *bufio.Reader { return pr.r }

// Next overwrites p with the next packet, whose memory is the caller's. At the
// end of the stream it gives io.EOF, and inside a packet io.ErrUnexpectedEOF.
// After an error the stream has no meaning any more.
func (pr *PacketReader) Next(p *QuorumPacket) error {
	if _, err := pr.r.Peek(1); err != nil {
		return err
	}
	if err := pr.next(p); err != nil {
		return fmt.Errorf("read packet: %w", unexpected(err))
	}
	return nil
}

// next reads the fields of a packet.
func (pr *PacketReader) next(p *QuorumPacket) (err error) {
	fixed, err := pr.r.Peek(12)
	if err != nil {
		return err
	}
	p.Type = PacketType(binary.BigEndian.Uint32(fixed))
	p.Zxid = zoo.Zxid(binary.BigEndian.Uint64(fixed[4:]))
	if err := discard(pr.r, len(fixed)); err != nil {
		return err
	}
	if p.Data, err = readBuffer(pr.r, pr.dataBytesMax); err != nil {
		return err
	}
	p.AuthInfo, err = pr.ids()
	return err
}

// ids reads the identities; it believes no count, only what arrives.
func (pr *PacketReader) ids() ([]zoo.ID, error) {
	count, err := readInt(pr.r)
	if err != nil || count == -1 {
		return nil, err
	}
	pr.left = pr.dataBytesMax
	ids := []zoo.ID{}
	for range max(count, 0) {
		var id zoo.ID
		if id.Scheme, err = pr.string(); err != nil {
			return nil, err
		}
		if id.ID, err = pr.string(); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// string reads one string within the bytes left for identities.
func (pr *PacketReader) string() (string, error) {
	if pr.left -= 4; pr.left < 0 {
		return "", jute.ErrLength
	}
	n, err := readLength(pr.r, pr.left)
	if err != nil || n <= 0 {
		return "", err
	}
	pr.left -= n
	if n > pr.r.Size() {
		p, err := readBytes(pr.r, n)
		return jute.Text(p), err
	}
	p, err := pr.r.Peek(n)
	if err != nil {
		return "", err
	}
	text := jute.Text(p)
	return text, discard(pr.r, n)
}

// readBuffer reads a buffer of at most bytesMax; null reads as nil.
func readBuffer(r *bufio.Reader, bytesMax int) ([]byte, error) {
	n, err := readLength(r, bytesMax)
	if err != nil || n < 0 {
		return nil, err
	}
	return readBytes(r, n)
}

// readLength reads a length of at most bytesMax; -1 for null.
func readLength(r *bufio.Reader, bytesMax int) (int, error) {
	n, err := readInt(r)
	if err == nil && (n < -1 || int64(n) > int64(bytesMax)) {
		err = fmt.Errorf("%d bytes: %w", n, jute.ErrLength)
	}
	return int(n), err
}

// readBytes reads n bytes, whose memory grows with what has arrived.
func readBytes(r io.Reader, n int) ([]byte, error) {
	p := make([]byte, min(n, readChunkBytes))
	for filled := 0; ; {
		if _, err := io.ReadFull(r, p[filled:]); err != nil {
			return nil, unexpected(err)
		}
		if filled = len(p); filled == n {
			return p, nil
		}
		larger := make([]byte, min(n, 2*filled))
		copy(larger, p)
		p = larger
	}
}

func readInt(r *bufio.Reader) (int32, error) {
	p, err := r.Peek(4)
	if err != nil {
		return 0, err
	}
	v := int32(binary.BigEndian.Uint32(p))
	return v, discard(r, len(p))
}

func discard(r *bufio.Reader, n int) error {
	_, err := r.Discard(n)
	return err
}

// unexpected makes an end of the stream inside a message an error of its own.
func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
