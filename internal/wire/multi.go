package wire

import (
	"errors"

	"zoo"
	"zoo/internal/jute"
)

// A multi is a sequence, in the request as well as in the reply:
//
//	MultiHeader{type, done 0, err} + record     for each part
//	MultiHeader{-1, done 1, -1}                 at the end
//
// In a request err is -1. In a reply it is 0, or the code of a failed part, whose
// type is then -1 and whose record is an ErrorResponse.

// The reasons to refuse a multi.
var (
	// ErrMultiOp means a part that may not be in a multi.
	ErrMultiOp = errors.New("operation not allowed in multi")
	// ErrMultiMixed means a multi that has both reads and writes.
	ErrMultiMixed = errors.New("multi mixes reads and writes")
)

// MultiRequest is one part of a multi.
type MultiRequest struct {
	Op   Op
	Body []byte // Body is the part's record; it shares the input's memory.
}

// MultiReader walks through the parts of a multi or multiRead request.
type MultiReader struct {
	d     jute.Decoder
	class Class // class is that of the first part; all must agree.
}

// NewMultiReader reads body, what follows the RequestHeader.
func NewMultiReader(body []byte) MultiReader {
	return MultiReader{d: jute.NewAliasDecoder(body)}
}

// Next gives the next part; false at the end, which is proper if Err is nil.
func (m *MultiReader) Next() (MultiRequest, bool) {
	header, ok := nextPart(&m.d)
	if !ok {
		return MultiRequest{}, false
	}
	if err := m.admit(header.Type); err != nil {
		m.d.Fail("multi", err)
		return MultiRequest{}, false
	}
	start := m.d.Offset()
	skipRequest(&m.d, header.Type)
	return MultiRequest{Op: header.Type, Body: m.d.Since(start)}, m.d.Err() == nil
}

// Err tells why the walk ended early.
func (m *MultiReader) Err() error { return m.d.Err() }

// admit checks that a part may be here.
func (m *MultiReader) admit(op Op) error {
	class := multiClass(op)
	switch {
	case class == ClassNever:
		return ErrMultiOp
	case m.class != ClassNever && m.class != class:
		return ErrMultiMixed
	}
	m.class = class
	return nil
}

// multiClass is the class of a part of a multi; ClassNever for what cannot be.
func multiClass(op Op) Class {
	switch op {
	case OpCreate, OpCreate2, OpCreateContainer, OpCreateTTL, OpDelete, OpSetData, OpCheck:
		return ClassWrite
	case OpCheckNotExists, OpCreateIfNotExists, OpRemoveRecursive, OpTryRemove:
		return ClassWrite
	case OpGetData, OpGetChildren:
		return ClassRead
	}
	return ClassNever
}

// MultiExtends tells whether a multi has a part that is an extension. It looks no
// further than the request can be decoded.
func MultiExtends(body []byte) bool {
	reader := NewMultiReader(body)
	for part, more := reader.Next(); more; part, more = reader.Next() {
		if part.Op >= ExtensionLowest {
			return true
		}
	}
	return false
}

// skipRequest moves d behind the request record of a part.
func skipRequest(d *jute.Decoder, op Op) {
	d.Buffer() // The path: a string has the bytes of a buffer.
	switch op {
	case OpCreate, OpCreate2, OpCreateContainer, OpCreateTTL, OpCreateIfNotExists:
		d.Buffer()
		skipACL(d)
		d.Int()
		if op == OpCreateTTL {
			d.Long()
		}
	case OpSetData:
		d.Buffer()
		d.Int()
	case OpDelete, OpCheck, OpCheckNotExists, OpRemoveRecursive, OpTryRemove:
		d.Int()
	default:
		d.Bool()
	}
}

func skipACL(d *jute.Decoder) {
	for range d.Count(aclBytesMin) {
		d.Int()
		d.Buffer()
		d.Buffer()
	}
}

// AppendMultiRequest appends the header of a part of a request; the record
// follows.
func AppendMultiRequest(b []byte, op Op) []byte {
	header := MultiHeader{Type: op, Err: -1}
	return header.AppendTo(b)
}

// AppendMultiEnd appends the end of a request or of a reply.
func AppendMultiEnd(b []byte) []byte {
	header := MultiHeader{Type: OpError, Done: true, Err: -1}
	return header.AppendTo(b)
}

// AppendMultiResult appends the header of a part of a reply for a request of
// type op that succeeded. The reply record follows, where the operation has one:
// all that create with a Stat answer as create2 does.
func AppendMultiResult(b []byte, op Op) []byte {
	header := MultiHeader{Type: multiResultType(op)}
	return header.AppendTo(b)
}

// AppendMultiError appends a part of a reply for a request that did not succeed,
// or was rolled back.
func AppendMultiError(b []byte, code zoo.Code) []byte {
	header := MultiHeader{Type: OpError, Err: code}
	return jute.AppendInt(header.AppendTo(b), int32(code))
}

// multiResultType is the type in the reply to a part of type op.
func multiResultType(op Op) Op {
	switch op {
	case OpCreate2, OpCreateContainer, OpCreateTTL:
		return OpCreate2
	case OpDelete, OpDeleteContainer:
		return OpDelete
	}
	return op
}

// MultiResult is one part of a multi's reply.
type MultiResult struct {
	Op Op // Op is the type in the reply: OpError for what failed.
	// Err is CodeOK also for a part that was rolled back because a later one
	// failed.
	Err  zoo.Code
	Body []byte // Body is the part's record; it shares the input's memory.
}

// MultiResultReader walks through the parts of a multi or multiRead reply.
type MultiResultReader struct{ d jute.Decoder }

// NewMultiResultReader reads body, what follows the ReplyHeader.
func NewMultiResultReader(body []byte) MultiResultReader {
	return MultiResultReader{d: jute.NewAliasDecoder(body)}
}

// Next gives the next part; false at the end, which is proper if Err is nil.
func (m *MultiResultReader) Next() (MultiResult, bool) {
	header, ok := nextPart(&m.d)
	if !ok {
		return MultiResult{}, false
	}
	start := m.d.Offset()
	skipResult(&m.d, header.Type)
	result := MultiResult{Op: header.Type, Err: header.Err, Body: m.d.Since(start)}
	return result, m.d.Err() == nil
}

// Err tells why the walk ended early.
func (m *MultiResultReader) Err() error { return m.d.Err() }

// skipResult moves d behind the reply record of a part.
func skipResult(d *jute.Decoder, op Op) {
	switch op {
	case OpCreate, OpGetData, OpCreate2, OpCreateIfNotExists:
		d.Buffer()
	case OpGetChildren:
		for range d.Count(4) {
			d.Buffer()
		}
	case OpError:
		d.Int()
	case OpSetData, OpDelete, OpCheck:
	case OpCheckNotExists, OpRemoveRecursive, OpTryRemove:
	default:
		d.Fail("multi", ErrMultiOp)
	}
	if op == OpCreate2 || op == OpSetData || op == OpGetData {
		DecodeStat(d)
	}
}

// nextPart reads the header of a part; false at the end.
func nextPart(d *jute.Decoder) (MultiHeader, bool) {
	var header MultiHeader
	header.DecodeFrom(d)
	return header, d.Err() == nil && !header.Done
}
