package snapshot

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"sync"

	"zoo"
	"zoo/internal/core/tree"
	"zoo/internal/disk/adler"
	"zoo/internal/disk/vfs"
	"zoo/internal/jute"
)

// Writer writes one snapshot file in steps: first under an unfinished name, until
// it is complete, durable and read back; then Publish gives it its name.
type Writer struct {
	format Format
	disk   vfs.FS
	dir    string
	name   string // while unfinished
	zxid   zoo.Zxid
	enc    encoder

	file  vfs.File       // nil before the first step and after the last
	out   io.WriteCloser // compresses into the file
	sum   *adler.Hash    // of what went into out
	plain int64          // size of what went into out
	size  int64          // of the file
	done  bool
	err   error

	unsynced int64 // what the disk was not told to keep yet
	back     *readBack
}

// syncBytes is how much is written between two syncs. A sync of the log waits for what
// the disk has queued before it: it must never find the better part of a snapshot there.
const syncBytes = 2 << 20

// readBack is the reading of what was written.
type readBack struct {
	size int64
	from io.Reader // decompresses it
	sum  *adler.Hash
	n    int64
	buf  []byte
}

// Source is a tree at one point in time. The lock must keep Apply out; it is held
// only while znodes are copied, never over I/O.
type Source struct {
	Frozen *tree.Frozen
	Lock   sync.Locker
}

// NewWriter begins a snapshot in this format; name is what the file is called before it
// is published, such as UnfinishedName.
func (f Format) NewWriter(disk vfs.FS, dir, name string, from Source) *Writer {
	return &Writer{
		format: f, disk: disk, dir: dir, name: name, zxid: from.Frozen.Zxid(),
		sum: adler.NewHash(), enc: encoder{Source: from},
	}
}

// Zxid is the history that the snapshot contains.
func (w *Writer) Zxid() zoo.Zxid { return w.zxid }

// Name is what the file is called once it is published.
func (w *Writer) Name() string { return w.format.Name(w.zxid) }

// Bytes is the size of what was written so far.
func (w *Writer) Bytes() int64 { return w.size }

// readShare is what a byte that is read back counts of one that is written, in tenths: to
// write one costs encoding, compression, and a sync that the log's may have to wait for.
const readShare = 4

// Moved is how many bytes were written so far, before compression, and a share of what was
// read back: it is the measure of what it costs others.
func (w *Writer) Moved() int64 {
	if w.back == nil {
		return w.plain
	}
	return w.plain + w.back.n*readShare/10
}

// Waiting is how much memory changed znodes take that are yet to be written.
func (w *Writer) Waiting() int64 { return w.enc.waiting }

// Step writes up to limit more znodes; behind the last one it ends and syncs the file,
// and from then on reads it back, a part in each step. After an error the snapshot is
// lost; Abort cleans up.
func (w *Writer) Step(limit int) (done bool, err error) {
	if w.err != nil || w.done {
		return w.done, w.err
	}
	if w.done, w.err = w.step(limit); w.err != nil {
		w.err = fmt.Errorf("write snapshot %v: %w", w.zxid, w.err)
	}
	return w.done, w.err
}

func (w *Writer) step(limit int) (done bool, err error) {
	if w.file == nil {
		if w.file, err = w.disk.Create(w.unfinished()); err != nil {
			return false, err
		}
		w.out = w.format.Compression.writer(counted{w})
		w.enc.buf = appendHeader(w.enc.buf)
		w.enc.begin()
	}
	if w.back != nil {
		return w.readOn()
	}
	more := w.enc.pull(limit)
	if more {
		if len(w.enc.buf) >= flushBytes {
			err = w.flush()
		}
		return false, err
	}
	return false, w.finish()
}

// complete tells whether every znode of the tree was shown once and as it was at the
// freeze, and no other: a lost one, one that came twice and one of a later moment change
// the count or the sum of the digests. It believes what the tree holds as the digest of a
// znode, which reading the file computes from the bytes, and it says nothing of the file:
// that is for the read-back, which says nothing of the tree.
func (w *Writer) complete() error {
	e, f := &w.enc, w.enc.Frozen
	if e.count == f.Len() && e.digest == f.Digest() {
		return nil
	}
	return fmt.Errorf("%d znodes with digest %#x were written, the tree has %d with %#x",
		e.count, e.digest, f.Len(), f.Digest())
}

// flush writes what was pulled.
func (w *Writer) flush() error {
	w.sum.Write(w.enc.buf)
	err := w.write(w.enc.buf)
	w.enc.buf = w.enc.buf[:0]
	return err
}

// write writes what the checksum already covers.
func (w *Writer) write(p []byte) error {
	w.plain += int64(len(p))
	_, err := w.out.Write(p)
	return err
}

// counted counts what reaches the file.
type counted struct{ *Writer }

func (c counted) Write(p []byte) (int, error) {
	n, err := c.file.Write(p)
	c.size += int64(n)
	c.unsynced += int64(n)
	if err == nil && c.unsynced >= syncBytes {
		err = c.sync()
	}
	return n, err
}

