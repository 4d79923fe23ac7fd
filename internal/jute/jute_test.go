package jute_test

import (
	"bytes"
	"errors"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"zoo/internal/jute"
)

func TestEachTypeHasTheBytesOfTheProtocol(t *testing.T) {
	for _, c := range []struct{ name, got, want string }{
		{"true", string(jute.AppendBool(nil, true)), "\x01"},
		{"false", string(jute.AppendBool(nil, false)), "\x00"},
		{"int", string(jute.AppendInt(nil, 0x01020304)), "\x01\x02\x03\x04"},
		{"negative int", string(jute.AppendInt(nil, -2)), "\xff\xff\xff\xfe"},
		{"long", string(jute.AppendLong(nil, 0x0102030405060708)),
			"\x01\x02\x03\x04\x05\x06\x07\x08"},
		{"string", string(jute.AppendString(nil, "zü")), "\x00\x00\x00\x03z\xc3\xbc"},
		{"empty string", string(jute.AppendString(nil, "")), "\x00\x00\x00\x00"},
		{"buffer", string(jute.AppendBuffer(nil, []byte{9})), "\x00\x00\x00\x01\x09"},
		{"empty buffer", string(jute.AppendBuffer(nil, []byte{})), "\x00\x00\x00\x00"},
		{"null buffer", string(jute.AppendBuffer(nil, nil)), "\xff\xff\xff\xff"},
		{"null vector", string(jute.AppendNull(nil)), "\xff\xff\xff\xff"},
		{"strings", string(jute.AppendStrings(nil, []string{"a", ""})),
			"\x00\x00\x00\x02\x00\x00\x00\x01a\x00\x00\x00\x00"},
	} {
		if c.got != c.want {
			t.Errorf("%s is %x, want %x", c.name, c.got, c.want)
		}
	}
}

func TestWhateverIsAppendedIsDecoded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.Bool().Draw(t, "b")
		i, l := rapid.Int32().Draw(t, "i"), rapid.Int64().Draw(t, "l")
		s, p := rapid.String().Draw(t, "s"), rapid.SliceOf(rapid.Byte()).Draw(t, "p")
		list := rapid.SliceOfN(rapid.String(), 1, 5).Draw(t, "list")
		b := jute.AppendInt(jute.AppendBool(nil, v), i)
		b = jute.AppendString(jute.AppendLong(b, l), s)
		b = jute.AppendStrings(jute.AppendBuffer(b, p), list)
		for _, d := range []jute.Decoder{jute.NewDecoder(b), jute.NewAliasDecoder(b)} {
			same := d.Bool() == v && d.Int() == i && d.Long() == l && d.String() == s &&
				bytes.Equal(d.Buffer(), p) && slices.Equal(d.Strings(), list)
			if !same || d.Err() != nil || d.Len() != 0 {
				t.Fatalf("%x does not decode to what it was made of: %v", b, d.Err())
			}
		}
	})
}

func TestNullReadsAsNothing(t *testing.T) {
	d := jute.NewDecoder([]byte(strings.Repeat("\xff", 16)))
	s, p, list, n := d.String(), d.Buffer(), d.Strings(), d.Count(4)
	if s != "" || p != nil || list != nil || n != 0 || d.Err() != nil {
		t.Fatalf("null gave %q %v %v %d, error %v", s, p, list, n, d.Err())
	}
}

func TestEmptyBuffersAndVectorsAreNotNull(t *testing.T) {
	d := jute.NewDecoder(make([]byte, 8))
	if p := d.Buffer(); p == nil {
		t.Error("an empty buffer reads as null")
	}
	if n, present := d.NullableCount(4); n != 0 || !present {
		t.Error("an empty vector reads as null")
	}
}

func TestAnyNonZeroByteIsTrue(t *testing.T) {
	d := jute.NewDecoder([]byte{2, 0})
	if !d.Bool() || d.Bool() {
		t.Fatal("want true, false")
	}
}

func TestTheFirstErrorStaysAndTellsWhere(t *testing.T) {
	d := jute.NewDecoder([]byte{0, 0, 0, 7, 0, 0, 0, 9, 'x'})
	first, text, after := d.Int(), d.String(), d.Int()
	if first != 7 || text != "" || after != 0 || d.Len() != 0 || len(d.Rest()) != 0 {
		t.Fatalf("got %d %q %d, %d bytes left", first, text, after, d.Len())
	}
	var format *jute.FormatError
	if !errors.As(d.Err(), &format) || format.Offset != 8 || format.What != "string" {
		t.Fatalf("error is %v", d.Err())
	}
	if !errors.Is(d.Err(), jute.ErrTruncated) {
		t.Fatalf("%v does not wrap ErrTruncated", d.Err())
	}
	if want := "decode string at byte 8: truncated"; d.Err().Error() != want {
		t.Fatalf("error reads %q, want %q", d.Err(), want)
	}
}

