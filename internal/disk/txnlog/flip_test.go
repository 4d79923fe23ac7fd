package txnlog_test

import (
	"errors"
	"io"
	"testing"

	"zoo"
	"zoo/internal/disk/txnlog"
	"zoo/internal/disk/vfs"
)

// Every bit of a log is flipped, one after the other. In a header that says something
// and in all entries but the last it is corruption; in the last entry, which nothing
// follows, it looks like a torn write, and the end of the log says so.
func TestEveryFlippedBitIsSeen(t *testing.T) {
	disk := newDisk()
	w := txnlog.NewWriter(disk, dir, 0, smallConfig)
	appendSynced(t, w, entries(1, 2))
	lastAt := int(w.SegmentBytes())
	appendSynced(t, w, entries(3, 3))
	end := int(w.SegmentBytes())
	file, err := disk.Open("/log/log.1")
	must(t, err)
	whole, err := io.ReadAll(file)
	must(t, err)
	for i := range end * 8 {
		if at := i / 8; at >= 8 && at < 16 {
			continue // the database id says nothing, as in Java
		}
		whole[i/8] ^= 1 << (i % 8)
		changed := newDisk()
		out, err := changed.Create("/log/log.1")
		must(t, err)
		_, err = out.Write(whole)
		must(t, err)
		whole[i/8] ^= 1 << (i % 8)
		got, ends, err := read(changed, zoo.ZxidNone)
		var corrupt *vfs.CorruptError
		torn := len(ends) > 0 && ends[len(ends)-1].Torn
		switch {
		case i/8 >= lastAt && err == nil && torn && len(got) == 2:
		case errors.As(err, &corrupt) && corrupt.Offset <= int64(i/8):
		default:
			t.Fatalf("bit %d of byte %d of %d: %d entries, torn %v, %v",
				i%8, i/8, end, len(got), torn, err)
		}
	}
}
