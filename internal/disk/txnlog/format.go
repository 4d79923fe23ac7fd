package txnlog

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"zoo"
	"zoo/internal/disk/adler"
	"zoo/internal/disk/vfs"
	"zoo/internal/txn"
)

// A log is a directory of segments, each named log.<first zxid in hex>. All
// integers are big-endian.
//
//	segment   offset  size
//	header         0     4  magic "ZKLG"
//	               4     4  version, 2
//	               8     8  database id, 0
//	entries       16        back to back
//	padding                 zeros, from preallocation; may be missing
//
//	entry     offset  size
//	               0     8  Adler-32 of the n bytes (the upper four are 0)
//	               8     4  n, at least 32
//	              12     n  transaction header, record, optional digest
//	            12+n     1  'B'
//
// A length of zero is padding and ends the segment, as does the end of the file.
const (
	namePrefix = "log."
	magic      = 0x5a4b4c47
	version    = 2

	headerBytes     = 16
	entryHeadBytes  = 12
	entryExtraBytes = entryHeadBytes + 1
	terminator      = 'B'
)

// Name is the file name of the segment whose first entry is first.
func Name(first zoo.Zxid) string { return fmt.Sprintf("%s%x", namePrefix, uint64(first)) }

// ParseName gives the first zxid of a segment from its file name.
func ParseName(name string) (zoo.Zxid, bool) {
	digits, ok := strings.CutPrefix(name, namePrefix)
	if !ok {
		return 0, false
	}
	z, err := strconv.ParseUint(digits, 16, 64)
	return zoo.Zxid(z), err == nil
}

// Segment is one file of a log.
type Segment struct {
	Path  string
	First zoo.Zxid
}

// Segments lists the files of the log in dir, oldest first.
func Segments(disk vfs.FS, dir string) ([]Segment, error) {
	names, err := disk.List(dir)
	if err != nil {
		return nil, fmt.Errorf("list log %s: %w", dir, err)
	}
	var segments []Segment
	for _, name := range names {
		if first, ok := ParseName(name); ok {
			segments = append(segments, Segment{filepath.Join(dir, name), first})
		}
	}
	slices.SortFunc(segments, func(a, b Segment) int {
		return cmp.Compare(a.First, b.First)
	})
	return segments, nil
}

// AppendHeader appends the header of a segment.
func AppendHeader(b []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, magic)
	b = binary.BigEndian.AppendUint32(b, version)
	return binary.BigEndian.AppendUint64(b, 0)
}

// AppendEntry appends an entry as it stands in a segment.
func AppendEntry(b []byte, e txn.Entry) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(adler.Checksum(e.Bytes)))
	b = binary.BigEndian.AppendUint32(b, uint32(len(e.Bytes)))
	b = append(b, e.Bytes...)
	return append(b, terminator)
}
