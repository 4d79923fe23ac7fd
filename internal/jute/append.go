package jute

import "encoding/binary"

// Record is anything with fields in this encoding.
type Record interface {
	// AppendTo appends the encoded record to b.
	AppendTo(b []byte) []byte
	// DecodeFrom overwrites the record with what d holds next. The outcome is
	// d.Err; after an error the fields are unspecified but safe.
	DecodeFrom(d *Decoder)
}

// nullLength stands for the length or count of what is not there.
const nullLength = -1

// AppendBool appends one byte.
func AppendBool(b []byte, v bool) []byte {
	if v {
		return append(b, 1)
	}
	return append(b, 0)
}

// AppendInt appends four bytes.
func AppendInt(b []byte, v int32) []byte { return binary.BigEndian.AppendUint32(b, uint32(v)) }

// AppendLong appends eight bytes.
func AppendLong(b []byte, v int64) []byte { return binary.BigEndian.AppendUint64(b, uint64(v)) }

// AppendString appends a string, which is never null.
func AppendString(b []byte, s string) []byte {
	return append(AppendInt(b, int32(len(s))), s...)
}

// AppendBuffer appends a buffer; a nil slice is null, an empty one is not.
func AppendBuffer(b, p []byte) []byte {
	if p == nil {
		return AppendInt(b, nullLength)
	}
	return append(AppendInt(b, int32(len(p))), p...)
}

// AppendCount appends the count that opens a vector of n elements.
func AppendCount(b []byte, n int) []byte { return AppendInt(b, int32(n)) }

// AppendNull appends the count or length that stands for null.
func AppendNull(b []byte) []byte { return AppendInt(b, nullLength) }

// AppendStrings appends a vector of strings, which is never null.
func AppendStrings(b []byte, list []string) []byte {
	b = AppendCount(b, len(list))
	for _, s := range list {
		b = AppendString(b, s)
	}
	return b
}
