package tree

import (
	"slices"

	"zoo"
	"zoo/internal/jute"
	"zoo/internal/txn"
	"zoo/internal/wire"
)

// subsKept is how many results of parts are kept for the next multi. A part takes 20
// bytes of a frame and its result ten times as many: what the largest multi ever needed
// is not kept for good.
const subsKept = 1024

// freshSubs gives an empty list of results of parts.
func (t *Tree) freshSubs() []Result {
	if cap(t.subs) > subsKept {
		return nil
	}
	return t.subs[:0]
}

// partBytesMin is what a part of a multi takes at least: its type and an empty record.
const partBytesMin = 8

// applyMulti does the parts in order, all under the zxid of the whole. A multi
// that failed consists of error parts only: none of it happens. The record is a txn.MultiTxn,
// which is walked through instead of being made a list of.
func (t *Tree) applyMulti(r *Result, d *jute.Decoder) error {
	count := d.Count(partBytesMin)
	parts, failed := *d, false
	for range count {
		failed = failed || wire.Op(d.Int()) == wire.OpError
		d.Buffer()
	}
	if d.Err() != nil {
		return d.Err()
	}
	t.subs = slices.Grow(t.subs, count)
	for range count {
		t.subs = append(t.subs, Result{Header: r.Header})
		sub := &t.subs[len(t.subs)-1]
		sub.Header.Type = wire.Op(parts.Int())
		record := parts.Buffer()
		if failed && sub.Header.Type != wire.OpError {
			refuse(sub, r.Code)
			continue
		}
		if err := t.applyPart(sub, record); err != nil {
			return err
		}
		if r.Code == zoo.CodeOK {
			r.Code = sub.Code
		}
	}
	r.Multi = t.subs
	return nil
}

// refuse answers for a part that an error beside it keeps from happening: OK
// before the part that failed, a runtime inconsistency after it.
func refuse(sub *Result, failure zoo.Code) {
	sub.Header.Type = wire.OpError
	if failure != zoo.CodeOK {
		sub.Code = zoo.CodeRuntimeInconsistency
	}
}

func (t *Tree) applyPart(sub *Result, data []byte) error {
	d := jute.NewTrustedDecoder(data)
	if err := t.performPart(sub, &d); err != nil {
		return err
	}
	return d.Err()
}

// applyCheck only notes the path: the leader compared the versions.
func applyCheck(r *Result, d *jute.Decoder) error {
	var record txn.CheckVersionTxn
	record.DecodeFrom(d)
	r.Path = record.Path
	return d.Err()
}
