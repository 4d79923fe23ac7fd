package snapshot

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"zoo/internal/disk/adler"
)

// source reads fields off a stream, never beyond what it is asked for. After the
// first error it gives zeros and keeps the error.
type source struct {
	r       *bufio.Reader
	sum     *adler.Hash // of what was read; nil if nobody asks
	offset  int64
	scratch []byte
	err     error
}

// formatError is input that is no snapshot.
type formatError struct {
	offset    int64
	want, got string
}

func (e *formatError) Error() string {
	return fmt.Sprintf("want %s, got %s at offset %d", e.want, e.got, e.offset)
}

func (s *source) refuse(want, got string) {
	if s.err == nil {
		s.err = &formatError{s.offset, want, got}
	}
}

// take gives the next n bytes, until the next take; nil after an error. Memory
// grows with what arrives, not with what is announced.
func (s *source) take(n int) []byte {
	if s.err != nil {
		return nil
	}
	if n > s.r.Size() {
		return s.takeLarge(n)
	}
	p, err := s.r.Peek(n)
	if err != nil {
		s.fail(err, n)
		return nil
	}
	s.count(p)
	s.r.Discard(n)
	return p
}

// append appends the next n bytes to b, without counting them into the checksum. Memory
// grows with what arrives.
func (s *source) append(b []byte, n int) []byte {
	for s.err == nil && n > 0 {
		p, err := s.r.Peek(min(n, s.r.Size()))
		b = append(b, p...)
		s.r.Discard(len(p))
		s.offset += int64(len(p))
		if n -= len(p); err != nil {
			s.fail(err, n)
		}
	}
	return b
}

// checkLength is the length at the end of what was appended, 0 for null.
func (s *source) checkLength(b []byte, what string) int {
	if s.err != nil {
		return 0
	}
	n := int32(binary.BigEndian.Uint32(b[len(b)-4:]))
	if n < -1 {
		s.refuse("a length of "+what, fmt.Sprint(n))
	}
	return int(max(0, n))
}

func (s *source) takeLarge(n int) []byte {
	s.scratch = s.scratch[:0]
	for len(s.scratch) < n {
		p, err := s.r.Peek(min(n-len(s.scratch), s.r.Size()))
		s.scratch = append(s.scratch, p...)
		s.r.Discard(len(p))
		if err != nil {
			s.fail(err, n)
			return nil
		}
	}
	s.count(s.scratch)
	return s.scratch
}

func (s *source) count(p []byte) {
	s.offset += int64(len(p))
	if s.sum != nil {
		s.sum.Write(p)
	}
}

func (s *source) fail(err error, n int) {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		s.refuse(fmt.Sprintf("%d more bytes", n), "the end")
		return
	}
	s.err = err
}

func (s *source) int() int32 {
	if p := s.take(4); p != nil {
		return int32(binary.BigEndian.Uint32(p))
	}
	return 0
}

func (s *source) long() int64 {
	if p := s.take(8); p != nil {
		return int64(binary.BigEndian.Uint64(p))
	}
	return 0
}

// length reads the length of a string or buffer; -1 is null.
func (s *source) length(what string) int {
	n := s.int()
	if n < -1 {
		s.refuse("a length of "+what, fmt.Sprint(n))
		return 0
	}
	return int(n)
}

// text reads a string into memory of its own; null reads as "".
func (s *source) text(what string) string {
	return string(s.take(max(0, s.length(what))))
}
