package wire_test

import (
	"bytes"
	"errors"
	"testing"

	"zoo"
	"zoo/internal/jute"
	"zoo/internal/jute/jutetest"
	"zoo/internal/wire"
)

// part is a MultiHeader and a record; end is what closes a multi.
func part(op wire.Op, err int32, record ...any) jutetest.Raw {
	return jutetest.Raw(append(bytesOf(i4(op), false, err), bytesOf(record...)...))
}

var end = jutetest.Raw(bytesOf(i4(-1), true, i4(-1)))

func TestAMultiYieldsItsParts(t *testing.T) {
	for name, parts := range map[string][]wire.MultiRequest{
		"writes": {
			{Op: wire.OpCreate, Body: bytesOf("/a", data, anACLBytes, i4(0))},
			{Op: wire.OpCreate2, Body: bytesOf("/b", nil, nil, i4(1))},
			{Op: wire.OpCreateContainer, Body: bytesOf("/c", data, anACLBytes, i4(4))},
			{Op: wire.OpCreateTTL, Body: bytesOf("/d", data, anACLBytes, i4(5), i8(9))},
			{Op: wire.OpDelete, Body: bytesOf("/e", i4(-1))},
			{Op: wire.OpSetData, Body: bytesOf("/f", data, i4(3))},
			{Op: wire.OpCheck, Body: bytesOf("/g", i4(0))},
		},
		"reads": {
			{Op: wire.OpGetData, Body: bytesOf("/a", false)},
			{Op: wire.OpGetChildren, Body: bytesOf("/b", true)},
		},
		"nothing": {},
	} {
		var in []byte
		for _, p := range parts {
			in = append(wire.AppendMultiRequest(in, p.Op), p.Body...)
		}
		m := wire.NewMultiReader(wire.AppendMultiEnd(in))
		for _, want := range parts {
			got, ok := m.Next()
			if !ok || got.Op != want.Op || !bytes.Equal(got.Body, want.Body) {
				t.Fatalf("%s: got %+v (%v), want %+v", name, got, m.Err(), want)
			}
		}
		if extra, ok := m.Next(); ok || m.Err() != nil {
			t.Fatalf("%s: after the end comes %+v, %v", name, extra, m.Err())
		}
	}
}

func TestAMultiThatCannotBeIsRefused(t *testing.T) {
	read := part(wire.OpGetData, -1, "/a", false)
	write := part(wire.OpDelete, -1, "/a", i4(-1))
	setACL := part(wire.OpSetACL, -1, "/a", nil, i4(0))
	lying := part(wire.OpCreate, -1, "/a", nil, i4(1<<30))
	for name, c := range map[string]struct {
		in   []byte
		want error
	}{
		"empty":        {nil, jute.ErrTruncated},
		"no end":       {write, jute.ErrTruncated},
		"cut part":     {write[:15], jute.ErrTruncated},
		"read, write":  {bytesOf(read, write, end), wire.ErrMultiMixed},
		"write, read":  {bytesOf(write, read, end), wire.ErrMultiMixed},
		"nested":       {bytesOf(part(wire.OpMulti, -1), end), wire.ErrMultiOp},
		"setACL":       {bytesOf(setACL, end), wire.ErrMultiOp},
		"unknown":      {bytesOf(part(77, -1), end), wire.ErrMultiOp},
		"lying vector": {bytesOf(lying, end), jute.ErrLength},
	} {
		m := wire.NewMultiReader(c.in)
		for ok := true; ok; {
			_, ok = m.Next()
		}
		if !errors.Is(m.Err(), c.want) {
			t.Errorf("%s gives %v, want %v", name, m.Err(), c.want)
		}
	}
}

func TestTheRepliesOfAMultiHaveTheBytesOfTheProtocol(t *testing.T) {
	b := wire.AppendMultiResult(nil, wire.OpCreate)
	b = append(b, bytesOf("/a")...)
	for _, op := range []wire.Op{wire.OpCreate2, wire.OpCreateContainer, wire.OpCreateTTL} {
		b = append(wire.AppendMultiResult(b, op), bytesOf("/b", aStatBytes)...)
	}
	b = wire.AppendMultiResult(b, wire.OpDelete)
	b = append(wire.AppendMultiResult(b, wire.OpSetData), aStatBytes...)
	b = wire.AppendMultiResult(b, wire.OpCheck)
	b = append(wire.AppendMultiResult(b, wire.OpGetData), bytesOf(data, aStatBytes)...)
	b = append(wire.AppendMultiResult(b, wire.OpGetChildren), bytesOf(i4(1), "x")...)
	b = wire.AppendMultiError(b, zoo.CodeNoNode)
	b = wire.AppendMultiEnd(b)

	create2 := part(wire.OpCreate2, 0, "/b", aStatBytes)
	want := bytesOf(part(wire.OpCreate, 0, "/a"), create2, create2, create2,
		part(wire.OpDelete, 0), part(wire.OpSetData, 0, aStatBytes), part(wire.OpCheck, 0),
		part(wire.OpGetData, 0, data, aStatBytes), part(wire.OpGetChildren, 0, i4(1), "x"),
		part(wire.OpError, -101, i4(-101)), end)
	if !bytes.Equal(b, want) {
		t.Fatalf("encoded\n  %x, want\n  %x", b, want)
	}
	checkResults(t, b, []wire.MultiResult{
		{wire.OpCreate, 0, bytesOf("/a")},
		{wire.OpCreate2, 0, bytesOf("/b", aStatBytes)},
		{wire.OpCreate2, 0, bytesOf("/b", aStatBytes)},
		{wire.OpCreate2, 0, bytesOf("/b", aStatBytes)},
		{wire.OpDelete, 0, nil},
		{wire.OpSetData, 0, aStatBytes},
		{wire.OpCheck, 0, nil},
		{wire.OpGetData, 0, bytesOf(data, aStatBytes)},
		{wire.OpGetChildren, 0, bytesOf(i4(1), "x")},
		{wire.OpError, zoo.CodeNoNode, bytesOf(i4(-101))},
	})
}

func checkResults(t *testing.T, b []byte, want []wire.MultiResult) {
	t.Helper()
	m := wire.NewMultiResultReader(b)
	for _, w := range want {
		got, ok := m.Next()
		if !ok || got.Op != w.Op || got.Err != w.Err || !bytes.Equal(got.Body, w.Body) {
			t.Fatalf("got %+v (%v), want %+v", got, m.Err(), w)
		}
	}
	if extra, ok := m.Next(); ok || m.Err() != nil {
		t.Fatalf("after the end comes %+v, %v", extra, m.Err())
	}
}

func TestAReplyWithAStrangePartIsRefused(t *testing.T) {
	m := wire.NewMultiResultReader(bytesOf(part(wire.OpSync, 0, "/a"), end))
	if _, ok := m.Next(); ok || !errors.Is(m.Err(), wire.ErrMultiOp) {
		t.Fatalf("got %v", m.Err())
	}
}

func TestWalkingThroughAMultiAllocatesNothing(t *testing.T) {
	in := bytesOf(part(wire.OpCreate, -1, "/a", data, anACLBytes, i4(0)),
		part(wire.OpDelete, -1, "/a", i4(-1)), end)
	n := testing.AllocsPerRun(10, func() {
		m := wire.NewMultiReader(in)
		for ok := true; ok; {
			_, ok = m.Next()
		}
		if m.Err() != nil {
			t.Fatal(m.Err())
		}
	})
	if n != 0 {
		t.Fatalf("%v allocations", n)
	}
}
