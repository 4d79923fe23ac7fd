package txnlog

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"zoo/internal/disk/adler"
	"zoo/internal/txn"
)

// sectorBytes is what a disk writes whole or not at all.
const sectorBytes = 512

// torn decides what a broken entry of n bytes at the scanner's offset means: was
// the power lost before the entry was synced, so that nobody was promised it, or
// did the disk lose what it once held? The first heals by forgetting the entry
// and all after it, the second must stop the server. There are two marks of the
// first:
//
//  1. A sector of it is all zeros. Segments are preallocated, so a sector that
//     was never written reads as zeros, while decay hardly ever looks like that
//     (unless it hits an entry that carries a sector of zeros, too). Sectors of
//     unsynced writes reach the disk in any order: good entries may follow, and
//     were not promised either.
//  2. Its last byte is zero, and so is all that follows. The process died while the
//     system copied what it had handed over, and a part had not come yet.
//
// A sector is written whole or not at all, so an entry that is there to its last byte and has
// another checksum has decayed, even if it is the last one: it may have been promised,
// and a server that stands alone has no other copy of it.
//
// Anything else is corruption: entries were written, and so synced, after it. So it is
// if whole entries lie within this one: its length has decayed, and reaches over them
// into the zeros behind the log.
func (s *scanner) torn(n int64) (bool, error) {
	region, err := s.peek(n)
	if err != nil {
		return false, err
	}
	if holdsEntry(region[entryHeadBytes:]) {
		return false, nil
	}
	if whole, err := s.wholeButForLength(); whole || err != nil {
		return false, err
	}
	if lostSector(region, s.offset) {
		return true, nil
	}
	if region[len(region)-1] != 0 {
		return false, nil
	}
	return s.onlyZeros(s.offset + n)
}

// wholeButForLength tells whether the entry at the scanner's offset is as it was written
// but for one bit of its length.
func (s *scanner) wholeButForLength() (bool, error) {
	head, err := s.peek(entryHeadBytes)
	if err != nil || len(head) < entryHeadBytes {
		return false, err
	}
	sum, length := binary.BigEndian.Uint64(head), binary.BigEndian.Uint32(head[8:])
	for bit := range 31 {
		n := int64(int32(length ^ 1<<bit))
		if n < txn.HeaderBytes || n+entryExtraBytes > s.size-s.offset {
			continue
		}
		p, err := s.peek(n + entryExtraBytes)
		if err != nil {
			return false, err
		}
		end := entryHeadBytes + n
		if end < int64(len(p)) && p[end] == terminator &&
			uint64(adler.Checksum(p[entryHeadBytes:end])) == sum {
			return true, nil
		}
	}
	return false, nil
}

// lostSector tells whether some sector's part of the entry at offset is zeros.
// The first four bytes of an entry are zeros in a whole one too.
func lostSector(entry []byte, offset int64) bool {
	const alwaysZeroBytes = 4
	for at := int64(0); at < int64(len(entry)); {
		end := min(int64(len(entry)), at+sectorBytes-(offset+at)%sectorBytes)
		if end > alwaysZeroBytes && allZero(entry[at:end]) {
			return true
		}
		at = end
	}
	return false
}

// onlyZeros tells whether the file holds nothing else from offset on.
func (s *scanner) onlyZeros(offset int64) (bool, error) {
	p := make([]byte, 64<<10)
	for {
		n, err := s.file.ReadAt(p, offset)
		if !allZero(p[:n]) {
			return false, nil
		}
		if errors.Is(err, io.EOF) {
			return true, nil
		}
		if err != nil {
			return false, fmt.Errorf("read log %s: %w", s.path, err)
		}
		offset += int64(n)
	}
}

// holdsEntry searches p for a whole entry at any place.
func holdsEntry(p []byte) bool {
	for ; len(p) >= entryExtraBytes+txn.HeaderBytes; p = p[1:] {
		sum, n := binary.BigEndian.Uint64(p), int64(int32(binary.BigEndian.Uint32(p[8:])))
		if sum>>32 != 0 || n < txn.HeaderBytes || n+entryExtraBytes > int64(len(p)) {
			continue
		}
		end := entryHeadBytes + n
		if p[end] == terminator && uint64(adler.Checksum(p[entryHeadBytes:end])) == sum {
			return true
		}
	}
	return false
}

func allZero(p []byte) bool {
	for len(p) >= 8 {
		if binary.NativeEndian.Uint64(p) != 0 {
			return false
		}
		p = p[8:]
	}
	for _, b := range p {
		if b != 0 {
			return false
		}
	}
	return true
}