func TestUnreasonableLengthsAreRefused(t *testing.T) {
	minusTwo := []byte{0xff, 0xff, 0xff, 0xfe}
	huge := []byte{0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0}
	for _, c := range []struct {
		name string
		in   []byte
		read func(*jute.Decoder)
	}{
		{"string of -2", minusTwo, func(d *jute.Decoder) { _ = d.String() }},
		{"buffer of -2", minusTwo, func(d *jute.Decoder) { d.Buffer() }},
		{"huge vector", huge, func(d *jute.Decoder) { d.Count(12) }},
		{"huge strings", huge, func(d *jute.Decoder) { d.Strings() }},
	} {
		d := jute.NewDecoder(c.in)
		if c.read(&d); !errors.Is(d.Err(), jute.ErrLength) {
			t.Errorf("%s gives %v", c.name, d.Err())
		}
	}
	d := jute.NewDecoder(minusTwo)
	if n := d.Count(4); n != 0 || d.Err() != nil {
		t.Errorf("a vector of -2 gives %d elements, %v", n, d.Err())
	}
}

// A length is four bytes that anybody can send. It must not make us allocate.
func TestALyingLengthAllocatesNothing(t *testing.T) {
	huge := []byte{0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 100 {
		d := jute.NewDecoder(huge)
		d.Strings()
		d = jute.NewDecoder(huge)
		_ = d.String()
	}
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 {
		t.Fatalf("allocated %d bytes", n)
	}
}

func TestInvalidTextBecomesReplacementCharacters(t *testing.T) {
	for in, want := range map[string]string{
		"plain":                        "plain",
		"a\xffb":                       "a\ufffdb",
		"\xed\xa0\xbd\xed\xb8\x80":     "\ufffd\ufffd", // What Java writes for U+1F600.
		"\xf0\x9f\x98\x80":             "\U0001f600",
		"cut\xe2\x82":                  "cut\ufffd\ufffd",
		"\xed\x9f\xbf is no surrogate": "\ud7ff is no surrogate",
	} {
		for _, open := range []func([]byte) jute.Decoder{jute.NewDecoder, jute.NewAliasDecoder} {
			d := open(jute.AppendString(nil, in))
			if got := d.String(); got != want || !utf8.ValidString(got) {
				t.Errorf("%q decodes to %q, want %q", in, got, want)
			}
		}
	}
}

func TestPlainDecoderCopiesStringsAndAliasDecoderDoesNot(t *testing.T) {
	b := jute.AppendString(nil, "path")
	copied, aliased := jute.NewDecoder(b), jute.NewAliasDecoder(b)
	safe, shared := copied.String(), aliased.String()
	b[4] = 'b'
	if safe != "path" || shared != "bath" {
		t.Fatalf("got %q and %q", safe, shared)
	}
}

func TestABufferCannotGrowIntoTheInput(t *testing.T) {
	b := jute.AppendInt(jute.AppendBuffer(nil, []byte("data")), 7)
	d := jute.NewDecoder(b)
	_ = append(d.Buffer(), "overwritten"...)
	if d.Int() != 7 {
		t.Fatal("appending to a decoded buffer changed the input")
	}
}

func TestSinceGivesWhatWasRead(t *testing.T) {
	d := jute.NewDecoder([]byte{1, 2, 3, 4, 5, 6, 7, 8})
	d.Int()
	start := d.Offset()
	d.Bool()
	d.Bool()
	if got := d.Since(start); !bytes.Equal(got, []byte{5, 6}) {
		t.Fatalf("got %v", got)
	}
	if d.Long(); d.Since(start) != nil {
		t.Fatal("there is something after an error")
	}
}

func BenchmarkDecodePathAndVersion(b *testing.B) {
	in := jute.AppendInt(jute.AppendString(nil, "/services/web/instance-0000000017"), 3)
	b.ReportAllocs()
	for b.Loop() {
		d := jute.NewAliasDecoder(in)
		if d.String() == "" || d.Int() != 3 {
			b.Fatal(d.Err())
		}
	}
}
