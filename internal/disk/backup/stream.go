package backup

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/adler32"
	"io"

	"zoo"
	"zoo/internal/core/tree"
	"zoo/internal/disk/snapshot"
	"zoo/internal/disk/vfs"
	"zoo/internal/txn"
)

// A log stream is a log file without padding (see package txnlog): 16 bytes of
// header, then entries up to the end. Unlike a log file it has no torn tail: whatever
// is not a whole entry is damage.
const (
	logMagic        = 0x5a4b4c47
	logVersion      = 2
	logHeaderBytes  = 16
	entryHeadBytes  = 12
	entryTerminator = 'B'
	// entryBytesMax is more than any entry has that a server took.
	entryBytesMax = 256 << 20
)

func appendLogHeader(b []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, logMagic)
	b = binary.BigEndian.AppendUint32(b, logVersion)
	return binary.BigEndian.AppendUint64(b, 0)
}

func appendLogEntry(b []byte, e txn.Entry) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(adler32.Checksum(e.Bytes)))
	b = binary.BigEndian.AppendUint32(b, uint32(len(e.Bytes)))
	b = append(b, e.Bytes...)
	return append(b, entryTerminator)
}

// logReader reads the entries of a log stream.
type logReader struct {
	name   string
	r      *bufio.Reader
	offset int64
	after  zoo.Zxid // the next entry must follow it, unless it is ZxidNone
}

func newLogReader(name string, r io.Reader, after zoo.Zxid) *logReader {
	return &logReader{name: name, r: bufio.NewReaderSize(r, 256<<10), after: after}
}

func (l *logReader) damaged(want, got string) error {
	return &vfs.CorruptError{
		File: l.name, Offset: l.offset, Want: want, Got: got, Advice: adviceDamage}
}

// take fills p. The end within it is damage; before it, if that may be, io.EOF.
func (l *logReader) take(p []byte, mayEnd bool) error {
	n, err := io.ReadFull(l.r, p)
	switch {
	case errors.Is(err, io.EOF) && mayEnd:
		return io.EOF
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return l.damaged(fmt.Sprintf("%d more bytes", len(p)), fmt.Sprintf("the end after %d", n))
	}
	return err
}

func (l *logReader) header() error {
	var head [logHeaderBytes]byte
	if err := l.take(head[:], false); err != nil {
		return err
	}
	if want := appendLogHeader(nil); string(head[:8]) != string(want[:8]) {
		return l.damaged(fmt.Sprintf("header %x", want), fmt.Sprintf("%x", head))
	}
	l.offset = logHeaderBytes
	return nil
}

// next gives the next entry, or io.EOF.
func (l *logReader) next() (txn.Entry, error) {
	if l.offset == 0 {
		if err := l.header(); err != nil {
			return txn.Entry{}, err
		}
	}
	var head [entryHeadBytes]byte
	if err := l.take(head[:], true); err != nil {
		return txn.Entry{}, err
	}
	sum, n := binary.BigEndian.Uint64(head[:]), int64(int32(binary.BigEndian.Uint32(head[8:])))
	if n < txn.HeaderBytes || n > entryBytesMax {
		return txn.Entry{}, l.damaged("a length of at least 32", fmt.Sprint(n))
	}
	b, err := l.body(n + 1)
	if err != nil {
		return txn.Entry{}, err
	}
	return l.entry(b, sum)
}

// body reads n bytes. Memory grows with what arrives, not with what is announced.
func (l *logReader) body(n int64) ([]byte, error) {
	const step = 1 << 20
	b := make([]byte, 0, min(n, step))
	for int64(len(b)) < n {
		more := min(n-int64(len(b)), step)
		b = append(b, make([]byte, more)...)
		if err := l.take(b[int64(len(b))-more:], false); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func (l *logReader) entry(b []byte, sum uint64) (txn.Entry, error) {
	n := len(b) - 1
	if got := uint64(adler32.Checksum(b[:n])); got != sum {
		return txn.Entry{}, l.damaged(fmt.Sprintf("checksum %#x", sum), fmt.Sprintf("%#x", got))
	}
	if b[n] != entryTerminator {
		return txn.Entry{}, l.damaged("'B' after the entry", fmt.Sprintf("%#x", b[n]))
	}
	e, err := txn.ParseEntry(b[:n:n])
	if err != nil {
		return txn.Entry{}, l.damaged("a transaction", err.Error())
	}
	if l.after != zoo.ZxidNone && !e.Zxid.Follows(l.after) {
		return txn.Entry{}, l.damaged("the transaction after "+l.after.String(),
			"transaction "+e.Zxid.String())
	}
	l.after = e.Zxid
	l.offset += int64(entryHeadBytes + len(b))
	return e, nil
}

// readSnapshot builds the tree of a snapshot file that comes as a stream.
func readSnapshot(name string, r io.Reader, z zoo.Zxid) (*tree.Tree, snapshot.Info, error) {
	counted := &trackedReader{r: r}
	t, info, err := snapshot.Read(oneFile{FS: vfs.NewMem(), r: counted},
		snapshot.File{Path: name, Zxid: z})
	if err == nil {
		err = counted.finish(name)
	}
	return t, info, err
}

// checkSnapshot reads a snapshot file that comes as a stream, and its checksums.
func checkSnapshot(name string, r io.Reader, z zoo.Zxid) (snapshot.Info, error) {
	counted := &trackedReader{r: r}
	info, err := snapshot.Check(oneFile{FS: vfs.NewMem(), r: counted},
		snapshot.File{Path: name, Zxid: z})
	if err == nil {
		err = counted.finish(name)
	}
	return info, err
}

// trackedReader keeps the first error of a stream: a reader of snapshots may take
// one for the end of a trailer that may be missing.
type trackedReader struct {
	r   io.Reader
	err error
}

func (t *trackedReader) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	if err != nil && t.err == nil {
		t.err = err
	}
	return n, err
}

// finish reads what is behind a snapshot: nothing may be.
func (t *trackedReader) finish(name string) error {
	if t.err == nil {
		var rest [512]byte
		for t.err == nil {
			n, err := t.Read(rest[:])
			if n > 0 {
				return damage(name, "the end of the snapshot", "more bytes")
			}
			t.err = err
		}
	}
	if errors.Is(t.err, io.EOF) {
		return nil
	}
	return t.err
}

// oneFile is a file system whose files all are one stream, read once.
type oneFile struct {
	vfs.FS
	r io.Reader
}

// Open gives the stream.
func (o oneFile) Open(string) (vfs.File, error) {
	const dir = "/stream"
	if err := o.FS.MkdirAll(dir); err != nil {
		return nil, err
	}
	f, err := o.FS.Create(dir + "/file")
	return streamed{f, o.r}, err
}

// streamed is a file of which only Read has what is wanted.
type streamed struct {
	vfs.File
	r io.Reader
}

func (s streamed) Read(p []byte) (int, error) { return s.r.Read(p) }
