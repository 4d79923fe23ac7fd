package server

import (
	"zoo"
	"zoo/internal/jute"
	"zoo/internal/wire"
)

// ping answers with nothing but a header; that the client was heard of was noted
// when the request was read.
func (x *exec) ping(*jute.Decoder) zoo.Code { return zoo.CodeOK }

// auth adds identities to the connection. A refusal ends it.
func (x *exec) auth(d *jute.Decoder) zoo.Code {
	var r wire.AuthPacket
	r.DecodeFrom(d)
	code := zoo.CodeMarshallingError
	var added []zoo.ID
	if d.Err() == nil {
		added, code = x.server.cfg.Rules.Authenticate(r.Scheme, r.Auth, x.conn.host)
	}
	if code != zoo.CodeOK {
		x.conn.ending = true
		return zoo.CodeAuthFailed
	}
	x.conn.addIDs(added)
	return zoo.CodeOK
}
