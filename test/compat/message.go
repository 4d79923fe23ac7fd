package compat

import (
	"fmt"
	"strings"

	"zoo"
	"zoo/internal/jute"
	"zoo/internal/wire"
)

// sort tells what a connection has given.
type sort uint8

// The sorts of messages. Silence and the end of the connection are messages, too:
// that they come, and where, is compared like everything else.
const (
	reply sort = iota
	notification
	welcome // the answer to a handshake
	barrier // the reply to the request that ends each round
	closing // the server has closed the connection
	silence // nothing came in time
)

var sortNames = [...]string{"reply", "notification", "welcome", "barrier", "closing", "silence"}

func (s sort) String() string { return sortNames[s] }

// message is one thing that a server has said.
type message struct {
	sort    sort
	request *request // request is what a reply answers.
	// zxid is that of the header of a reply or barrier: how far the server has come.
	zxid   zoo.Zxid
	fields []field
}

func (m *message) String() string {
	var b strings.Builder
	b.WriteString(m.sort.String())
	for _, f := range m.fields {
		fmt.Fprintf(&b, " %s=%s", f.name, f.value())
	}
	return b.String()
}

// field is the number of a field, 0 where it is not there.
func (m *message) number(name string) int64 {
	for _, f := range m.fields {
		if f.name == name {
			return f.number
		}
	}
	return 0
}

func (m *message) text(name string) string {
	for _, f := range m.fields {
		if f.name == name {
			return f.text
		}
	}
	return ""
}

// headerBytes is the length of a reply without a body.
const headerBytes = 16

// decodeNotification reads a frame that starts with xid -1 and is longer than a
// header, which no reply of this package's requests is.
func decodeNotification(frame []byte) message {
	f := fields{d: jute.NewDecoder(frame)}
	f.int("xid")
	f.long("zxid", zxid)
	f.int("err")
	f.int("type")
	f.int("state")
	f.block("path")
	return message{sort: notification, fields: f.end()}
}

func isNotification(frame []byte) bool {
	d := jute.NewDecoder(frame)
	return d.Int() == -1 && len(frame) > headerBytes
}

// decodeBarrier reads the reply to the request that ends a round.
func decodeBarrier(frame []byte) message {
	d := jute.NewDecoder(frame)
	d.Int()
	z := zoo.Zxid(d.Long())
	return message{sort: barrier, zxid: z,
		fields: []field{{name: "err", number: int64(d.Int())}}}
}

// decodeReply reads the reply to a request.
func decodeReply(frame []byte, r *request) message {
	f := fields{d: jute.NewDecoder(frame)}
	f.int("xid")
	z := zoo.Zxid(f.long("zxid", zxid))
	code := zoo.Code(f.int("err"))
	if code == zoo.CodeOK || r.op == wire.OpSASL {
		f.body(r.op)
	}
	return message{sort: reply, request: r, zxid: z, fields: f.end()}
}

// decodeWelcome reads the answer to a handshake. Of the password only the length
// and whether it is all zero can be the same.
func decodeWelcome(frame []byte) (message, identity) {
	var response wire.ConnectResponse
	d := jute.NewDecoder(frame)
	response.DecodeFrom(&d)
	f := fields{d: d}
	f.add(field{name: "protocolVersion", number: int64(response.ProtocolVersion)})
	f.add(field{name: "timeOut", number: int64(response.TimeOut)})
	f.add(field{name: "sessionId", kind: session, number: int64(response.SessionID)})
	zero := strings.Trim(string(response.Passwd), "\x00") == ""
	f.add(field{name: "passwd",
		text: fmt.Sprintf("%d bytes, zero %t", len(response.Passwd), zero)})
	f.add(field{name: "readOnly", text: fmt.Sprint(response.HasReadOnly, response.ReadOnly)})
	who := identity{id: response.SessionID, passwd: response.Passwd}
	return message{sort: welcome, fields: f.end()}, who
}

// identity is what a client needs to renew its session.
type identity struct {
	id     zoo.SessionID
	passwd []byte
}
