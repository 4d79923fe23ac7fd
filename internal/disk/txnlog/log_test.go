package txnlog_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"testing"

	"zoo"
	"zoo/internal/disk/txnlog"
	"zoo/internal/disk/vfs"
	"zoo/internal/disk/vfs/vfstest"
	"zoo/internal/txn"
	"zoo/internal/wire"
)

const dir = "/log"

// smallConfig preallocates so little that tests cross its steps.
var smallConfig = txnlog.Config{PreallocateBytes: 4096}

func newDisk() *vfs.Mem {
	disk := vfs.NewMem()
	disk.MkdirAll(dir)
	return disk
}

// entry makes a transaction whose record is size bytes of noise.
func entry(z zoo.Zxid, size int) txn.Entry {
	h := txn.Header{Session: 7, Cxid: 1, Zxid: z, Time: 2, Type: wire.OpSetData}
	b := h.AppendTo(nil)
	x := uint32(z)*2654435761 + 1
	for range size {
		x = x*1664525 + 1013904223
		b = append(b, byte(x>>24)|1)
	}
	return txn.Entry{Zxid: z, Bytes: b}
}

func entries(from, to zoo.Zxid) []txn.Entry {
	var list []txn.Entry
	for z := from; z <= to; z++ {
		list = append(list, entry(z, 40))
	}
	return list
}

type fataler = vfstest.Fataler

var must = vfstest.Must

func appendSynced(t fataler, w *txnlog.Writer, list []txn.Entry) {
	t.Helper()
	must(t, w.Append(list))
	must(t, w.Sync())
}

// read gives all entries after a zxid and how the segments end.
func read(disk vfs.FS, after zoo.Zxid) ([]txn.Entry, []txnlog.End, error) {
	r, err := txnlog.NewReader(disk, dir, after)
	if err != nil {
		return nil, nil, err
	}
	defer r.Close()
	var list []txn.Entry
	for {
		e, err := r.Next()
		if errors.Is(err, io.EOF) {
			return list, r.Ends(), nil
		}
		if err != nil {
			return list, nil, err
		}
		list = append(list, e)
	}
}

func expectLog(t fataler, disk vfs.FS, after zoo.Zxid, want []txn.Entry) {
	t.Helper()
	got, _, err := read(disk, after)
	must(t, err)
	if msg := difference(got, want); msg != "" {
		t.Fatal(msg)
	}
}

func difference(got, want []txn.Entry) string {
	for i := range want {
		if i >= len(got) {
			return fmt.Sprintf("%d entries, missing %v", len(got), want[i].Zxid)
		}
		if got[i].Zxid != want[i].Zxid || !bytes.Equal(got[i].Bytes, want[i].Bytes) {
			return fmt.Sprintf("entry %d is %v, want %v", i, got[i].Zxid, want[i].Zxid)
		}
	}
	if len(got) > len(want) {
		return fmt.Sprintf("%d entries, want %d", len(got), len(want))
	}
	return ""
}

// edit changes the bytes of a segment in place.
func edit(t fataler, disk vfs.FS, first zoo.Zxid, offset int64, p []byte) {
	t.Helper()
	f, err := disk.OpenWrite(filepath.Join(dir, txnlog.Name(first)))
	must(t, err)
	_, err = f.WriteAt(p, offset)
	must(t, err)
	must(t, f.Sync())
	must(t, f.Close())
}

func TestEntriesAreReadBackOverAllSegments(t *testing.T) {
	disk := newDisk()
	w := txnlog.NewWriter(disk, dir, 0, smallConfig)
	appendSynced(t, w, entries(0x100000001, 0x100000005))
	must(t, w.Roll())
	large := []txn.Entry{entry(0x200000001, 3<<20), entry(0x200000002, 0)}
	appendSynced(t, w, large)
	appendSynced(t, w, entries(0x200000003, 0x200000004))
	must(t, w.Close())
	w = txnlog.NewWriter(disk, dir, 0x200000004, smallConfig)
	appendSynced(t, w, entries(0x200000005, 0x200000006))

	all := entries(0x100000001, 0x100000005)
	all = append(append(all, large...), entries(0x200000003, 0x200000006)...)
	expectLog(t, disk, 0, all)
	expectLog(t, disk, zoo.ZxidNone, all)
	expectLog(t, disk, 0x100000003, all[3:])
	expectLog(t, disk, 0x200000004, all[9:])
	expectLog(t, disk, 0x200000006, nil)
	expectLog(t, disk, 0x200000009, nil)
	segments, err := txnlog.Segments(disk, dir)
	if err != nil || len(segments) != 3 || segments[2].First != 0x200000005 {
		t.Fatalf("segments %v, %v", segments, err)
	}
}

