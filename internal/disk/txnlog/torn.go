package txnlog

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/adler32"
	"io"

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
//  2. Only zeros, or the end of the file, follow it. Then it was the last entry
//     ever written, and the last one is where a power loss strikes. If it had
//     been synced before it decayed, this server forgets one entry that it
//     acknowledged; a quorum still has it. Refusing to start after a power loss
//     that hit within a sector would be the worse answer.
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
	if lostSector(region, s.offset) {
		return true, nil
	}
	return s.onlyZeros(s.offset + n)
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
		if p[end] == terminator && uint64(adler32.Checksum(p[entryHeadBytes:end])) == sum {
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
