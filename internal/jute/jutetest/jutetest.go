// Package jutetest checks the codec of a record against bytes written by hand.
// It encodes those by rules of its own, not with package jute, so that an error
// there cannot hide. It serves tests only.
package jutetest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"zoo/internal/check/alloc"
	"zoo/internal/jute"
)

// Raw are bytes that stand for themselves.
type Raw []byte

// Codec is a pointer to a record of type T.
type Codec[T any] interface {
	*T
	jute.Record
}

// Bytes writes its parts one after the other: bool, int32 and int64 by size,
// string and []byte behind their length, nil as the length of null, Raw as is.
func Bytes(parts ...any) []byte {
	var b []byte
	for _, part := range parts {
		switch v := part.(type) {
		case nil:
			b = append(b, 0xff, 0xff, 0xff, 0xff)
		case bool:
			b = append(b, map[bool]byte{true: 1}[v])
		case int32:
			b = binary.BigEndian.AppendUint32(b, uint32(v))
		case int64:
			b = binary.BigEndian.AppendUint64(b, uint64(v))
		case string:
			b = append(binary.BigEndian.AppendUint32(b, uint32(len(v))), v...)
		case []byte:
			b = append(binary.BigEndian.AppendUint32(b, uint32(len(v))), v...)
		case Raw:
			b = append(b, v...)
		default:
			panic(fmt.Sprintf("cannot write %T", part))
		}
	}
	return b
}

// Golden checks that the record encodes to want without allocating, and that
// want decodes to the record; without allocating, too, if the record has no
// vector.
func Golden[T any, R Codec[T]](t *testing.T, record T, want []byte) {
	t.Helper()
	t.Run(reflect.TypeFor[T]().Name(), func(t *testing.T) {
		if got := R(&record).AppendTo(nil); !bytes.Equal(got, want) {
			t.Fatalf("encoded\n  %x, want\n  %x", got, want)
		}
		checkDecoded[T, R](t, record, want, jute.NewDecoder(want))
		checkDecoded[T, R](t, record, want, jute.NewAliasDecoder(want))
		checkAllocations[T, R](t, record, want)
	})
}

func checkDecoded[T any, R Codec[T]](t *testing.T, want T, b []byte, d jute.Decoder) {
	t.Helper()
	var got T
	R(&got).DecodeFrom(&d)
	if d.Err() != nil || d.Len() != 0 {
		t.Fatalf("decoding %x gives %v, %d bytes are left", b, d.Err(), d.Len())
	}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("decoded %+v, want %+v", got, want)
	}
}

func checkAllocations[T any, R Codec[T]](t *testing.T, record T, b []byte) {
	t.Helper()
	buffer := make([]byte, 0, len(b))
	n := testing.AllocsPerRun(10, func() { buffer = R(&record).AppendTo(buffer[:0]) })
	if n != 0 {
		t.Errorf("AppendTo allocates %v times", n)
	}
	if hasVector(reflect.TypeFor[T]()) {
		return
	}
	var d jute.Decoder
	n = testing.AllocsPerRun(10, func() {
		d = jute.NewAliasDecoder(b)
		R(&record).DecodeFrom(&d)
	})
	if n != 0 {
		t.Errorf("DecodeFrom allocates %v times", n)
	}
}

// hasVector tells whether a record has a slice of anything but bytes.
func hasVector(record reflect.Type) bool {
	for i := range record.NumField() {
		f := record.Field(i).Type
		if f.Kind() == reflect.Slice && f.Elem().Kind() != reflect.Uint8 {
			return true
		}
	}
	return false
}

// Truncated checks that every proper prefix of b is refused as a T.
func Truncated[T any, R Codec[T]](t *testing.T, b []byte) {
	t.Helper()
	for n := range b {
		var record T
		d := jute.NewDecoder(b[:n])
		if R(&record).DecodeFrom(&d); d.Err() == nil {
			t.Errorf("%T decodes from %d of %d bytes: %+v", record, n, len(b), record)
		}
	}
}

// RoundTrip checks that whatever a T holds survives encoding and decoding.
func RoundTrip[T any, R Codec[T]](t *testing.T) {
	t.Helper()
	t.Run(reflect.TypeFor[T]().Name(), func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			record := rapid.Make[T]().Draw(t, "record")
			Stable[T, R](t, R(&record).AppendTo(nil))
		})
	})
}

// Stable checks that b decodes as a T and encodes to the same bytes again.
func Stable[T any, R Codec[T]](t rapid.TB, b []byte) {
	t.Helper()
	var record T
	d := jute.NewDecoder(b)
	if R(&record).DecodeFrom(&d); d.Err() != nil || d.Len() != 0 {
		t.Fatalf("decoding %x gives %v, %d bytes are left", b, d.Err(), d.Len())
	}
	if again := R(&record).AppendTo(nil); !bytes.Equal(b, again) {
		t.Fatalf("%x became %x on the way through %+v", b, again, record)
	}
}

// Harmless decodes hostile bytes as what empty makes. It checks that whatever is
// accepted is stable from then on, and that neither it nor what was allocated for it
// is larger than the input can explain.
func Harmless(t *testing.T, empty func() jute.Record, hostile []byte) {
	t.Helper()
	Frugal(t, empty, hostile)
	record := empty()
	d := jute.NewAliasDecoder(hostile)
	if record.DecodeFrom(&d); d.Err() != nil {
		return
	}
	b := record.AppendTo(nil)
	// A stray byte becomes the three of U+FFFD; absent fields at the end appear.
	if len(b) > 3*len(hostile)+16 {
		t.Fatalf("%T: %d bytes became %d", record, len(hostile), len(b))
	}
	again := empty()
	d = jute.NewDecoder(b)
	again.DecodeFrom(&d)
	if b2 := again.AppendTo(nil); d.Err() != nil || !bytes.Equal(b, b2) {
		t.Fatalf("%T: %x became %x (%v)", record, b, b2, d.Err())
	}
}

// Frugal decodes hostile bytes as what empty makes, and checks what is allocated.
func Frugal(t *testing.T, empty func() jute.Record, hostile []byte) {
	t.Helper()
	for _, d := range []jute.Decoder{jute.NewDecoder(hostile), jute.NewAliasDecoder(hostile)} {
		record := empty()
		alloc.Bounded(t, len(hostile), func() {
			again := d
			record.DecodeFrom(&again)
		})
	}
}