func TestTheBytesOnDiskAreZooKeepers(t *testing.T) {
	disk := newDisk()
	w := txnlog.NewWriter(disk, dir, 0, smallConfig)
	e := txn.NewEntry(txn.Header{Session: 0x1234, Cxid: 3, Zxid: 0x100000001, Time: 9,
		Type: wire.OpDelete}, &txn.DeleteTxn{Path: "/a"}, nil)
	appendSynced(t, w, []txn.Entry{e})
	f, err := disk.Open("/log/log.100000001")
	must(t, err)
	got, err := io.ReadAll(f)
	must(t, err)
	want := "ZKLG\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00" +
		"\x00\x00\x00\x00\x0a\x63\x00\xe9" + "\x00\x00\x00\x26" +
		"\x00\x00\x00\x00\x00\x00\x12\x34\x00\x00\x00\x03\x00\x00\x00\x01\x00\x00\x00\x01" +
		"\x00\x00\x00\x00\x00\x00\x00\x09\x00\x00\x00\x02" + "\x00\x00\x00\x02/aB"
	if len(got) != 4096 || !bytes.HasPrefix(got, []byte(want)) {
		t.Fatalf("%d bytes: %q", len(got), got[:len(want)])
	}
}

func TestTheWriterRefusesGapsAndStepsBack(t *testing.T) {
	for _, c := range []struct {
		last, next zoo.Zxid
		allowed    bool
	}{
		{0, 0x100000001, true}, {0, 1, true}, {0x100000001, 0x100000002, true},
		{0x100000001, 0x300000001, true}, {0x100000000, 0x100000001, true},
		{0x100000002, 0x100000002, false}, {0x100000002, 0x100000001, false},
		{0x100000002, 0x100000004, false}, {0x200000001, 0x100000002, false},
		{0x100000002, 0x200000002, false}, {0x100000002, 0x200000000, false},
		{0x1ffffffff, 0x200000000, false}, {0x1ffffffff, 0x200000001, true},
	} {
		w := txnlog.NewWriter(newDisk(), dir, c.last, smallConfig)
		err := w.Append([]txn.Entry{entry(c.next, 4)})
		if (err == nil) != c.allowed || err != nil && !errors.Is(err, txnlog.ErrOrder) {
			t.Errorf("%v after %v: %v", c.next, c.last, err)
		}
	}
}

func TestAReaderRefusesAGap(t *testing.T) {
	disk := newDisk()
	appendSynced(t, txnlog.NewWriter(disk, dir, 0, smallConfig), entries(1, 5))
	appendSynced(t, txnlog.NewWriter(disk, dir, 6, smallConfig), entries(7, 9))
	got, _, err := read(disk, 0)
	var corrupt *vfs.CorruptError
	if !errors.As(err, &corrupt) || corrupt.File != "/log/log.7" || corrupt.Offset != 16 {
		t.Fatalf("got %d entries and %v", len(got), err)
	}
	expectLog(t, disk, 6, entries(7, 9)) // a snapshot that covers the gap mends it
}

func TestAnyErrorOfTheDiskStaysForEver(t *testing.T) {
	full := errors.New("disk full")
	for _, kind := range []vfs.OpKind{
		vfs.OpCreate, vfs.OpPreallocate, vfs.OpWrite, vfs.OpSync, vfs.OpSyncDir,
	} {
		failing := true
		disk := vfs.NewFaulty(newDisk(), func(_ int, op vfs.Op) error {
			if failing && op.Kind == kind {
				return full
			}
			return nil
		})
		w := txnlog.NewWriter(disk, dir, 0, smallConfig)
		err := w.Append(entries(1, 1))
		if err == nil {
			err = w.Sync()
		}
		failing = false
		later := []error{w.Append(entries(2, 2)), w.Sync(), w.Roll()}
		for _, err := range append(later, err) {
			if !errors.Is(err, full) {
				t.Errorf("after a failed %s: %v", kind, err)
			}
		}
		if w.Synced() != 0 {
			t.Errorf("after a failed %s, %v counts as synced", kind, w.Synced())
		}
	}
}

func TestATornTailHealsAndNeverComesBack(t *testing.T) {
	disk := newDisk()
	w := txnlog.NewWriter(disk, dir, 0, smallConfig)
	appendSynced(t, w, entries(1, 3))
	must(t, w.Append([]txn.Entry{entry(4, 2000), entry(5, 10), entry(6, 10)}))
	must(t, w.Sync())
	edit(t, disk, 1, 1024, make([]byte, 512)) // a sector of entry 4 was never written

	got, ends, err := read(disk, 0)
	must(t, err)
	if msg := difference(got, entries(1, 3)); msg != "" || !ends[0].Torn {
		t.Fatal(msg, ends)
	}
	must(t, txnlog.Repair(disk, dir, ends))
	w = txnlog.NewWriter(disk, dir, 3, smallConfig)
	appendSynced(t, w, entries(4, 4))
	expectLog(t, disk, 0, entries(1, 4))
	info, err := disk.Stat("/log/log.1")
	if err != nil || info.Size != 16+3*(13+72) {
		t.Fatalf("the old segment has %d bytes, %v", info.Size, err)
	}
}

