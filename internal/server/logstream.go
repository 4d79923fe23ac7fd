package server

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"

	"zoo"
	"zoo/internal/disk/snapshot"
	"zoo/internal/disk/store"
	"zoo/internal/disk/txnlog"
	"zoo/internal/ops/admin"
)

// logged is a part of the log on its way. It is read from the files that the log
// writer appends to, up to a zxid that was applied before: those bytes are durable,
// and nobody changes them.
type logged struct {
	reader *txnlog.Reader // nil for nothing
	first  []byte         // what is to be written before the reader's next entry
	last   zoo.Zxid
}

// logFrom opens the log behind an entry. Whether that is part of this history has to
// be seen: in the log itself, or as the name of a snapshot that the log continues. A
// log that begins later, even with the first entry of a later epoch, may lack some.
// A server that is behind what the client has sends nothing, and says where it is.
func (s *Server) logFrom(after, last zoo.Zxid) (admin.Stream, error) {
	l := &logged{last: last}
	if last <= after {
		return l, nil
	}
	begin := after
	known, err := s.snapshotAt(after)
	if err != nil {
		return nil, err
	}
	if !known {
		begin = after - 1
	}
	if after <= 0 && !known {
		return nil, errLogGone(after)
	}
	l.reader, err = txnlog.NewReader(s.cfg.Store.FS, s.logDir(), begin)
	if err != nil {
		return nil, err
	}
	e, err := l.reader.Next()
	switch {
	case err == nil && known && e.Zxid > after:
		l.first = txnlog.AppendEntry(nil, e)
	case err == nil && e.Zxid == after:
	case err == nil || gone(err):
		// Nothing, a gap, or another entry: what is asked for was purged, or is of
		// another history.
		return nil, errors.Join(errLogGone(after), l.reader.Close())
	default:
		return nil, errors.Join(err, l.reader.Close())
	}
	return l, nil
}

// gone tells errors of a log that lacks something from those of the disk.
func gone(err error) bool {
	var corrupt *store.CorruptError
	return errors.As(err, &corrupt) || errors.Is(err, io.EOF) || errors.Is(err, fs.ErrNotExist)
}

func errLogGone(after zoo.Zxid) error {
	return &admin.Refusal{Status: http.StatusGone, Text: fmt.Sprintf("the log does not "+
		"reach back to %v, or that is of another history; begin anew with a snapshot", after)}
}

// snapshotAt tells whether there is a snapshot of just this moment.
func (s *Server) snapshotAt(z zoo.Zxid) (bool, error) {
	files, err := snapshot.List(s.cfg.Store.FS, s.snapDir())
	for _, f := range files {
		if f.Zxid == z {
			return true, nil
		}
	}
	return false, err
}

// Zxid is the last transaction in it.
func (l *logged) Zxid() zoo.Zxid { return l.last }

// Bytes is not known before it is read.
func (l *logged) Bytes() int64 { return -1 }

// Close closes the files.
func (l *logged) Close() error {
	if l.reader == nil {
		return nil
	}
	return l.reader.Close()
}

// logFlushBytes is how much of the log is gathered for one write.
const logFlushBytes = 64 << 10

// WriteTo writes the log in the form of a file. An error of the log's in the middle of
// it means that it went away meanwhile: it was purged, or replaced.
func (l *logged) WriteTo(w io.Writer) (written int64, err error) {
	b := append(txnlog.AppendHeader(nil), l.first...)
	flush := func() error {
		n, err := w.Write(b)
		written += int64(n)
		b = b[:0]
		return err
	}
	for l.reader != nil && l.reader.Last() < l.last {
		e, err := l.reader.Next()
		if err != nil {
			return written, fmt.Errorf("log after %v, which ends with %v: %w",
				l.reader.Last(), l.last, err)
		}
		if b = txnlog.AppendEntry(b, e); len(b) >= logFlushBytes {
			if err := flush(); err != nil {
				return written, err
			}
		}
	}
	return written, flush()
}
