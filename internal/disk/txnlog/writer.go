package txnlog

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"

	"zoo"
	"zoo/internal/disk/vfs"
	"zoo/internal/txn"
)

// preallocateBytesDefault is ZooKeeper's preAllocSize.
const preallocateBytesDefault = 64 << 20

const (
	// writeBytes are written at once, and the entry that reaches beyond them: so much stays
	// in the processor's cache from the encoding to the write.
	writeBytes = 256 << 10
	// blockBytes is what file systems read and write at once; none that is common has more.
	blockBytes = 4 << 10
	// bufferBytesKept bounds the memory that one large entry leaves behind.
	bufferBytesKept = 4 << 20
)

// ErrClosed is what a closed Writer says.
var ErrClosed = errors.New("log is closed")

// ErrOrder means an entry that does not follow the one before it.
var ErrOrder = errors.New("entry out of order")

// Config has useful zero values.
type Config struct {
	// PreallocateBytes is the step by which segments grow ahead of their
	// content; 0 means 64 MiB.
	PreallocateBytes int64
	// Spares has segments ready that were prepared; nil makes each when it is needed.
	Spares *Spares
	// ResidentBytes of the end of the log are left in the system's memory; 0 means 256 MiB.
	ResidentBytes int64
}

// Writer appends to a log. The first append of its life, and the first after
// Roll, opens a new segment. Any error of the disk is kept: all later calls fail
// with it, because after a failed write or sync nobody knows what the disk holds,
// and an acknowledgement built on a guess is how ZOOKEEPER-4882 loses data.
type Writer struct {
	disk   vfs.FS
	dir    string
	step   int64
	spares *Spares
	// resident is what the system keeps of the log.
	resident resident

	file      vfs.File // nil between segments
	path      string
	offset    int64
	allocated int64
	named     bool // the segment's directory entry is durable
	prepared  bool // the segment was a spare
	dirty     bool // something was written since the last sync

	last   zoo.Zxid
	synced zoo.Zxid
	buf    []byte
	err    error
}

// NewWriter continues the log in dir, whose last entry (or the snapshot that it
// continues) is last. The log must be free of torn tails: see Repair.
func NewWriter(disk vfs.FS, dir string, last zoo.Zxid, cfg Config) *Writer {
	return &Writer{disk: disk, dir: dir, step: stepOrDefault(cfg.PreallocateBytes),
		spares: cfg.Spares, last: last, synced: last,
		resident: resident{disk: disk, bytesMax: cmp.Or(cfg.ResidentBytes, residentBytesDefault)}}
}

// Last is the zxid of the last entry appended.
func (w *Writer) Last() zoo.Zxid { return w.last }

// Synced is the zxid up to which all entries are durable.
func (w *Writer) Synced() zoo.Zxid { return w.synced }

// Unsynced tells whether something was written that may not be durable. After an error it
// stays so.
func (w *Writer) Unsynced() bool { return w.dirty }

// SegmentBytes is how much of the current segment is used.
func (w *Writer) SegmentBytes() int64 { return w.offset }

// Append writes the entries with as few calls as is good. They are durable after Sync,
// not before. Entries that do not follow are refused without a trace.
func (w *Writer) Append(entries []txn.Entry) error {
	if w.err != nil || len(entries) == 0 {
		return w.err
	}
	if err := w.checkOrder(entries); err != nil {
		return err
	}
	if err := w.write(entries); err != nil {
		return w.fail("append to", err)
	}
	w.last = entries[len(entries)-1].Zxid
	return nil
}

func (w *Writer) checkOrder(entries []txn.Entry) error {
	prev := w.last
	for _, e := range entries {
		if !e.Zxid.Follows(prev) {
			return fmt.Errorf("append %v after %v: %w", e.Zxid, prev, ErrOrder)
		}
		if len(e.Bytes) < txn.HeaderBytes {
			return fmt.Errorf("append %v of %d bytes: %w", e.Zxid, len(e.Bytes), ErrOrder)
		}
		prev = e.Zxid
	}
	return nil
}

