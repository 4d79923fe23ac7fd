package prep

import (
	"time"

	"zoo"
	"zoo/internal/core/acl"
	"zoo/internal/core/session"
	"zoo/internal/core/tree"
	"zoo/internal/jute"
	"zoo/internal/txn"
	"zoo/internal/wire"
)

// The cast: alice and bob have sessions of their own, everything has one time.
const (
	alice      zoo.SessionID = 0xa11ce
	bob        zoo.SessionID = 0xb0b
	noon       int64         = 1_700_000_000_000
	owner      session.Owner = 7
	anyVersion int32         = -1
)

var aliceID = acl.DigestID("alice:secret")

func private() []zoo.ACL { return []zoo.ACL{{Perms: zoo.PermAll, ID: aliceID}} }

// reporter is what a test, a benchmark and a property have in common.
type reporter interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// global is a tracker where no session is local.
type global struct{ *session.Tracker }

func (g global) CheckGlobal(id zoo.SessionID, owner session.Owner) zoo.Code {
	return g.CheckOwner(id, owner)
}

// play is a leader's tree, tracker and preparer, and what was prepared and not yet
// applied.
type play struct {
	t       reporter
	tree    *tree.Tree
	tracker *session.Tracker
	prep    *Preparer
	zxid    zoo.Zxid
	queue   []txn.Entry
}

func newPlay(t reporter, change func(*Config)) *play {
	tracker := session.NewTracker(time.Second)
	for _, id := range []zoo.SessionID{alice, bob} {
		tracker.Add(id, 10000, 0)
		tracker.SetOwner(id, owner)
	}
	cfg := Config{Sessions: global{tracker}, Quorum: true, Digest: true}
	if change != nil {
		change(&cfg)
	}
	tr := tree.New()
	return &play{t: t, tree: tr, tracker: tracker, prep: New(tr, cfg), zxid: zoo.Epoch(1).Start()}
}

func body(r jute.Record) []byte {
	if r == nil {
		return nil
	}
	return r.AppendTo(nil)
}

// prepare prepares a request of a session and queues the entry.
func (p *play) prepare(id zoo.SessionID, op wire.Op, r jute.Record, ids ...zoo.ID) txn.Entry {
	p.zxid = p.zxid.Next()
	return p.push(Request{Session: id, Op: op, Body: body(r), IDs: ids, Owner: owner})
}

func (p *play) push(r Request) txn.Entry {
	entry := p.prep.Prepare(p.zxid, noon, r)
	p.queue = append(p.queue, entry)
	return entry
}

// apply applies the oldest entry, and checks the digest in it.
func (p *play) apply() *tree.Result {
	p.t.Helper()
	entry := p.queue[0]
	p.queue = p.queue[1:]
	result, err := p.tree.Apply(entry)
	if err != nil {
		p.t.Fatalf("apply: %v", err)
	}
	_, _, digest, err := entry.Decode()
	if err != nil {
		p.t.Fatalf("decode: %v", err)
	}
	if p.prep.config.Digest && (digest == nil || digest.Tree != p.tree.Digest()) {
		p.t.Fatalf("%v %v: the tree's digest is %x, the entry says %+v",
			result.Header.Zxid, result.Header.Type, p.tree.Digest(), digest)
	}
	return result
}

// settle applies everything, and gives the codes.
func (p *play) settle() []zoo.Code {
	p.t.Helper()
	var codes []zoo.Code
	for len(p.queue) > 0 {
		codes = append(codes, p.apply().Code)
	}
	p.prep.Applied(p.zxid)
	if n := p.prep.Outstanding(); n != 0 {
		p.t.Fatalf("%d records outlive their transactions", n)
	}
	return codes
}

// do prepares and applies a request of alice's session.
func (p *play) do(op wire.Op, r jute.Record, ids ...zoo.ID) *tree.Result {
	p.t.Helper()
	p.settle()
	p.prepare(alice, op, r, ids...)
	result := p.apply()
	p.prep.Applied(p.zxid)
	return result
}

// expect does a request of alice's session and compares the code.
func (p *play) expect(title string, want zoo.Code, op wire.Op, r jute.Record, ids ...zoo.ID) {
	p.t.Helper()
	got := p.do(op, r, ids...)
	if got.Code != want || (want != 0) != (got.Header.Type == opError) {
		p.t.Errorf("%s: got %v as %v, want %v", title, got.Code, got.Header.Type, want)
	}
}

func create(path string, flags zoo.CreateMode) *wire.CreateRequest {
	return &wire.CreateRequest{Path: path, Data: []byte(path), ACL: zoo.OpenACL(), Flags: flags}
}

func closed(path string) *wire.CreateRequest {
	return &wire.CreateRequest{Path: path, ACL: private()}
}

func remove(path string, version int32) *wire.DeleteRequest {
	return &wire.DeleteRequest{Path: path, Version: version}
}

func set(path, data string, version int32) *wire.SetDataRequest {
	return &wire.SetDataRequest{Path: path, Data: []byte(data), Version: version}
}

func grant(path string, acls []zoo.ACL, version int32) *wire.SetACLRequest {
	return &wire.SetACLRequest{Path: path, ACL: acls, Version: version}
}

func check(path string, version int32) *wire.CheckVersionRequest {
	return &wire.CheckVersionRequest{Path: path, Version: version}
}

// part is one operation of a multi.
type part struct {
	op     wire.Op
	record jute.Record
}

// multi is a multi as a record.
type multi []part

func (m multi) AppendTo(b []byte) []byte {
	for _, part := range m {
		b = part.record.AppendTo(wire.AppendMultiRequest(b, part.op))
	}
	return wire.AppendMultiEnd(b)
}

func (m multi) DecodeFrom(*jute.Decoder) {}

// raw is a record of bytes.
type raw string

func (r raw) AppendTo(b []byte) []byte { return append(b, r...) }

func (r raw) DecodeFrom(*jute.Decoder) {}
