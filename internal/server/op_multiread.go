package server

import (
	"zoo"
	"zoo/internal/jute"
	"zoo/internal/wire"
)

// multiReadBytesMax bounds the reply to a multiRead. Of a few bytes that name a
// large znode a thousand times it would make gigabytes, far more than any client
// takes in one frame.
const multiReadBytesMax = 32 << 20

// multiRead answers part by part: the error of one stops none of the others.
// Nothing is read of a request that cannot be decoded to its end. As in Java the
// parts set no watches, whatever their flag says.
func (x *exec) multiRead(d *jute.Decoder) zoo.Code {
	body := d.Rest()
	if !readsOnly(body) {
		return zoo.CodeMarshallingError
	}
	start := len(x.out)
	reader := wire.NewMultiReader(body)
	for part, more := reader.Next(); more; part, more = reader.Next() {
		x.readPart(&part)
		if len(x.out)-start > multiReadBytesMax {
			x.walked = true
			return zoo.CodeMarshallingError
		}
	}
	x.out = wire.AppendMultiEnd(x.out)
	return zoo.CodeOK
}

// readsOnly tells whether a request is one of reads only.
func readsOnly(body []byte) bool {
	reader := wire.NewMultiReader(body)
	for part, more := reader.Next(); more; part, more = reader.Next() {
		if part.Op != wire.OpGetData && part.Op != wire.OpGetChildren {
			return false
		}
	}
	return reader.Err() == nil
}

// readPart appends the result of one part.
func (x *exec) readPart(part *wire.MultiRequest) {
	d := jute.NewAliasDecoder(part.Body)
	node, code := x.find(d.String())
	if code == zoo.CodeNoNode && part.Op == wire.OpGetData && x.announces(x.missing) {
		x.out = wire.AppendMultiResult(x.out, part.Op)
		x.announced(x.missing)
		return
	}
	if code != zoo.CodeOK {
		x.out = wire.AppendMultiError(x.out, code)
		return
	}
	x.out = wire.AppendMultiResult(x.out, part.Op)
	if part.Op == wire.OpGetChildren {
		x.out = x.server.lists.appendNames(x.out, node)
		return
	}
	x.out = jute.AppendBuffer(x.out, node.Data())
	x.out = node.AppendStat(x.out)
}
