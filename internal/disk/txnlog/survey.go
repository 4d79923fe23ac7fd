package txnlog

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"zoo"
	"zoo/internal/disk/adler"
	"zoo/internal/disk/vfs"
	"zoo/internal/jute"
	"zoo/internal/txn"
)

// A Survey reads one segment for tools, and does not end at the first damage: it
// searches the next whole entry behind it. What it says of a damage is what a
// server would say, because the server's own scanner finds it.
type Survey struct {
	scan *scanner
	head *damage  // of the file's header, not yet told
	last zoo.Zxid // of the last whole entry; what is found behind damage must be newer
}

// Place is a stretch of a segment: a whole entry, or damage.
type Place struct {
	Offset, Size int64
	Entry        txn.Entry
	// Damage is nil where the place is an entry.
	Damage *Damage
}

// Damage tells what is wrong with a place.
type Damage struct {
	Want, Got string
	// Torn means a write that was never synced: a server forgets it and all that
	// follows in the segment. Any other damage stops the server.
	Torn bool
	// Claimed is the zxid in an entry whose frame is whole and whose checksum is
	// wrong; 0 where there is no such thing. It may itself be what is damaged.
	Claimed zoo.Zxid
	// Bytes are those of such an entry.
	Bytes []byte
}

// OpenSurvey begins at the start of a segment.
func OpenSurvey(disk vfs.FS, path string) (*Survey, error) {
	scan, bad, err := openScanner(disk, path)
	if err != nil {
		return nil, err
	}
	return &Survey{scan: scan, head: bad}, nil
}

// Size is the length of the file.
func (s *Survey) Size() int64 { return s.scan.size }

// Close frees the survey.
func (s *Survey) Close() error { return s.scan.close() }

// Next gives the next place, io.EOF when nothing but padding is left.
func (s *Survey) Next() (Place, error) {
	if s.head != nil {
		bad := s.head
		s.head = nil
		size := min(headerBytes, s.scan.size)
		s.scan.moveTo(size)
		return Place{0, size, txn.Entry{}, bad.public()}, nil
	}
	offset := s.scan.offset
	e, bad, err := s.scan.next()
	if err == nil {
		s.last = e.Zxid
		return Place{offset, s.scan.offset - offset, e, nil}, nil
	}
	if !errors.Is(err, io.EOF) {
		return Place{}, err
	}
	if bad == nil {
		return s.behindEnd(offset)
	}
	return s.skip(bad)
}

func (d *damage) public() *Damage { return &Damage{Want: d.want, Got: d.got, Torn: d.torn} }

// behindEnd looks for bytes after the zeros that end a segment. A server does not
// look there.
func (s *Survey) behindEnd(offset int64) (Place, error) {
	at, err := s.firstNonZero(offset)
	if err != nil || at == s.scan.size {
		return Place{}, errors.Join(err, io.EOF)
	}
	// An entry begins with zeros: the upper half of its checksum.
	next, err := s.search(max(offset+1, at-entryHeadBytes+1))
	if err != nil {
		return Place{}, err
	}
	s.scan.moveTo(next)
	got := fmt.Sprintf("other bytes from offset %d on", at)
	bad := &damage{want: "zeros up to the end of the file", got: got, torn: true}
	return Place{offset, next - offset, txn.Entry{}, bad.public()}, nil
}

// skip goes on behind a broken entry.
func (s *Survey) skip(bad *damage) (Place, error) {
	found := bad.public()
	next, whole, err := s.frameEnd(bad.offset)
	if err == nil && whole != nil {
		d := jute.NewTrustedDecoder(whole)
		found.Claimed, found.Bytes = txn.DecodeHeader(&d).Zxid, whole
	}
	if err == nil && whole == nil {
		next, err = s.search(bad.offset + 1)
	}
	if err != nil {
		return Place{}, err
	}
	s.scan.moveTo(next)
	return Place{bad.offset, next - bad.offset, txn.Entry{}, found}, nil
}

