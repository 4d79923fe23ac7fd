package prep

import (
	"bytes"
	"fmt"
	"math"
	"testing"

	"pgregory.net/rapid"
)

// Entries of any size never share a byte, nor do they with views of what was there of one that
// has outgrown what it was begun with.
func TestEntriesShareABlockAndNoByte(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var r room
		var entries, copies [][]byte
		for i := range rapid.IntRange(1, 60).Draw(t, "entries") {
			size := rapid.IntRange(0, 2*sharedBytesMax).Draw(t, "size")
			grown := rapid.IntRange(0, size+size/4).Draw(t, "bytes")
			if rapid.IntRange(0, 4).Draw(t, "refused") == 0 {
				_ = append(r.begin(size), "is not to be"...)
			}
			view := append(r.begin(size), bytes.Repeat([]byte{byte(i)}, min(size, grown))...)
			entry := r.end(append(view, bytes.Repeat([]byte{byte(i)}, grown-len(view))...))
			if cap(entry) != len(entry) {
				t.Fatalf("an entry of %d bytes may grow to %d", len(entry), cap(entry))
			}
			entries = append(entries, view, entry)
			copies = append(copies, bytes.Clone(view), bytes.Clone(entry))
		}
		for i := range entries {
			if !bytes.Equal(entries[i], copies[i]) {
				t.Fatalf("entry %d has changed", i)
			}
		}
	})
}

func TestSequenceNumbersAreWrittenAsJavaWritesThem(t *testing.T) {
	check := func(n int32) {
		if got, want := numbered("/a-", n), fmt.Sprintf("/a-%010d", n); got != want {
			t.Fatalf("%q, want %q", got, want)
		}
	}
	for _, n := range []int32{0, 9, 10, 999_999_999, 1_000_000_000, math.MaxInt32, -1, -9,
		-999_999_999, -1_000_000_000, math.MinInt32} {
		check(n)
	}
	rapid.Check(t, func(t *rapid.T) { check(rapid.Int32().Draw(t, "number")) })
}
