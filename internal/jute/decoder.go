package jute

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
	"unsafe"
)

// The reasons for which input is refused; FormatError wraps one of them.
var (
	// ErrTruncated means the input ended inside a field.
	ErrTruncated = errors.New("truncated")
	// ErrLength means a length or count that cannot be: negative, beyond a
	// limit, or more than the bytes that remain.
	ErrLength = errors.New("unreasonable length")
	// ErrMemory means input that needs far more memory than it has bytes, such as
	// a vector of a million empty strings.
	ErrMemory = errors.New("needs more memory than its size can explain")
)

// What decoding may allocate for each byte of the input, and besides. Nothing that
// makes sense comes near: a string needs 16 bytes of memory beside its own, and four
// in the input, so that lists of very many strings of hardly any bytes are refused.
// Of the 1 MiB besides a part is left for what the allocator rounds up.
const (
	memoryPerByte = 2
	memoryBytes   = 1<<20 - 1<<16
)

// FormatError tells where and why input could not be decoded.
type FormatError struct {
	Offset int    // Offset of the refused field from the start of the input.
	What   string // What was being read.
	Err    error  // Err is the reason, such as ErrTruncated.
}

// Error says what was wrong, and where.
func (e *FormatError) Error() string {
	return fmt.Sprintf("decode %s at byte %d: %v", e.What, e.Offset, e.Err)
}

// Unwrap gives the reason.
func (e *FormatError) Unwrap() error { return e.Err }

// Decoder reads fields off a slice. After the first error every read gives the
// zero value and the error stays, so that a record is read without checking
// each field. It is a value: copying it forks the position.
type Decoder struct {
	b       []byte
	at      int
	alias   bool
	trusted bool
	// reserved is what was allocated, in bytes.
	reserved int
	err      error
}

// NewDecoder reads b, which may come from anybody. Strings are copied out; buffers
// share b's memory.
func NewDecoder(b []byte) Decoder { return Decoder{b: b} }

// NewAliasDecoder is NewDecoder that copies nothing: strings and buffers share b's
// memory. Nobody may write to b while anything that was decoded is in use.
func NewAliasDecoder(b []byte) Decoder { return Decoder{b: b, alias: true} }

// NewTrustedDecoder is NewAliasDecoder for what was admitted before: it must be
// readable whatever memory that takes.
func NewTrustedDecoder(b []byte) Decoder { return Decoder{b: b, alias: true, trusted: true} }

// Err is the first error, or nil.
func (d *Decoder) Err() error { return d.err }

// Len is the number of bytes not yet read; 0 after an error.
func (d *Decoder) Len() int { return len(d.b) - d.at }

// Offset is the number of bytes read so far; 0 after an error.
func (d *Decoder) Offset() int { return d.at }

// Rest takes all remaining bytes, which share the input's memory.
func (d *Decoder) Rest() []byte {
	rest := d.b[d.at:]
	d.at = len(d.b)
	return rest
}

// Since gives the bytes read since Offset was start, which share the input's
// memory; nil after an error.
func (d *Decoder) Since(start int) []byte {
	if d.err != nil {
		return nil
	}
	return d.b[start:d.at:d.at]
}

// Fail records err as the reason to refuse what, unless there was an error
// before; it ends decoding.
func (d *Decoder) Fail(what string, err error) {
	if d.err == nil {
		d.err = &FormatError{Offset: d.at, What: what, Err: err}
	}
	d.b, d.at = nil, 0
}

// Fixed takes n bytes if there are as many, and else nothing. It serves records of a fixed
// size, which are decoded by the million; where it gives nil, reading field by field finds
// the error. The bytes share the input's memory.
func (d *Decoder) Fixed(n int) []byte {
	if d.Len() < n {
		return nil
	}
	d.at += n
	return d.b[d.at-n : d.at : d.at]
}

// Bool reads one byte.
func (d *Decoder) Bool() bool {
	p := d.take(1, "bool")
	return p != nil && p[0] != 0
}

// Int reads four bytes.
func (d *Decoder) Int() int32 {
	if p := d.take(4, "int"); p != nil {
		return int32(binary.BigEndian.Uint32(p))
	}
	return 0
}

