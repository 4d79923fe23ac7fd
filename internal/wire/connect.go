package wire

import (
	"zoo"
	"zoo/internal/jute"
)

// PasswordBytes is the size of a session's password.
const PasswordBytes = 16

// ConnectRequest is the first message of a client. With a password of 16 bytes:
//
//	offset  size
//	     0     4  protocol version, 0
//	     4     8  last zxid the client has seen
//	    12     4  timeout wanted, in milliseconds
//	    16     8  session id, 0 for a new session
//	    24    20  password, a buffer
//	    44     1  read-only; clients before 3.4 leave it out
type ConnectRequest struct {
	ProtocolVersion int32
	LastZxidSeen    zoo.Zxid
	TimeOut         int32
	SessionID       zoo.SessionID
	Passwd          []byte
	ReadOnly        bool // ReadOnly says a read-only server will do.
	HasReadOnly     bool // HasReadOnly tells whether the last byte is there.
}

// AppendTo appends the encoded record to b.
func (r *ConnectRequest) AppendTo(b []byte) []byte {
	b = jute.AppendInt(b, r.ProtocolVersion)
	b = jute.AppendLong(b, int64(r.LastZxidSeen))
	b = jute.AppendInt(b, r.TimeOut)
	b = jute.AppendLong(b, int64(r.SessionID))
	b = jute.AppendBuffer(b, r.Passwd)
	return appendReadOnly(b, r.ReadOnly, r.HasReadOnly)
}

// DecodeFrom overwrites the record with what d holds next.
func (r *ConnectRequest) DecodeFrom(d *jute.Decoder) {
	r.ProtocolVersion = d.Int()
	r.LastZxidSeen = zoo.Zxid(d.Long())
	r.TimeOut = d.Int()
	r.SessionID = zoo.SessionID(d.Long())
	r.Passwd = d.Buffer()
	r.ReadOnly, r.HasReadOnly = decodeReadOnly(d)
}

// ConnectResponse answers ConnectRequest, without a ReplyHeader. A TimeOut of 0
// says the session does not exist. The answer to a client that left out the
// read-only byte leaves it out, too.
type ConnectResponse struct {
	ProtocolVersion int32
	TimeOut         int32
	SessionID       zoo.SessionID
	Passwd          []byte
	ReadOnly        bool // ReadOnly says the server is a read-only one.
	HasReadOnly     bool // HasReadOnly tells whether the last byte is there.
}

// AppendTo appends the encoded record to b.
func (r *ConnectResponse) AppendTo(b []byte) []byte {
	b = jute.AppendInt(b, r.ProtocolVersion)
	b = jute.AppendInt(b, r.TimeOut)
	b = jute.AppendLong(b, int64(r.SessionID))
	b = jute.AppendBuffer(b, r.Passwd)
	return appendReadOnly(b, r.ReadOnly, r.HasReadOnly)
}

// DecodeFrom overwrites the record with what d holds next.
func (r *ConnectResponse) DecodeFrom(d *jute.Decoder) {
	r.ProtocolVersion = d.Int()
	r.TimeOut = d.Int()
	r.SessionID = zoo.SessionID(d.Long())
	r.Passwd = d.Buffer()
	r.ReadOnly, r.HasReadOnly = decodeReadOnly(d)
}

func appendReadOnly(b []byte, readOnly, present bool) []byte {
	if !present {
		return b
	}
	return jute.AppendBool(b, readOnly)
}

func decodeReadOnly(d *jute.Decoder) (readOnly, present bool) {
	if d.Err() != nil || d.Len() == 0 {
		return false, false
	}
	return d.Bool(), true
}