func (w *Writer) sync() error {
	w.unsynced = 0
	return w.file.Sync()
}

// finish writes the end.
func (w *Writer) finish() error {
	if err := w.complete(); err != nil {
		return err
	}
	if err := w.flush(); err != nil {
		return err
	}
	err := w.write(w.trailer())
	if err == nil {
		err = w.out.Close()
	}
	if err == nil {
		err = w.sync()
	}
	w.out, w.enc.buf = nil, nil
	if err != nil {
		return err
	}
	return w.beginReadBack()
}

// trailer is what follows the body: its seal, and the parts that are asked for.
func (w *Writer) trailer() []byte {
	b := w.seal(nil, nil)
	if w.format.DigestOmitted {
		return b
	}
	b = w.seal(b, appendDigest(nil, w.enc.Frozen))
	if w.format.LastZxidOmitted {
		return b
	}
	return w.seal(b, appendLast(nil, w.enc.Frozen))
}

// seal appends a part of the file to b, and the checksum of all up to its end.
func (w *Writer) seal(b, part []byte) []byte {
	w.sum.Write(part)
	seal := jute.AppendString(jute.AppendLong(nil, int64(w.sum.Sum32())), endPath)
	w.sum.Write(seal)
	return append(append(b, part...), seal...)
}

// beginReadBack begins to read the file, as whoever needs it will: from the disk, not
// from the memory of the system, where it lets us choose.
func (w *Writer) beginReadBack() error {
	size, err := w.file.Size()
	if err != nil {
		return err
	}
	vfs.Evict(w.file)
	vfs.ReadAsAsked(w.file)
	from := io.NewSectionReader(w.file, 0, size)
	plain, err := w.format.Compression.reader(from, w.unfinished())
	if err != nil {
		return err
	}
	w.back = &readBack{
		size: size, from: plain, sum: adler.NewHash(),
		buf: make([]byte, flushBytes),
	}
	return nil
}

// readOn reads a part of the file back; at its end the file is closed.
func (w *Writer) readOn() (done bool, err error) {
	b := w.back
	n, err := b.from.Read(b.buf)
	b.sum.Write(b.buf[:n])
	b.n += int64(n)
	switch {
	case err == nil:
		return false, nil
	case !errors.Is(err, io.EOF):
		return false, err
	}
	file := w.file
	w.file, b.buf = nil, nil
	return true, errors.Join(w.compare(), file.Close())
}

// compare tells whether what was read back is what was written.
func (w *Writer) compare() error {
	b := w.back
	if b.size == w.size && b.n == w.plain && b.sum.Sum32() == w.sum.Sum32() {
		return nil
	}
	return &vfs.CorruptError{
		File: w.unfinished(), Offset: -1, Advice: "check the disk",
		Want: fmt.Sprintf("%d bytes with checksum %#x, as written", w.plain, w.sum.Sum32()),
		Got:  fmt.Sprintf("%d bytes with checksum %#x", b.n, b.sum.Sum32()),
	}
}

// Publish gives the finished file its name, durably.
func (w *Writer) Publish() error {
	if !w.done || w.err != nil {
		return errors.Join(fmt.Errorf("publish snapshot %v before its end", w.zxid), w.err)
	}
	err := w.disk.Rename(w.unfinished(), filepath.Join(w.dir, w.Name()))
	if err == nil {
		err = w.disk.SyncDir(w.dir)
	}
	if err != nil {
		w.err = fmt.Errorf("publish snapshot %v: %w", w.zxid, err)
	}
	return w.err
}

// Abort removes an unfinished file, as far as the disk still lets it: what it
// leaves behind is removed by the next start.
func (w *Writer) Abort() error {
	if w.file != nil {
		w.file.Close()
		w.file = nil
	}
	if w.err == nil {
		w.err = fmt.Errorf("snapshot %v was abandoned", w.zxid)
	}
	if err := w.disk.Remove(w.unfinished()); err != nil {
		return fmt.Errorf("abandon snapshot %v: %w", w.zxid, err)
	}
	return nil
}

func (w *Writer) unfinished() string { return filepath.Join(w.dir, w.name) }

// Write writes and publishes a whole snapshot.
func (f Format) Write(disk vfs.FS, dir string, from Source) error {
	w := f.NewWriter(disk, dir, UnfinishedName(from.Frozen.Zxid()), from)
	if err := w.Finish(); err != nil {
		return err
	}
	return w.Publish()
}

// Finish takes all steps at once, and cleans up if one fails.
func (w *Writer) Finish() error {
	for {
		done, err := w.Step(streamNodes)
		if err != nil {
			return errors.Join(err, w.Abort())
		}
		if done {
			return nil
		}
	}
}

// Write writes and publishes a whole snapshot in the default format.
func Write(disk vfs.FS, dir string, from Source) error {
	return Format{}.Write(disk, dir, from)
}
