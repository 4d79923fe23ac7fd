package compat

import (
	"encoding/binary"
	"strings"

	"zoo/internal/jute"
	"zoo/internal/wire"
)

// hello draws a handshake. Most of them are as clients send them.
func (g *generator) hello() hello {
	h := hello{timeout: 30000, back: -1, of: g.IntN(g.slots), leaves: g.oneIn(2)}
	if g.oneIn(2) {
		h.session = renewed
	}
	if g.oneIn(4) {
		h.back = g.IntN(50)
	}
	if g.oneIn(3) {
		g.disturb(&h)
	}
	return h
}

// disturb changes one thing about a handshake.
func (g *generator) disturb(h *hello) {
	switch g.IntN(9) {
	case 0:
		h.wrong = true
	case 1:
		h.passwordless = true
	case 2:
		h.session = unknown
	case 3:
		h.old = true
	case 4:
		h.readOnly = true
	case 5:
		h.timeout = pick(g, []int32{0, -1, 1, 100, 599999, 600000, 700000, 1<<31 - 1, -1 << 31})
	case 6:
		h.back, h.ahead = 0, pick(g, []int64{1, 1 << 20, 1 << 62, -1, -1 << 40})
	case 7:
		h.version = pick(g, []int32{1, -1, 1 << 30})
	case 8:
		h.raw = g.brokenHello()
	}
}

// brokenHello draws what is no handshake.
func (g *generator) brokenHello() []byte {
	request := wire.ConnectRequest{TimeOut: 30000, Passwd: make([]byte, g.IntN(40)),
		HasReadOnly: true}
	whole := request.AppendTo(nil)
	switch g.IntN(6) {
	case 0:
		return appendFrame(nil, whole[:g.IntN(28)])
	case 1:
		return jute.AppendInt(nil, pick(g, []int32{-1, -1 << 31, 1 << 20, 1<<31 - 1}))
	case 2:
		return appendFrame(nil, nil)
	case 3:
		return appendFrame(nil, append(whole, 1, 2, 3))
	case 4:
		binary.BigEndian.PutUint32(whole[24:], 0xfffffff0)
		return appendFrame(nil, whole)
	}
	return appendFrame(nil, whole)
}

// lonely draws a request whose answer may overtake those of others, or that may end
// the connection over them.
func (g *generator) lonely() []request {
	if g.frameMax > 0 && g.oneIn(2) {
		return []request{g.edge()}
	}
	switch g.IntN(8) {
	case 0:
		return []request{{bare: true, back: -1, payload: jute.AppendInt(nil,
			pick(g, []int32{-1, -1 << 31, 1 << 20, 1<<31 - 1}))}}
	case 1:
		return []request{{back: -1, payload: make([]byte, g.IntN(8))}}
	case 2:
		return []request{g.ender(pick(g, invalid))}
	}
	switch {
	case g.oneIn(4):
		return g.voids()
	case g.oneIn(20):
		return []request{g.frame(wire.OpMultiRead, g.multi(changes))}
	}
	return []request{g.identify(rudely)}
}

// edge draws a write that is about as long as a frame may be.
func (g *generator) edge() request {
	b := jute.AppendString(nil, pick(g, shallow))
	size := g.frameMax - requestHeaderBytes - len(b) + pick(g, []int{-100, -1, 0, 0, 1, 2, 100})
	if g.oneIn(2) {
		b = jute.AppendBuffer(b, make([]byte, size-8))
		return g.frame(wire.OpSetData, jute.AppendInt(b, -1))
	}
	rest := appendList(nil, []entry{everyone})
	b = jute.AppendBuffer(b, make([]byte, size-8-len(rest)))
	return g.frame(wire.OpCreate2, jute.AppendInt(append(b, rest...), 2))
}

