package snapshot

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"zoo/internal/core/tree"
	"zoo/internal/disk/adler"
	"zoo/internal/jute"
)

// Copy is a snapshot in the form of a file that goes to a stream. Its size is known
// before its first byte, since a tree knows how long all paths and data are.
type Copy struct {
	enc encoder
	// znodes is the size of the znodes and the string that ends them.
	znodes int64
	size   int64
}

// znodeExtraBytes is what a znode takes besides its path and its data.
const znodeExtraBytes = 4 + 4 + aclAndStatBytes

// rootBytes is what DataBytes counts for the root, whose path takes nothing here.
const rootBytes = 1

// NewCopy begins a copy.
func NewCopy(from Source) *Copy {
	c := &Copy{enc: encoder{Source: from, buf: appendHeader(nil)}}
	c.enc.begin()
	c.znodes = int64(from.Frozen.Len())*znodeExtraBytes + from.Frozen.DataBytes() - rootBytes +
		int64(len(jute.AppendString(nil, endPath)))
	c.size = int64(len(c.enc.buf)) + c.znodes + 3*sealBytes + digestBytes + lastZxidBytes
	return c
}

// Bytes is how many bytes WriteTo will write.
func (c *Copy) Bytes() int64 { return c.size }

// WriteTo writes the copy, once. The tree is locked for a few znodes at a time, and
// never while w is written to.
func (c *Copy) WriteTo(w io.Writer) (int64, error) {
	sum, written := adler.NewHash(), int64(0)
	for more := true; more; {
		more = c.enc.pull(streamNodes)
		_, _ = sum.Write(c.enc.buf) // a hash never fails
		if !more {
			c.enc.buf = c.appendTrailer(c.enc.buf, sum)
		}
		n, err := w.Write(c.enc.buf)
		written += int64(n)
		if err != nil {
			return written, fmt.Errorf("send snapshot %v: %w", c.enc.Frozen.Zxid(), err)
		}
		c.enc.buf = c.enc.buf[:0]
	}
	if written != c.size {
		return written, fmt.Errorf("send snapshot %v: %d bytes were foretold and %d written",
			c.enc.Frozen.Zxid(), c.size, written)
	}
	return written, nil
}

// appendTrailer appends what follows the body, whose checksum is sum.
func (c *Copy) appendTrailer(b []byte, sum *adler.Hash) []byte {
	frozen := c.enc.Frozen
	for _, part := range [][]byte{nil, appendDigest(nil, frozen), appendLast(nil, frozen)} {
		_, _ = sum.Write(part)
		seal := jute.AppendString(jute.AppendLong(nil, int64(sum.Sum32())), endPath)
		_, _ = sum.Write(seal)
		b = append(append(b, part...), seal...)
	}
	return b
}

// ReadCopy loads a snapshot in the form of a file from a stream. The tree contains
// the history that the snapshot says, 0 if it does not. Content that is not a whole
// snapshot is reported as a *vfs.CorruptError of this name.
func ReadCopy(r io.Reader, name string) (*tree.Tree, Info, error) {
	loader := tree.NewLoader()
	s := &source{r: bufio.NewReaderSize(r, readBytes), sum: adler.NewHash()}
	var info Info
	s.header()
	s.body(loader)
	s.seal()
	s.trailer(&info)
	s.end()
	if s.err != nil {
		return nil, info, fmt.Errorf("read snapshot: %w", s.corrupt(name))
	}
	t, err := finish(loader, max(info.LastZxid, info.DigestZxid), name)
	return t, info, err
}

// end refuses what is left.
func (s *source) end() {
	if s.err != nil {
		return
	}
	switch _, err := s.r.Peek(1); {
	case err == nil:
		s.refuse("the end of the snapshot", "more bytes")
	case !errors.Is(err, io.EOF):
		s.err = err
	}
}
