package prep

import (
	"slices"
	"testing"

	"zoo"
	"zoo/internal/jute"
	"zoo/internal/wire"
)

// The plot: parts of a multi come without the bytes that tell what they are. Whatever
// the reader in front of them lets through, they are refused.
func TestAPartWithoutItsFlagsIsRefused(t *testing.T) {
	for _, op := range []wire.Op{
		wire.OpCreate, wire.OpCreate2, wire.OpCreateContainer, wire.OpCreateTTL,
	} {
		most := flagsBytes
		if op == wire.OpCreateTTL {
			most += ttlBytes
		}
		for n := range most {
			part := wire.MultiRequest{Op: op, Body: make([]byte, n)}
			if code := new(Preparer).part(part); code != zoo.CodeMarshallingError {
				t.Errorf("%v of %d bytes: got %v", op, n, code)
			}
		}
	}
}

// The plot: a part of a multi cannot be done, and what stands behind it cannot be read or may
// not be there. The request is refused as what cannot be read, as if no part had been tried, and
// what the parts before would have changed is forgotten.
func TestAMultiThatCannotBeReadIsRefusedWhateverItsPartsComeTo(t *testing.T) {
	part := func(in []byte, op wire.Op, record jute.Record) []byte {
		return append(wire.AppendMultiRequest(in, op), body(record)...)
	}
	read, open := &wire.GetDataRequest{Path: "/"}, grant("/", zoo.OpenACL(), anyVersion)
	done := part(nil, wire.OpSetData, set("/a", "x", anyVersion))
	failing := part(done, wire.OpSetData, set("/a", "x", 77))
	for title, in := range map[string][]byte{
		"behind one that is done":  append(slices.Clone(done), "\x00\x00"...),
		"behind one that fails":    append(slices.Clone(failing), "\x00\x00"...),
		"no end":                   failing,
		"a read behind a failure":  part(failing, wire.OpGetData, read),
		"setACL behind a failure":  part(failing, wire.OpSetACL, open),
		"a create with odd flags ": part(failing, wire.OpCreate, create("/b", zoo.PersistentTTL)),
	} {
		p := newPlay(t, nil)
		p.do(wire.OpCreate, create("/a", 0))
		p.prep.Applied(p.zxid)
		p.expect(title, zoo.CodeMarshallingError, wire.OpMulti, raw(in))
		if n := p.prep.Outstanding(); n != 0 {
			t.Errorf("%s: %d znodes are about to change", title, n)
		}
	}
}
