package txnlog_test

import (
	"errors"
	"io"
	"testing"

	"zoo"
	"zoo/internal/disk/txnlog"
	"zoo/internal/disk/vfs"
)

// Every bit of a log is flipped, one after the other. Wherever it says something, the last
// entry included, that is corruption and no torn write: what was promised is not cut off.
func TestEveryFlippedBitIsSeen(t *testing.T) {
	disk := newDisk()
	w := txnlog.NewWriter(disk, dir, 0, smallConfig)
	appendSynced(t, w, entries(1, 2))
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
		got, _, err := read(changed, zoo.ZxidNone)
		var corrupt *vfs.CorruptError
		if !errors.As(err, &corrupt) || corrupt.Offset > int64(i/8) {
			t.Fatalf("bit %d of byte %d of %d: %d entries, %v", i%8, i/8, end, len(got), err)
		}
	}
}