// voids draws a request that has a null where a string must be, and which changes
// nothing wherever null is taken for the empty string; and the one that has the empty
// string there, with which the answer is compared.
func (g *generator) voids() []request {
	op := pick(g, []wire.Op{wire.OpCreate, wire.OpCreate2, wire.OpDelete, wire.OpExists,
		wire.OpGetData, wire.OpGetChildren, wire.OpGetChildren2, wire.OpGetACL, wire.OpSync,
		wire.OpSetACL, wire.OpCheckWatches, wire.OpRemoveWatches})
	if op == wire.OpSetACL {
		void := pick(g, []entry{{31, null, "ann"}, {31, "world", null}, {31, "ip", null},
			{31, "digest", null}})
		return g.compared(op, func(b []byte, none string) []byte {
			e := entry{void.perms, strings.ReplaceAll(void.scheme, null, none),
				strings.ReplaceAll(void.id, null, none)}
			list := []entry{everyone, e}
			return jute.AppendInt(appendList(jute.AppendString(b, "/"), list), -1)
		})
	}
	d := jute.NewDecoder(g.simple(op))
	d.Buffer()
	rest := d.Rest()
	switch op {
	case wire.OpExists, wire.OpGetData, wire.OpGetChildren, wire.OpGetChildren2:
		rest[len(rest)-1] = 0 // no watch
	}
	return g.compared(op, func(b []byte, none string) []byte {
		return append(appendText(b, none), rest...)
	})
}

// compared makes both requests.
func (g *generator) compared(op wire.Op, body func(b []byte, none string) []byte) []request {
	void, empty := g.frame(op, body(nil, null)), g.frame(op, body(nil, ""))
	void.void = true
	return []request{void, empty}
}

// invalid are what is no request of its own.
var invalid = []wire.Op{wire.OpCheck, wire.OpError, wire.OpNotification, 10, 23, 99, 108, 1000,
	-5, 1 << 30, -1 << 31}

// credential is one packet of addauth.
type credential struct{ scheme, auth string }

// superUser is the user whom both servers are told to be above all ACLs.
const (
	superUser   = "super:secret"
	superDigest = "super:lK75jTNcA+U9vtVEw5vB51mj/w4="
)

var credentials = []weighted[credential]{
	{8, credential{"digest", ann}}, {6, credential{"digest", bob}},
	{1, credential{"digest", superUser}}, {1, credential{"digest", "super:wrong"}},
	{1, credential{"digest", ""}}, {1, credential{"digest", "ann"}},
	{1, credential{"digest", ":"}}, {1, credential{"digest", "ann:"}},
	{1, credential{"digest", ":secret"}}, {1, credential{"digest", "a:b:c"}},
	{1, credential{"digest", "\xff:\xfe"}}, {1, credential{"digest", null}},
	{1, credential{"ip", ""}}, {1, credential{"ip", "10.0.0.1"}}, {1, credential{"ip", null}},
	{1, credential{"world", "anyone"}}, {1, credential{"auth", ""}},
	{1, credential{"super", ""}}, {1, credential{"x509", "CN=ann"}},
	{1, credential{"sasl", "ann"}}, {1, credential{"nothing", "x"}},
	{1, credential{"", ""}}, {1, credential{null, "x"}}, {1, credential{"Digest", ann}},
}

// manners says whether a request may be such that a server ends the connection over
// it, earlier answers or not.
type manners bool

const (
	politely manners = true
	rudely   manners = false
)

// identify draws what may give the connection an identity.
func (g *generator) identify(m manners) request {
	if g.oneIn(5) {
		return g.sasl(m)
	}
	c := draw(g, credentials)
	if m == politely {
		c.scheme, c.auth = strings.TrimPrefix(c.scheme, null), strings.TrimPrefix(c.auth, null)
	}
	body := jute.AppendInt(nil, 0)
	body = appendText(appendText(body, c.scheme), c.auth)
	r := g.frame(wire.OpAuth, body)
	copy(r.payload, header(-4, wire.OpAuth))
	if m == rudely && g.oneIn(20) {
		r.payload = g.cut(r.payload)
	}
	return r
}

// sasl draws what a client says that wants to log in. There is no login on either
// side.
func (g *generator) sasl(m manners) request {
	token := pick(g, []string{"", "x", strings.Repeat("t", 300)})
	if m == rudely && g.oneIn(30) {
		return g.frame(wire.OpSASL, jute.AppendNull(nil))
	}
	return g.frame(wire.OpSASL, jute.AppendBuffer(nil, []byte(token)))
}