// frameEnd is where a broken entry ends, and its bytes, if its length, the byte
// that ends it and what follows it fit together.
func (s *Survey) frameEnd(offset int64) (int64, []byte, error) {
	var head [entryHeadBytes]byte
	if read, err := s.readAt(head[:], offset); err != nil || read < entryHeadBytes {
		return 0, nil, err
	}
	n := int64(int32(binary.BigEndian.Uint32(head[8:])))
	end := offset + n + entryExtraBytes
	if n < txn.HeaderBytes || end > s.scan.size {
		return 0, nil, nil
	}
	whole := make([]byte, n+1)
	if read, err := s.readAt(whole, offset+entryHeadBytes); err != nil || read < len(whole) {
		return 0, nil, err
	}
	if whole[n] != terminator {
		return 0, nil, nil
	}
	read, err := s.readAt(head[:], end)
	if err != nil {
		return 0, nil, err
	}
	follows := allZero(head[:read])
	if !follows && read == entryHeadBytes {
		follows, err = s.entryAt(end, head[:])
	}
	if !follows {
		whole = nil
	}
	return end, whole, err
}

// searchBytes is how much is looked at together.
const searchBytes = 1 << 20

// search finds the first whole entry at or behind from, or the end of the file.
// Its zxid must be beyond the last one: the data of a znode may hold anything,
// even entries.
func (s *Survey) search(from int64) (int64, error) {
	block := make([]byte, min(searchBytes, max(0, s.scan.size-from))+entryHeadBytes)
	for at := from; at < s.scan.size; at += searchBytes {
		n, err := s.readAt(block, at)
		if err != nil {
			return 0, err
		}
		for i := 0; i < searchBytes && i+entryHeadBytes <= n; i++ {
			found, err := s.entryAt(at+int64(i), block[i:i+entryHeadBytes])
			if found || err != nil {
				return at + int64(i), err
			}
		}
	}
	return s.scan.size, nil
}

// entryAt tells whether a whole entry, newer than the last, begins at offset with
// this head.
func (s *Survey) entryAt(offset int64, head []byte) (bool, error) {
	sum, n := binary.BigEndian.Uint64(head), int64(int32(binary.BigEndian.Uint32(head[8:])))
	if sum>>32 != 0 || n < txn.HeaderBytes || offset+n+entryExtraBytes > s.scan.size {
		return false, nil
	}
	var end [1]byte
	if _, err := s.readAt(end[:], offset+entryHeadBytes+n); err != nil || end[0] != terminator {
		return false, err
	}
	body := make([]byte, n)
	if _, err := s.readAt(body, offset+entryHeadBytes); err != nil {
		return false, err
	}
	d := jute.NewTrustedDecoder(body)
	return uint64(adler.Checksum(body)) == sum && txn.DecodeHeader(&d).Zxid > s.last, nil
}

// firstNonZero is the offset of the first byte that is none, or the file's size.
func (s *Survey) firstNonZero(offset int64) (int64, error) {
	block := make([]byte, min(searchBytes, max(1, s.scan.size-offset)))
	for offset < s.scan.size {
		n, err := s.readAt(block, offset)
		if err != nil || n == 0 {
			return s.scan.size, err
		}
		if allZero(block[:n]) {
			offset += int64(n)
			continue
		}
		for i, b := range block[:n] {
			if b != 0 {
				return offset + int64(i), nil
			}
		}
	}
	return s.scan.size, nil
}

// readAt reads up to len(p) bytes; the end of the file is no error.
func (s *Survey) readAt(p []byte, offset int64) (int, error) {
	if offset >= s.scan.size {
		return 0, nil
	}
	n, err := s.scan.file.ReadAt(p, offset)
	if err != nil && !errors.Is(err, io.EOF) {
		return n, fmt.Errorf("read log %s: %w", s.scan.path, err)
	}
	return n, nil
}

// moveTo makes the scanner go on at offset.
func (s *scanner) moveTo(offset int64) { s.offset, s.rest = offset, nil }

// AppendFile appends the beginning of a segment's file.
func AppendFile(b []byte) []byte { return AppendHeader(b) }

// AppendFrame appends an entry as a segment has it.
func AppendFrame(b []byte, e txn.Entry) []byte { return AppendEntry(b, e) }
