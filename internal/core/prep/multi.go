package prep

import (
	"encoding/binary"

	"zoo"
	"zoo/internal/jute"
	"zoo/internal/txn"
	"zoo/internal/wire"
)

// multi prepares all parts under one zxid, each judged by what those before it
// leave behind. If one fails, so do all, and the entry tells each part its code.
//
// The record is written in place, which spares a buffer for each part:
//
//	int count    { int type    int length    record }...
func (p *Preparer) multi() zoo.Code {
	p.beginParts()
	reader := wire.NewMultiReader(p.request.Body)
	for i := 0; ; i++ {
		part, more := reader.Next()
		if !more {
			break
		}
		code := p.part(part)
		if code == zoo.CodeOK {
			continue
		}
		_, known := findPart(kindOf(part))
		rest, readable := countParts(&reader)
		switch {
		case !known || !readable:
			return zoo.CodeMarshallingError
		case code == zoo.CodeSessionMoved:
			return code // It ends the connection, whatever it stands in.
		}
		p.failMulti(i, i+1+rest, code)
		return zoo.CodeOK
	}
	if reader.Err() != nil {
		return zoo.CodeMarshallingError
	}
	p.endParts()
	return zoo.CodeOK
}

// beginParts leaves room for the count of the parts, endParts fills it in.
func (p *Preparer) beginParts() {
	p.count = 0
	p.out = jute.AppendCount(p.out, 0)
}

func (p *Preparer) endParts() {
	binary.BigEndian.PutUint32(p.out[txn.HeaderBytes:], uint32(p.count))
}

// openPart begins a part of the record, and gives where its own record starts.
func (p *Preparer) openPart(op wire.Op) (start int) {
	p.count++
	p.out = jute.AppendInt(p.out, int32(op))
	p.out = jute.AppendInt(p.out, 0)
	return len(p.out)
}

// closePart ends the part that starts there.
func (p *Preparer) closePart(start int) {
	binary.BigEndian.PutUint32(p.out[start-4:], uint32(len(p.out)-start))
}

// countParts counts those that are left. It is false for a request that cannot be decoded to
// its end, or has parts that may not be there, such as another multi: such a one is refused
// whatever the parts before have come to.
func countParts(reader *wire.MultiReader) (int, bool) {
	for count := 0; ; count++ {
		part, more := reader.Next()
		if !more {
			return count, reader.Err() == nil
		}
		if _, ok := findPart(kindOf(part)); !ok {
			return 0, false
		}
	}
}

// The bytes that a create ends with: its flags, and a createTTL's time to live.
const (
	flagsBytes = 4
	ttlBytes   = 8
)

// kindOf is what a part does. Of a create the flags decide alone, whatever operation
// it came as, so that create2 answers as create does; and only a createTTL can carry
// the time that the flags of one ask for. OpError is none that may be there, as of a
// create that ends before its flags.
func kindOf(part wire.MultiRequest) wire.Op {
	behind := 0
	switch part.Op {
	case wire.OpCreateTTL:
		behind = ttlBytes
	case wire.OpCreate, wire.OpCreate2, wire.OpCreateContainer:
	default:
		return part.Op
	}
	if len(part.Body) < flagsBytes+behind {
		return wire.OpError
	}
	flags := part.Body[:len(part.Body)-behind]
	mode := zoo.CreateMode(int32(binary.BigEndian.Uint32(flags[len(flags)-flagsBytes:])))
	switch {
	case mode == zoo.Container:
		return wire.OpCreateContainer
	case mode.IsTTL() && part.Op == wire.OpCreateTTL:
		return wire.OpCreateTTL
	case mode.IsTTL():
		return wire.OpError
	}
	return wire.OpCreate
}

func (p *Preparer) part(part wire.MultiRequest) zoo.Code {
	p.body = jute.NewAliasDecoder(part.Body)
	kind := kindOf(part)
	op, ok := findPart(kind)
	if !ok {
		return zoo.CodeMarshallingError
	}
	if kind >= wire.ExtensionLowest {
		return op(p)
	}
	start := p.openPart(kind)
	code := op(p)
	p.closePart(start)
	return code
}

// failMulti replaces the record by one of errors: nothing for the parts before the
// failed one, its code, and CodeRuntimeInconsistency for those that were not tried.
func (p *Preparer) failMulti(failed, count int, code zoo.Code) {
	p.rollback()
	p.out = jute.AppendCount(p.out[:txn.HeaderBytes], count)
	for i := range count {
		result := zoo.CodeOK
		switch {
		case i == failed:
			result = code
		case i > failed:
			result = zoo.CodeRuntimeInconsistency
		}
		p.out = jute.AppendInt(p.out, int32(opError))
		p.out = jute.AppendInt(p.out, 4)
		p.out = jute.AppendInt(p.out, int32(result))
	}
}
