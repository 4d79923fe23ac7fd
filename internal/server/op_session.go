package server

import (
	"zoo"
	"zoo/internal/jute"
)

// ping answers with nothing but a header; that the client was heard of was noted
// when the request was read.
func (x *exec) ping(*jute.Decoder) zoo.Code { return zoo.CodeOK }

// whoAmI lists the identities of the connection. What its scheme calls the user
// leaves out whatever is secret.
func (x *exec) whoAmI(*jute.Decoder) zoo.Code {
	ids := x.conn.ids
	x.out = jute.AppendCount(x.out, len(ids))
	for _, id := range ids {
		x.out = jute.AppendString(x.out, id.Scheme)
		x.out = jute.AppendString(x.out, x.server.cfg.Rules.User(id))
	}
	return zoo.CodeOK
}
