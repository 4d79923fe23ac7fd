package txnlog_test

import (
	"path/filepath"
	"testing"

	"zoo"
	"zoo/internal/disk/txnlog"
	"zoo/internal/disk/vfs"
	"zoo/internal/txn"
)

// The plot: a log of several segments grows, and may have 16 MiB in the system's memory. Its
// oldest bytes are forgotten, in their order and over the ends of segments, and none of the
// last 16 MiB.
func TestOnlyTheEndOfALogStaysInMemory(t *testing.T) {
	const most, perSegment = 16 << 20, 10
	disk := &forgetful{FS: newDisk(), forgotten: map[string]int64{}}
	w := txnlog.NewWriter(disk, dir, 0, txnlog.Config{ResidentBytes: most})
	written, first := int64(0), int64(0)
	for z := zoo.Zxid(1); z <= 6*perSegment; z++ {
		before := w.SegmentBytes()
		appendSynced(t, w, []txn.Entry{entry(z, 1<<20)})
		written += w.SegmentBytes() - before
		if left := written - disk.bytes; left < min(most, written) || left > most+8<<20 {
			t.Fatalf("%d bytes are written and %d forgotten", written, disk.bytes)
		}
		if z%perSegment == 0 {
			first = max(first, w.SegmentBytes())
			must(t, w.Roll())
		}
	}
	if n := disk.forgotten[filepath.Join(dir, txnlog.Name(1))]; n == 0 || n > first {
		t.Errorf("%d bytes of the first segment's %d are forgotten", n, first)
	}
}

// A segment that was removed is in nobody's way, and those behind it are forgotten in turn.
func TestARemovedSegmentIsPassedOver(t *testing.T) {
	disk := &forgetful{FS: newDisk(), forgotten: map[string]int64{}}
	w := txnlog.NewWriter(disk, dir, 0, txnlog.Config{ResidentBytes: 1})
	for z := zoo.Zxid(1); z <= 9; z++ {
		appendSynced(t, w, []txn.Entry{entry(z, 1<<20)})
		if z%3 == 0 {
			must(t, w.Roll())
		}
	}
	must(t, disk.FS.Remove(filepath.Join(dir, txnlog.Name(4))))
	for z := zoo.Zxid(10); z <= 20; z++ {
		appendSynced(t, w, []txn.Entry{entry(z, 1<<20)})
	}
	if disk.forgotten[filepath.Join(dir, txnlog.Name(7))] == 0 {
		t.Errorf("forgotten are %v", disk.forgotten)
	}
}

// forgetful notes what is to be forgotten of each file.
type forgetful struct {
	vfs.FS
	forgotten map[string]int64
	bytes     int64
}

type forgetfulFile struct {
	vfs.File
	disk *forgetful
	name string
}

// CreateNew makes a file that can be forgotten.
func (d *forgetful) CreateNew(name string) (vfs.File, error) {
	file, err := d.FS.CreateNew(name)
	return forgetfulFile{file, d, name}, err
}

// Open opens a file that can be forgotten.
func (d *forgetful) Open(name string) (vfs.File, error) {
	file, err := d.FS.Open(name)
	return forgetfulFile{file, d, name}, err
}

// EvictRange notes it.
func (f forgetfulFile) EvictRange(from, bytes int64) {
	if f.disk.forgotten[f.name] != from {
		panic("out of order")
	}
	f.disk.forgotten[f.name] += bytes
	f.disk.bytes += bytes
}
