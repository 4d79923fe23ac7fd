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
	count, ok := countParts(p.request.Body)
	if !ok {
		return zoo.CodeMarshallingError
	}
	p.out = jute.AppendCount(p.out, count)
	reader := wire.NewMultiReader(p.request.Body)
	for i := range count {
		part, _ := reader.Next()
		if code := p.part(part); code != zoo.CodeOK {
			p.failMulti(i, count, code)
			break
		}
	}
	return zoo.CodeOK
}

// countParts is false for a request that cannot be decoded to its end, or has parts
// that may not be there, such as another multi.
func countParts(body []byte) (int, bool) {
	reader := wire.NewMultiReader(body)
	for count := 0; ; count++ {
		part, more := reader.Next()
		if !more {
			return count, reader.Err() == nil
		}
		if _, ok := findPart(part.Op); !ok {
			return 0, false
		}
	}
}

func (p *Preparer) part(part wire.MultiRequest) zoo.Code {
	p.out = jute.AppendInt(p.out, int32(part.Op))
	length := len(p.out)
	p.out = jute.AppendInt(p.out, 0)
	start := len(p.out)
	p.body = jute.NewAliasDecoder(part.Body)
	op, _ := findPart(part.Op)
	code := op(p)
	binary.BigEndian.PutUint32(p.out[length:], uint32(len(p.out)-start))
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
