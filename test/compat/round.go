package compat

import (
	"fmt"
	"slices"
	"strings"

	"zoo"
	"zoo/internal/wire"
)

// round is what one slot does while the others listen.
type round struct {
	slot int
	// drop closes the slot's connection without a word; nothing else happens then.
	drop bool
	// again makes a new connection although there may be one. A slot that is not
	// connected makes one in any case.
	again bool
	hello hello
	// requests are pipelined.
	requests []request
	// stepwise waits for each answer before the next request.
	stepwise bool
	// eager pipelines the requests behind the handshake, if the round has one.
	eager bool
}

// hello is the handshake of a new connection.
type hello struct {
	session origin
	of      int // of is the slot whose session is renewed.
	// leaves closes the old connection first; else the server has to.
	leaves       bool
	wrong        bool // wrong spoils the password.
	passwordless bool // passwordless sends none at all.
	timeout      int32
	version      int32
	back         int   // back is as in request: the last zxid seen.
	ahead        int64 // ahead is added to that zxid.
	old          bool  // old leaves out the read-only byte.
	readOnly     bool
	raw          []byte // raw is sent instead, frame and all.
}

// origin says which session a handshake asks for.
type origin uint8

// The origins.
const (
	fresh   origin = iota // a new session
	renewed               // a slot's last session
	unknown               // one that never was
)

// frame is the handshake as it goes to one of the servers.
func (h *hello) frame(links []*link, resolve func(back int) zoo.Zxid) []byte {
	if h.raw != nil {
		return h.raw
	}
	request := wire.ConnectRequest{ProtocolVersion: h.version, TimeOut: h.timeout,
		Passwd: make([]byte, wire.PasswordBytes), ReadOnly: h.readOnly, HasReadOnly: !h.old}
	if h.back >= 0 {
		request.LastZxidSeen = resolve(h.back) + zoo.Zxid(h.ahead)
	}
	switch h.session {
	case renewed:
		request.SessionID = links[h.of].who.id
		copy(request.Passwd, links[h.of].who.passwd)
	case unknown:
		request.SessionID = 0x0123456789abcdef
	}
	if h.wrong {
		request.Passwd[3] ^= 0x55
	}
	if h.passwordless {
		request.Passwd = nil
	}
	return appendFrame(nil, request.AppendTo(nil))
}

// isStranger tells whether the round's handshake has no right to the session that the
// slot has, but asks for it.
func (r *round) isStranger(links []*link, slot int) bool {
	return r.hello.session == renewed && r.hello.raw == nil &&
		(r.hello.wrong || r.hello.passwordless) &&
		links[r.hello.of].who.id == links[slot].who.id
}

// only is the request of a slot that sends no other, but for what it is compared with.
func (r *round) only(slot int) *request {
	if slot != r.slot || len(r.requests) == 0 || len(r.requests) > 1 && !r.requests[0].void {
		return nil
	}
	return &r.requests[0]
}

// setsWatches tells whether a request catches up on watches.
func (r *round) setsWatches() bool {
	return slices.ContainsFunc(r.requests, func(q request) bool {
		return q.op == wire.OpSetWatches || q.op == wire.OpSetWatches2
	})
}

// connects tells whether the round makes a new connection for a slot that has this
// one.
func (r *round) connects(l *link) bool { return !r.drop && (l.conn == nil || r.again) }

func (r *round) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "slot %d", r.slot)
	if r.drop {
		return b.String() + " drops its connection"
	}
	if r.again {
		b.WriteString(" connects")
	}
	fmt.Fprintf(&b, " %+v, %d requests", r.hello, len(r.requests))
	if r.stepwise {
		b.WriteString(", one after the other")
	}
	if r.eager {
		b.WriteString(", right behind the handshake")
	}
	return b.String()
}