func TestDamageIsToldApartFromATornTail(t *testing.T) {
	const entryBytes = 13 + 32 + 40
	at := func(n int64) int64 { return 16 + (n-1)*entryBytes } // where entry n starts
	for _, c := range []struct {
		name   string
		offset int64
		bytes  []byte
		healed zoo.Zxid // the last entry left; 0 means corruption
	}{
		{"a flipped byte in the middle", at(3) + 50, []byte{0}, 0},
		{"a flipped byte in the last entry", at(9) + 50, []byte{0}, 0},
		{"a broken checksum in the middle", at(4) + 5, []byte{0x55}, 0},
		{"a lost terminator in the middle", at(5) - 1, []byte{'C'}, 0},
		{"a lost terminator at the end", at(10) - 1, []byte{0}, 8},
		{"a negative length in the middle", at(3) + 8, []byte{0xff}, 0},
		{"a huge length in the middle", at(3) + 8, []byte{0x10}, 0},
		{"a huge length in the last entry", at(9) + 8, []byte{0x10}, 0},
		{"half of the last entry", at(9) + 40, make([]byte, 45), 8},
		{"a sector lost from the middle", 512, make([]byte, 512), 5},
		{"zeros from an entry on", at(7), make([]byte, 3*entryBytes), 6},
		{"a wrong magic", 0, []byte("ZKSN"), 0},
		{"a lost header", 0, make([]byte, 512), -1},
	} {
		t.Run(c.name, func(t *testing.T) { checkHealed(t, c.offset, c.bytes, c.healed) })
	}
}

// checkHealed overwrites a part of a log of nine entries, and wants it healed up
// to an entry, or refused.
func checkHealed(t *testing.T, offset int64, p []byte, healed zoo.Zxid) {
	disk := newDisk()
	appendSynced(t, txnlog.NewWriter(disk, dir, 0, smallConfig), entries(1, 9))
	edit(t, disk, 1, offset, p)
	got, ends, err := read(disk, 0)
	var corrupt *vfs.CorruptError
	if healed == 0 {
		if !errors.As(err, &corrupt) {
			t.Fatalf("read %d entries, %v", len(got), err)
		}
		return
	}
	must(t, err)
	if msg := difference(got, entries(1, healed)); msg != "" {
		t.Fatal(msg)
	}
	must(t, txnlog.Repair(disk, dir, ends))
	expectLog(t, disk, 0, got)
}

func TestATornOldSegmentIsAcceptedOnlyIfTheNextContinuesIt(t *testing.T) {
	for _, next := range []zoo.Zxid{3, 4} {
		disk := newDisk()
		appendSynced(t, txnlog.NewWriter(disk, dir, 0, smallConfig), entries(1, 3))
		edit(t, disk, 1, 16+2*85+20, make([]byte, 100)) // Java leaves this to the reader
		appendSynced(t, txnlog.NewWriter(disk, dir, next-1, smallConfig), entries(next, 6))
		_, _, err := read(disk, 0)
		var corrupt *vfs.CorruptError
		if errors.As(err, &corrupt) == (next == 3) {
			t.Errorf("continued with %v: %v", next, err)
		}
	}
}

func TestTruncateCutsAtEveryEntry(t *testing.T) {
	for cut := zoo.Zxid(1); cut <= 9; cut++ {
		disk := newDisk()
		w := txnlog.NewWriter(disk, dir, 0, smallConfig)
		for z := zoo.Zxid(1); z <= 9; z += 3 {
			appendSynced(t, w, entries(z, z+2))
			must(t, w.Roll())
		}
		must(t, txnlog.Truncate(disk, dir, cut))
		must(t, txnlog.Truncate(disk, dir, cut))
		expectLog(t, disk.CrashLosingAll(), 0, entries(1, cut))
		appendSynced(t, txnlog.NewWriter(disk, dir, cut, smallConfig), entries(cut+1, cut+2))
		expectLog(t, disk, 0, entries(1, cut+2))
	}
}

func TestTruncateBeforeTheFirstEntryLeavesNothing(t *testing.T) {
	disk := newDisk()
	appendSynced(t, txnlog.NewWriter(disk, dir, 4, smallConfig), entries(5, 9))
	must(t, txnlog.Truncate(disk, dir, 4))
	if names, err := disk.List(dir); err != nil || len(names) > 0 {
		t.Fatalf("left %v, %v", names, err)
	}
}
