package tree

import (
	"errors"
	"fmt"

	"zoo"
	"zoo/internal/jute"
	"zoo/internal/txn"
	"zoo/internal/wire"
)

// Result tells what an entry did. It belongs to the tree and is good until the
// next Apply; strings and data in it are views of the entry.
type Result struct {
	Header txn.Header
	// Code is the answer: an error transaction's own, or what replaying found.
	// A multi has the first code of its parts that is not CodeOK; its reply
	// header says CodeOK all the same.
	Code zoo.Code
	// Path is the znode the entry is about: the created path, for a create.
	Path string
	// Stat is the znode's after create, setData and setACL.
	Stat zoo.Stat
	// Data is the znode's after setData.
	Data []byte
	// Multi is one result for each part of a multi; their Events are empty.
	Multi []Result
	// Events is what watches are to hear, in this order.
	Events []Event
	// SessionTimeout is that of a createSession, in milliseconds.
	SessionTimeout int32
	// HasDigest is set when the entry says what the digest must now be, and the
	// tree is not fuzzy; DigestDiffers when it is not that.
	HasDigest, DigestDiffers bool
	// Foretold is the digest that the entry says, if HasDigest.
	Foretold uint64
}

// Event is a change that watches may be waiting for.
type Event struct {
	Type zoo.EventType
	Path string
	// ACL is the list that must let a watcher read for it to hear of the event:
	// the znode's, as it was before a deletion; the parent's for its children.
	ACL []zoo.ACL
}

// EntryError is an entry that no correct server can have written. The tree may
// hold a part of its effects and must not be used any more.
type EntryError struct {
	Zxid zoo.Zxid
	Type wire.Op
	Err  error
}

// Error says which entry it was, and what is wrong with it.
func (e *EntryError) Error() string {
	return fmt.Sprintf("apply entry %v of type %d: %v", e.Zxid, int32(e.Type), e.Err)
}

// Unwrap gives the reason.
func (e *EntryError) Unwrap() error { return e.Err }

// ErrType means a transaction type that may not stand where it was found.
var ErrType = errors.New("unexpected transaction type")

// Apply makes the change that the entry describes. The only errors are entries
// that cannot be read.
//
// What cannot be done is left undone, because a snapshot written by Java may
// contain part of what follows it in the log: deleting what is not there,
// creating what is there and setting what is gone change nothing but the
// parent's counters, and a later entry of the log puts the rest right. Then
// applying the log from any point on gives the same tree.
func (t *Tree) Apply(e txn.Entry) (*Result, error) {
	t.events = t.events[:0]
	t.subs = t.freshSubs()
	r := &t.result
	*r = Result{}
	header, d := e.Open()
	r.Header = header
	err := t.perform(r, &d)
	if err == nil {
		err = d.Err()
	}
	if err != nil {
		return nil, &EntryError{Zxid: e.Zxid, Type: r.Header.Type, Err: err}
	}
	r.Events = t.events
	t.zxid = max(t.zxid, r.Header.Zxid)
	t.compareDigest(r, &d)
	return r, nil
}

// perform does the operation that the header names.
func (t *Tree) perform(r *Result, d *jute.Decoder) error {
	switch r.Header.Type {
	case wire.OpCreateSession:
		return t.applyCreateSession(r, d)
	case wire.OpCloseSession:
		return t.applyCloseSession(r, d)
	case wire.OpSetACL:
		return t.applySetACL(r, d)
	case wire.OpMulti:
		return t.applyMulti(r, d)
	case wire.OpCheck:
		return ErrType
	}
	return t.performPart(r, d)
}

// performPart does an operation that may also be part of a multi.
func (t *Tree) performPart(r *Result, d *jute.Decoder) error {
	switch r.Header.Type {
	case wire.OpCreate, wire.OpCreate2:
		return t.applyCreate(r, d)
	case wire.OpCreateContainer:
		return t.applyCreateContainer(r, d)
	case wire.OpCreateTTL:
		return t.applyCreateTTL(r, d)
	case wire.OpDelete, wire.OpDeleteContainer:
		return t.applyDelete(r, d)
	case wire.OpSetData, wire.OpReconfig:
		return t.applySetData(r, d)
	case wire.OpCheck:
		return applyCheck(r, d)
	case wire.OpError:
		return applyError(r, d)
	}
	return ErrType
}

// applyError records the code of a write that was refused before it got here.
func applyError(r *Result, d *jute.Decoder) error {
	var record txn.ErrorTxn
	record.DecodeFrom(d)
	r.Code = zoo.Code(record.Err)
	return d.Err()
}

func (t *Tree) compareDigest(r *Result, d *jute.Decoder) {
	want, present := txn.DecodeDigest(d)
	r.HasDigest = present && want.Version == txn.DigestVersion &&
		r.Header.Zxid >= t.fuzzy.Until
	r.Foretold = want.Tree
	r.DigestDiffers = r.HasDigest && want.Tree != t.digest
}

// tell adds an event for the watches.
func (t *Tree) tell(kind zoo.EventType, path string, acl uint32) {
	if path == "" {
		path = "/"
	}
	t.events = append(t.events, Event{Type: kind, Path: path, ACL: t.acls.list(acl)})
}

// tellParent adds the event that the children of path's parent changed.
func (t *Tree) tellParent(path, name string, parent slot) {
	above := path[:len(path)-len(name)-1]
	t.tell(zoo.EventNodeChildrenChanged, above, t.nodes.at(parent).acl)
}
