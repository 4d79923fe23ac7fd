package txnlog

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"zoo"
	"zoo/internal/disk/vfs"
	"zoo/internal/txn"
)

// adviceRestore is for damage that only another copy can mend.
const adviceRestore = "run zoo dir check on the data directory; if other servers have the data, " +
	"empty this one's and let it fetch a snapshot; if none has, run zoo backup restore, " +
	"or zoo log repair, which keeps what is before the damage"

// Reader reads the entries of a log in order, over all its segments. The bytes
// of an entry are never changed later; entries read together share memory.
type Reader struct {
	disk     vfs.FS
	segments []Segment // still to be opened
	scan     *scanner
	after    zoo.Zxid
	last     txn.Entry // the last one given; its zxid is after at first
	checked  bool      // last.Zxid is a real predecessor
	ends     []End
}

// End tells how far a segment is good.
type End struct {
	Path string
	// Offset is where the last good entry ends; 0 means not even the header.
	Offset int64
	// Size is the length of the file.
	Size int64
	// Torn means that a write which was never synced left its remains behind.
	Torn bool
}

// NewReader reads the entries beyond after; the first of them must follow it, or
// the log has a gap. With zoo.ZxidNone it reads all entries that there are.
func NewReader(disk vfs.FS, dir string, after zoo.Zxid) (*Reader, error) {
	segments, err := Segments(disk, dir)
	if err != nil {
		return nil, err
	}
	for len(segments) > 1 && segments[1].First <= after {
		segments = segments[1:]
	}
	return &Reader{
		disk: disk, segments: segments, after: after,
		last: txn.Entry{Zxid: after}, checked: after != zoo.ZxidNone,
	}, nil
}

// Next gives the next entry, io.EOF at the end of the log, a *vfs.CorruptError
// where the log is not what was written.
func (r *Reader) Next() (txn.Entry, error) {
	for {
		if r.scan == nil {
			if err := r.open(); err != nil {
				return txn.Entry{}, err
			}
			continue
		}
		offset := r.scan.offset
		e, bad, err := r.scan.next()
		if errors.Is(err, io.EOF) {
			err = r.finish(bad)
			if err == nil {
				continue
			}
		}
		if err != nil {
			return txn.Entry{}, err
		}
		if e.Zxid <= r.after && r.last.Bytes == nil || r.repeated(e) {
			continue
		}
		return r.give(e, offset)
	}
}

// repeated tells whether e is the entry before it once more; Java's server may
// log an entry twice.
func (r *Reader) repeated(e txn.Entry) bool {
	return e.Zxid == r.last.Zxid && r.last.Bytes != nil && bytes.Equal(e.Bytes, r.last.Bytes)
}

func (r *Reader) give(e txn.Entry, offset int64) (txn.Entry, error) {
	if r.checked && !e.Zxid.Follows(r.last.Zxid) {
		return txn.Entry{}, &vfs.CorruptError{
			File: r.scan.path, Offset: offset, Advice: adviceRestore,
			Want: fmt.Sprintf("the transaction after %v", r.last.Zxid),
			Got:  fmt.Sprintf("transaction %v", e.Zxid),
		}
	}
	r.last, r.checked = e, true
	r.scan.passing = false
	return e, nil
}

// open starts the next segment.
func (r *Reader) open() error {
	if len(r.segments) == 0 {
		return io.EOF
	}
	scan, bad, err := openScanner(r.disk, r.segments[0].Path)
	if err != nil {
		return err
	}
	r.segments = r.segments[1:]
	r.scan = scan
	scan.passing = r.last.Bytes == nil
	if bad == nil {
		return nil
	}
	if len(r.segments) > 0 {
		bad.torn = false // it had a successor, so it must have had a header
	}
	return r.finish(bad)
}

// finish ends a segment, which is not the end of the log: a torn tail may be
// followed by newer segments, if their entries continue what was good of it.
func (r *Reader) finish(bad *damage) error {
	end := End{Path: r.scan.path, Offset: r.scan.offset, Size: r.scan.size, Torn: bad != nil}
	r.ends = append(r.ends, end)
	err := r.scan.close()
	r.scan = nil
	if bad != nil && !bad.torn {
		r.segments = nil
		return bad.corrupt(adviceRestore)
	}
	return err
}

// Last is the zxid of the last entry given, or what the Reader started after.
func (r *Reader) Last() zoo.Zxid { return r.last.Zxid }

// Ends tells, after io.EOF, how the segments that were read end.
func (r *Reader) Ends() []End { return r.ends }

// Close frees the Reader; it is needed only before io.EOF.
func (r *Reader) Close() error {
	if r.scan == nil {
		return nil
	}
	scan := r.scan
	r.scan, r.segments = nil, nil
	return scan.close()
}
