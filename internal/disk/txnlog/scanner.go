package txnlog

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"zoo/internal/disk/adler"
	"zoo/internal/disk/vfs"
	"zoo/internal/txn"
)

// Blocks are read whole and shared by the entries in them. They start small so
// that a short log in a preallocated file is cheap, and grow.
const (
	blockBytesFirst = 16 << 10
	blockBytesMax   = 1 << 20
)

// scanner reads the entries of one segment.
type scanner struct {
	file    vfs.File
	path    string
	size    int64
	offset  int64  // of the next entry: all before it is good
	rest    []byte // read, not yet scanned; starts at offset
	block   []byte // the one that rest lies in
	blockSz int
	passing bool // no entry was given to anyone, so that the block may be overwritten
}

// damage is an entry, or a header, that is not as it was written.
type damage struct {
	path      string
	offset    int64
	want, got string
	torn      bool // explained by a power loss before the entry was synced
}

func (d *damage) corrupt(advice string) error {
	return &vfs.CorruptError{
		File: d.path, Offset: d.offset, Want: d.want, Got: d.got, Advice: advice}
}

// openScanner opens a segment and checks its header.
func openScanner(disk vfs.FS, path string) (*scanner, *damage, error) {
	file, err := disk.Open(path)
	if err != nil {
		return nil, nil, fmt.Errorf("open log %s: %w", path, err)
	}
	s := &scanner{file: file, path: path, blockSz: blockBytesFirst}
	if s.size, err = file.Size(); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("size of log %s: %w", path, err), file.Close())
	}
	bad, err := s.header()
	if err != nil {
		return nil, nil, errors.Join(err, file.Close())
	}
	return s, bad, nil
}

// header reads the file header. It is torn if it is not all there or was never
// written; anything else at its place is corruption.
func (s *scanner) header() (*damage, error) {
	head, err := s.peek(headerBytes)
	if err != nil {
		return nil, err
	}
	want := AppendHeader(nil)
	if len(head) == headerBytes && string(head[:8]) == string(want[:8]) {
		s.skip(headerBytes)
		return nil, nil
	}
	torn := allZero(head) || len(head) < headerBytes && string(head) == string(want[:len(head)])
	return &damage{s.path, 0, fmt.Sprintf("header %x", want), fmt.Sprintf("%x", head), torn}, nil
}

// peek gives the next n bytes without taking them; fewer where the file ends.
func (s *scanner) peek(n int64) ([]byte, error) {
	if int64(len(s.rest)) < n {
		if err := s.fill(n); err != nil {
			return nil, fmt.Errorf("read log %s: %w", s.path, err)
		}
	}
	return s.rest[:min(n, int64(len(s.rest)))], nil
}

func (s *scanner) skip(n int64) {
	s.rest = s.rest[n:]
	s.offset += n
}

// fill starts a new block with what is left of the old one. Old blocks are never
// written again, because entries that were returned live in them, unless the scanner is
// still passing what nobody asked for: that may be a hundred megabytes.
func (s *scanner) fill(n int64) error {
	want := min(max(n, int64(s.blockSz)), s.size-s.offset)
	if want <= int64(len(s.rest)) {
		return nil
	}
	s.blockSz = min(s.blockSz*4, blockBytesMax)
	if !s.passing || int64(cap(s.block)) < want {
		s.block = make([]byte, want)
	}
	s.block = s.block[:want]
	have := copy(s.block, s.rest)
	read, err := s.file.ReadAt(s.block[have:], s.offset+int64(have))
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	s.rest = s.block[:have+read]
	return nil
}

// next gives the next entry. The end of the segment is io.EOF.
func (s *scanner) next() (txn.Entry, *damage, error) {
	head, err := s.peek(entryHeadBytes)
	if err != nil {
		return txn.Entry{}, nil, err
	}
	if len(head) < entryHeadBytes {
		return txn.Entry{}, s.partialHead(head), io.EOF
	}
	n := int64(int32(binary.BigEndian.Uint32(head[8:])))
	switch {
	case n == 0 && allZero(head):
		return txn.Entry{}, nil, io.EOF
	case n == 0:
		return s.damaged(entryHeadBytes, "padding of zeros", fmt.Sprintf("%x", head))
	case n < txn.HeaderBytes:
		return s.damaged(entryHeadBytes, "length of at least 32", fmt.Sprint(n))
	case n+entryExtraBytes > s.size-s.offset:
		return s.beyondEnd(n)
	}
	return s.entry(n)
}

// partialHead judges the last bytes of a file that are too few for an entry.
func (s *scanner) partialHead(head []byte) *damage {
	if allZero(head) {
		return nil
	}
	got := fmt.Sprintf("the end of the file after %x", head)
	return &damage{s.path, s.offset, "an entry", got, true}
}

// entry checks the n bytes that the entry's head promises.
func (s *scanner) entry(n int64) (txn.Entry, *damage, error) {
	whole, err := s.peek(n + entryExtraBytes)
	if err != nil {
		return txn.Entry{}, nil, err
	}
	if int64(len(whole)) < n+entryExtraBytes {
		return txn.Entry{}, nil, fmt.Errorf("read log %s: %w", s.path, io.ErrUnexpectedEOF)
	}
	end := entryHeadBytes + n
	b := whole[entryHeadBytes:end:end]
	want, got := binary.BigEndian.Uint64(whole), uint64(adler.Checksum(b))
	if want != got {
		text := fmt.Sprintf("checksum %#x", want)
		return s.damaged(n+entryExtraBytes, text, fmt.Sprintf("%#x", got))
	}
	if whole[end] != terminator {
		return s.damaged(n+entryExtraBytes, "'B' after the entry", fmt.Sprintf("%#x", whole[end]))
	}
	e, err := txn.ParseEntry(b)
	if err != nil {
		return s.damaged(n+entryExtraBytes, "a transaction", err.Error())
	}
	s.skip(n + entryExtraBytes)
	return e, nil, nil
}

func (s *scanner) damaged(n int64, want, got string) (txn.Entry, *damage, error) {
	s.passing = false // whoever judges looks at several parts of the file at once
	torn, err := s.torn(n)
	if err != nil {
		return txn.Entry{}, nil, err
	}
	return txn.Entry{}, &damage{s.path, s.offset, want, got, torn}, io.EOF
}

// beyondEnd judges an entry whose length reaches beyond the end of the file. If
// a crash cut it short, then all that is left of the file belongs to it (lost
// sectors make a length smaller, never larger); if a whole entry is found in
// there, it is the length that is wrong.
func (s *scanner) beyondEnd(n int64) (txn.Entry, *damage, error) {
	s.passing = false // as in damaged
	left := s.size - s.offset
	region, err := s.peek(left)
	if err != nil {
		return txn.Entry{}, nil, err
	}
	whole, err := s.wholeButForLength()
	if err != nil {
		return txn.Entry{}, nil, err
	}
	torn := !whole && !holdsEntry(region[entryHeadBytes:])
	want := fmt.Sprintf("%d more bytes", n+entryExtraBytes)
	return txn.Entry{}, &damage{s.path, s.offset, want, fmt.Sprint(left), torn}, io.EOF
}

func (s *scanner) close() error { return s.file.Close() }
