package prep

import (
	"testing"

	"zoo"
	"zoo/internal/core/acl"
	"zoo/internal/jute"
	"zoo/internal/txn"
	"zoo/internal/wire"
)

// The plot: alice owns a znode, and a stranger writes. What the tree forbids is refused
// without a transaction; whatever else is wrong is left to the one who makes them.
func TestScreeningRefusesWhatTheTreeForbidsAndNothingElse(t *testing.T) {
	p := newPlay(t, nil)
	p.expect("a private parent", 0, wire.OpCreate, closed("/p"), aliceID)
	noACL := &wire.CreateRequest{Path: "/x/y"}
	for _, c := range []struct {
		title string
		want  zoo.Code
		op    wire.Op
		r     jute.Record
	}{
		{"a child", zoo.CodeNoAuth, wire.OpCreate, create("/p/c", 0)},
		{"a child, with its stat", zoo.CodeNoAuth, wire.OpCreate2, create("/p/c", 0)},
		{"a deletion", zoo.CodeNoAuth, wire.OpDelete, remove("/p/c", anyVersion)},
		{"data", zoo.CodeNoAuth, wire.OpSetData, set("/p", "", anyVersion)},
		{"a list", zoo.CodeNoAuth, wire.OpSetACL, grant("/p", zoo.OpenACL(), anyVersion)},
		{"no list", zoo.CodeInvalidACL, wire.OpCreate, noACL},
		{"an empty list", zoo.CodeInvalidACL, wire.OpSetACL, grant("/p", nil, anyVersion)},
		{"a child of the open root", 0, wire.OpCreate, create("/c", 0)},
		{"no such znode", 0, wire.OpSetData, set("/none", "", anyVersion)},
		{"no path", 0, wire.OpDelete, remove("p", anyVersion)},
		{"half a record", 0, wire.OpSetData, raw("\x00")},
		{"a multi", 0, wire.OpMulti, multi{{wire.OpSetData, set("/p", "", anyVersion)}}},
		{"a container", 0, wire.OpCreateContainer, create("/p/c", zoo.Container)},
	} {
		if got := Screen(p.tree, &acl.Rules{}, c.op, body(c.r), nil); got != c.want {
			t.Errorf("%s: got %v, want %v", c.title, got, c.want)
		}
		hers := Screen(p.tree, &acl.Rules{}, c.op, body(c.r), []zoo.ID{aliceID})
		if hers == zoo.CodeNoAuth {
			t.Errorf("%s: alice is refused", c.title)
		}
	}
}

// The plot: the ephemerals are not to be listed, as servers before 3.6 want it. They
// are deleted by whose they are, and the digest says so.
func TestTheEndOfASessionNeedsNoList(t *testing.T) {
	p := newPlay(t, func(c *Config) { c.EndsUnlisted = true })
	p.do(wire.OpCreate, create("/old", zoo.Ephemeral))
	p.prepare(alice, wire.OpCreate, create("/new", zoo.Ephemeral))
	entry := p.prepare(alice, wire.OpCloseSession, nil)
	p.settle()
	if n := p.tree.EphemeralCount(); n != 0 {
		t.Errorf("%d ephemerals are left", n)
	}
	if n := len(entry.Bytes); n != txn.HeaderBytes+digestBytes {
		t.Errorf("the entry has %d bytes", n)
	}
}
