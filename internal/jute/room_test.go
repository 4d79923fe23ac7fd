package jute

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

// Records of any size never share a byte, nor do they with views of what was there of one that
// has outgrown what it was begun with.
func TestRecordsShareABlockAndNoByte(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var r Room
		var records, copies [][]byte
		for i := range rapid.IntRange(1, 60).Draw(t, "records") {
			size := rapid.IntRange(0, 2*roomSharedMax).Draw(t, "size")
			grown := rapid.IntRange(0, size+size/4).Draw(t, "bytes")
			if rapid.IntRange(0, 4).Draw(t, "refused") == 0 {
				_ = append(r.Begin(size), "is not to be"...)
			}
			view := append(r.Begin(size), bytes.Repeat([]byte{byte(i)}, min(size, grown))...)
			record := r.End(append(view, bytes.Repeat([]byte{byte(i)}, grown-len(view))...))
			if cap(record) != len(record) {
				t.Fatalf("a record of %d bytes may grow to %d", len(record), cap(record))
			}
			records = append(records, view, record)
			copies = append(copies, bytes.Clone(view), bytes.Clone(record))
		}
		for i := range records {
			if !bytes.Equal(records[i], copies[i]) {
				t.Fatalf("record %d has changed", i)
			}
		}
	})
}