// Long reads eight bytes.
func (d *Decoder) Long() int64 {
	if p := d.take(8, "long"); p != nil {
		return int64(binary.BigEndian.Uint64(p))
	}
	return 0
}

// String reads a string; null reads as "".
func (d *Decoder) String() string {
	p := d.block("string")
	if d.alias && len(p) > 0 && utf8.Valid(p) {
		return unsafe.String(&p[0], len(p))
	}
	if !d.Reserve("string", textBytes(p), 1) {
		return ""
	}
	return Text(p)
}

// Buffer reads a buffer, which shares the input's memory and cannot be appended
// into it; null reads as nil, and empty as empty.
func (d *Decoder) Buffer() []byte { return d.block("buffer") }

// Count reads the count of a vector whose elements take at least
// elementBytesMin bytes each, and refuses what the remaining bytes cannot hold.
// Negative counts read as no elements.
func (d *Decoder) Count(elementBytesMin int) int {
	n, _ := d.NullableCount(elementBytesMin)
	return n
}

// NullableCount is Count for vectors in which null (present is false) differs
// from empty.
func (d *Decoder) NullableCount(elementBytesMin int) (n int, present bool) {
	count := d.Int()
	if count < 0 || d.err != nil {
		return 0, d.err == nil && count != nullLength
	}
	if int64(count)*int64(max(elementBytesMin, 1)) > int64(d.Len()) {
		d.Fail("vector", ErrLength)
		return 0, false
	}
	return int(count), true
}

// Strings reads a vector of strings; null and empty read as nil.
func (d *Decoder) Strings() []string {
	n := d.Count(stringBytesMin)
	if n == 0 || !d.Reserve("strings", n, int(unsafe.Sizeof(""))) {
		return nil
	}
	list := make([]string, n)
	for i := range list {
		list[i] = d.String()
	}
	return list
}

// Reserve asks to allocate n elements of size bytes each for what is being read. It
// refuses what would be more than twice the input and some 1 MiB, all in all.
func (d *Decoder) Reserve(what string, n, size int) bool {
	d.reserved += n * size
	if d.reserved > memoryPerByte*len(d.b)+memoryBytes && !d.trusted {
		d.Fail(what, ErrMemory)
		return false
	}
	return true
}

// stringBytesMin is what an empty or null string takes.
const stringBytesMin = 4

// take gives the next n bytes, or nil and an error.
func (d *Decoder) take(n int, what string) []byte {
	if d.Len() < n {
		d.Fail(what, ErrTruncated)
		return nil
	}
	p := d.b[d.at : d.at+n : d.at+n]
	d.at += n
	return p
}

// block gives the bytes behind a length; nil for null.
func (d *Decoder) block(what string) []byte {
	n := d.Int()
	switch {
	case n == nullLength || d.err != nil:
		return nil
	case n < 0:
		d.Fail(what, ErrLength)
		return nil
	}
	return d.take(int(n), what)
}

// Text is the string that the bytes p of an encoded string stand for, with
// U+FFFD where they are not UTF-8: once for each lone surrogate of three bytes,
// once for every other stray byte.
func Text(p []byte) string {
	if utf8.Valid(p) {
		return string(p)
	}
	var s strings.Builder
	s.Grow(textBytes(p))
	for len(p) > 0 {
		r, size := nextRune(p)
		s.WriteRune(r)
		p = p[size:]
	}
	return s.String()
}

// textBytes is the length of Text: where bytes are not UTF-8 it is the longer one.
func textBytes(p []byte) int {
	if utf8.Valid(p) {
		return len(p)
	}
	total := 0
	for len(p) > 0 {
		r, size := nextRune(p)
		total += utf8.RuneLen(r)
		p = p[size:]
	}
	return total
}

// nextRune is the first rune of Text, and how many bytes stand for it.
func nextRune(p []byte) (r rune, size int) {
	r, size = utf8.DecodeRune(p)
	if r == utf8.RuneError && size == 1 && isSurrogate(p) {
		size = 3
	}
	return r, size
}

// isSurrogate tells whether p starts with an encoded surrogate half.
func isSurrogate(p []byte) bool {
	return len(p) >= 3 && p[0] == 0xed && p[1]&0xe0 == 0xa0 && p[2]&0xc0 == 0x80
}
