package snapshot

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/snappy"
)

// Java's server compresses with the stream format of the library xerial-snappy,
// not with Snappy's own framing. All integers are big-endian.
//
//	offset  size
//	     0     8  82 "SNAPPY" 00
//	     8     4  version, 1
//	    12     4  oldest version that can read it, 1
//	    16        blocks, up to the end of the file:
//	           4  n
//	           n  a block in Snappy's block format, of 32 KiB plain at most
//
// It has no checksum of its own; the seals of the snapshot inside are enough.
const (
	snappyMagic       = "\x82SNAPPY\x00"
	snappyHeader      = snappyMagic + "\x00\x00\x00\x01\x00\x00\x00\x01"
	snappyHeaderBytes = len(snappyHeader)

	// snappyBlockBytes is the size of a plain block, as Java writes them.
	snappyBlockBytes = 32 << 10
	// snappyBlockBytesMax bounds a block when reading, compressed or plain. Java's
	// size can be set, and nobody is known to.
	snappyBlockBytesMax = 1 << 20
)

// snappyWriter collects blocks and writes them.
type snappyWriter struct {
	w     io.Writer
	plain []byte
	out   []byte // starts with the header until that is written
}

func newSnappyWriter(w io.Writer) *snappyWriter {
	return &snappyWriter{w: w, plain: make([]byte, 0, snappyBlockBytes),
		out: []byte(snappyHeader)}
}

// Write takes p; whole blocks are written out.
func (s *snappyWriter) Write(p []byte) (int, error) {
	taken := len(p)
	for len(p) > 0 {
		n := min(len(p), snappyBlockBytes-len(s.plain))
		s.plain, p = append(s.plain, p[:n]...), p[n:]
		if len(s.plain) < snappyBlockBytes {
			break
		}
		if err := s.flush(); err != nil {
			return 0, err
		}
	}
	return taken, nil
}

// Close writes the last block.
func (s *snappyWriter) Close() error { return s.flush() }

func (s *snappyWriter) flush() error {
	if len(s.plain) > 0 {
		at := len(s.out) + 4
		need := at + snappy.MaxEncodedLen(len(s.plain))
		if cap(s.out) < need {
			s.out = append(make([]byte, 0, need), s.out...)
		}
		block := snappy.Encode(s.out[at:need], s.plain)
		s.out = binary.BigEndian.AppendUint32(s.out, uint32(len(block)))
		s.out = append(s.out, block...)
	}
	_, err := s.w.Write(s.out)
	s.plain, s.out = s.plain[:0], s.out[:0]
	return err
}

// snappyReader reads block by block.
type snappyReader struct {
	r     *bufio.Reader
	block []byte
	plain []byte // the decoded block
	rest  []byte // of plain, not yet given
}

func newSnappyReader(r io.Reader) (*snappyReader, error) {
	s := &snappyReader{r: bufio.NewReaderSize(r, readBytes)}
	head, err := s.r.Peek(snappyHeaderBytes)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if string(head) != snappyHeader {
		return nil, fmt.Errorf("the header is %x, not %x", head, snappyHeader)
	}
	_, err = s.r.Discard(snappyHeaderBytes)
	return s, err
}

// Read gives what is left of a block, or of the next one.
func (s *snappyReader) Read(p []byte) (int, error) {
	for len(s.rest) == 0 {
		if err := s.next(); err != nil {
			return 0, err
		}
	}
	n := copy(p, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}

// next decodes a block. Its length must fit into the bounds before it is believed.
func (s *snappyReader) next() error {
	var head [4]byte
	if _, err := io.ReadFull(s.r, head[:]); err != nil {
		return err // io.EOF between two blocks is the end
	}
	n := int64(binary.BigEndian.Uint32(head[:]))
	if n > snappyBlockBytesMax {
		return fmt.Errorf("a block of %d bytes; at most %d are known", n, snappyBlockBytesMax)
	}
	if err := s.take(int(n)); err != nil {
		return err
	}
	size, err := snappy.DecodedLen(s.block)
	if err == nil && size > snappyBlockBytesMax {
		err = fmt.Errorf("a block of %d plain bytes; at most %d are known",
			size, snappyBlockBytesMax)
	}
	if err != nil {
		return err
	}
	s.plain, err = snappy.Decode(s.plain[:cap(s.plain)], s.block)
	s.rest = s.plain
	return err
}

// take reads the next n bytes into block.
func (s *snappyReader) take(n int) error {
	if cap(s.block) < n {
		s.block = make([]byte, n)
	}
	s.block = s.block[:n]
	_, err := io.ReadFull(s.r, s.block)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return err
}