func (w *Writer) write(entries []txn.Entry) error {
	w.buf = w.buf[:0]
	if w.file == nil {
		if err := w.open(entries[0].Zxid); err != nil {
			return err
		}
		w.buf = AppendHeader(w.buf)
	}
	for _, e := range entries {
		w.buf = AppendEntry(w.buf, e)
		if len(w.buf) < writeBytes {
			continue
		}
		if err := w.flush(); err != nil {
			return err
		}
	}
	if len(w.buf) == 0 {
		return nil
	}
	return w.flush()
}

// open makes a new segment. Its name must be new: an older file of this name
// would hold entries that recovery has already counted, or cut.
func (w *Writer) open(first zoo.Zxid) error {
	w.path = filepath.Join(w.dir, Name(first))
	file, allocated := w.spares.take(w.path)
	if file == nil {
		var err error
		if file, err = w.disk.CreateNew(w.path); err != nil {
			return err
		}
	}
	w.file, w.offset, w.allocated, w.named = file, 0, allocated, false
	w.prepared = allocated > 0
	return nil
}

func (w *Writer) flush() error {
	end := w.offset + int64(len(w.buf))
	if end > w.allocated {
		if err := w.allocate(end); err != nil {
			return err
		}
	}
	w.fillBlock(end)
	w.dirty = true
	if _, err := w.file.WriteAt(w.buf, w.offset); err != nil {
		return err
	}
	w.offset = end
	if w.buf = w.buf[:0]; cap(w.buf) > bufferBytesKept {
		w.buf = nil
	}
	return nil
}

// fillBlock adds zeros to what is to be written, up to the end of the last block, where those
// that the spare has there are not in memory any more (Spare.Fill): to write a part of such a
// block the system would have to read it first.
func (w *Writer) fillBlock(end int64) {
	if rest := -end & (blockBytes - 1); w.prepared && end+rest <= w.allocated {
		w.buf = append(w.buf, make([]byte, rest)...)
	}
}

// allocate makes the segment reach to end, and a step beyond. On a disk with too little
// room for that it makes do with less: only what has to be written may fail.
func (w *Writer) allocate(end int64) error {
	size := (end + w.step - 1) / w.step * w.step
	err := w.file.Preallocate(size)
	for vfs.IsNoSpace(err) && size > end {
		size = end + (size-end)/2
		err = w.file.Preallocate(size)
	}
	if err == nil {
		w.allocated = size
	}
	return err
}

// Sync makes all that was appended durable, and the name of its segment too: a
// segment that exists only in a dirty directory block disappears with the power,
// and with it an acknowledgement we already gave.
func (w *Writer) Sync() error {
	if w.err != nil || !w.dirty {
		return w.err
	}
	if err := w.file.Sync(); err != nil {
		return w.fail("sync", err)
	}
	if !w.named {
		if err := w.disk.SyncDir(w.dir); err != nil {
			return w.fail("sync directory of", err)
		}
		w.named = true
	}
	w.dirty = false
	w.synced = w.last
	w.resident.synced(w.file, w.path, w.offset)
	return nil
}

// Roll ends the segment, durably; the next append opens a new one. A segment
// must be durable before a newer one exists, so that only the newest of a log
// can have a torn tail.
func (w *Writer) Roll() error {
	if err := w.Sync(); err != nil || w.file == nil {
		return err
	}
	file := w.file
	w.spares.ended(w.offset)
	w.file, w.offset = nil, 0
	if err := file.Close(); err != nil {
		return w.fail("close", err)
	}
	return nil
}

// Close syncs and ends the log.
func (w *Writer) Close() error {
	err := w.Roll()
	if w.file != nil {
		err = errors.Join(err, w.file.Close())
		w.file = nil
	}
	if w.err == nil {
		w.err = ErrClosed
	}
	return err
}

// Abandon ends a log that has failed without another sync.
func (w *Writer) Abandon() error {
	if w.err == nil {
		w.err = ErrClosed
	}
	if w.file == nil {
		return nil
	}
	file := w.file
	w.file = nil
	return file.Close()
}

func (w *Writer) fail(what string, err error) error {
	w.err = fmt.Errorf("%s log %s: %w", what, w.path, err)
	return w.err
}
