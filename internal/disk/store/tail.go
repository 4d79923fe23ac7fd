package store

import (
	"errors"
	"fmt"
	"io"

	"zoo"
	"zoo/internal/core/tree"
	"zoo/internal/disk/snapshot"
	"zoo/internal/disk/txnlog"
	"zoo/internal/txn"
)

const (
	// aheadBytes is how large a snapshot is whose log is read while it is decoded. Below
	// it there is nothing to gain, and all reads of a recovery have one order.
	aheadBytes = 1 << 20
	// chunkBytes is how much of the log is handed on at once.
	chunkBytes = 1 << 20
	// chunksAhead bounds what of the log waits for the tree: decoding a snapshot has work for
	// all cores, applying the log for one, beside which the rest is read.
	chunksAhead = 4
)

// chunk is some consecutive entries of the log: as they are for a tail, whose time to be
// applied is unknown, and prepared for the tree where it is now.
type chunk struct {
	entries  []txn.Entry
	prepared []tree.Replay
	bytes    int64
}

func (c *chunk) add(e txn.Entry) {
	c.entries = append(c.entries, e)
	c.bytes += int64(len(e.Bytes))
}

// prepare does for the one who applies the entries what can be done without the tree.
func (c *chunk) prepare(d *tree.Digester) {
	c.prepared = make([]tree.Replay, len(c.entries))
	for i, e := range c.entries {
		c.prepared[i].Entry = e
		c.prepared[i].Prepare(d)
	}
}

// tail is the log behind a snapshot, read by a goroutine of its own, which has ended
// when chunks is closed.
type tail struct {
	after  zoo.Zxid
	chunks chan chunk
	unread chan struct{} // closed when nobody wants the rest
	ends   []txnlog.End  // set before chunks is closed, as is err
	err    error
}

var errUnread = errors.New("the rest of the log is not wanted")

// readAhead begins to read the log behind a snapshot that is about to be decoded.
func (s *Store) readAhead(file snapshot.File) error {
	info, err := s.disk.Stat(file.Path)
	if err != nil || info.Size < aheadBytes {
		return err
	}
	t := &tail{after: file.Zxid, chunks: make(chan chunk, chunksAhead),
		unread: make(chan struct{})}
	go func() {
		defer close(t.chunks)
		t.ends, t.err = s.readLog(t.after, t.offer)
	}()
	s.ahead = t
	return nil
}

func (t *tail) offer(c chunk) error {
	select {
	case t.chunks <- c:
		return nil
	case <-t.unread:
		return errUnread
	}
}

// take gives what is read to give, until the end of the log or an error.
func (t *tail) take(give func(chunk) error) ([]txnlog.End, error) {
	var err error
	for c := range t.chunks {
		if err == nil {
			if err = give(c); err != nil {
				close(t.unread)
			}
		}
	}
	if err != nil {
		return nil, err
	}
	return t.ends, t.err
}

// dropAhead ends the reading ahead, if any: its snapshot was no good.
func (s *Store) dropAhead() {
	if t := s.ahead; t != nil {
		s.ahead = nil
		close(t.unread)
		for range t.chunks {
		}
	}
}

// readLog reads the log beyond after, and gives it on in chunks.
func (s *Store) readLog(
	after zoo.Zxid, give func(chunk) error) ([]txnlog.End, error) {
	disk, err := s.meteredLog(after)
	if err != nil {
		return nil, err
	}
	reader, err := txnlog.NewReader(disk, s.logDir, after)
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	var c chunk
	var digester tree.Digester
	for {
		e, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return reader.Ends(), s.handOn(&c, &digester, give)
		}
		if err != nil {
			return nil, err
		}
		if c.add(e); c.bytes >= chunkBytes {
			if err := s.handOn(&c, &digester, give); err != nil {
				return nil, err
			}
			c = chunk{entries: make([]txn.Entry, 0, len(c.entries)+len(c.entries)/8)}
		}
	}
}

// handOn gives a chunk, prepared if its entries are about to be applied.
func (s *Store) handOn(c *chunk, d *tree.Digester, give func(chunk) error) error {
	if s.cfg.LogCommitted {
		c.prepare(d)
	}
	return give(*c)
}

// recoverTail reads the log beyond the tree, or goes on with what was begun.
func (s *Store) recoverTail(r *Recovered) ([]txnlog.End, error) {
	r.Zxid = r.Tree.Zxid()
	r.Snapshot = r.Zxid
	read := func(give func(chunk) error) ([]txnlog.End, error) {
		return s.readLog(max(0, r.Zxid), give)
	}
	if s.ahead != nil {
		read, s.ahead = s.ahead.take, nil
	}
	ends, err := read(func(c chunk) error { return s.follow(r, c) })
	if err != nil {
		return nil, err
	}
	for _, end := range ends {
		if end.Torn {
			r.note("log %s is torn at offset %d: what follows was not written whole, and is cut",
				end.Path, end.Offset)
		}
	}
	return ends, nil
}

// follow takes the next entries of the log: into the tree, where they are committed.
func (s *Store) follow(r *Recovered, c chunk) error {
	if len(c.entries) > 0 {
		r.Zxid = c.entries[len(c.entries)-1].Zxid
	}
	if !s.cfg.LogCommitted {
		r.Tail = append(r.Tail, c.entries...)
		return nil
	}
	r.Tree.SetTypes(s.cfg.Types)
	if failed, err := r.Tree.ApplyAll(c.prepared); err != nil {
		return &CorruptError{File: s.logDir, Offset: -1, Advice: adviceFetch,
			Want: "a transaction that can be applied",
			Got:  fmt.Sprintf("transaction %v: %v", c.entries[failed].Zxid, err)}
	}
	r.Replayed += len(c.entries)
	r.ReplayedBytes += c.bytes
	return nil
}
