package server

import (
	"zoo"
	"zoo/internal/core/prep"
	"zoo/internal/core/tree"
	"zoo/internal/jute"
	"zoo/internal/wire"
)

// The bodies of the replies to writes.

func replyPath(b []byte, r *tree.Result) []byte { return jute.AppendString(b, r.Path) }

func replyStat(b []byte, r *tree.Result) []byte { return wire.AppendStat(b, &r.Stat) }

func replyPathAndStat(b []byte, r *tree.Result) []byte { return replyStat(replyPath(b, r), r) }

// replyConfig answers a reconfig with the configuration and its Stat.
func replyConfig(b []byte, r *tree.Result) []byte {
	return replyStat(jute.AppendBuffer(b, r.Data), r)
}

// replyMulti answers part by part; in a multi that failed every part is an error.
func replyMulti(b []byte, r *tree.Result) []byte {
	for i := range r.Multi {
		part := &r.Multi[i]
		if part.Header.Type == wire.OpError || part.Code != zoo.CodeOK {
			b = wire.AppendMultiError(b, part.Code)
			continue
		}
		b = replyPart(wire.AppendMultiResult(b, part.Header.Type), part)
	}
	return wire.AppendMultiEnd(b)
}

// replyPart is the body for one part of a multi that succeeded.
func replyPart(b []byte, part *tree.Result) []byte {
	switch part.Header.Type {
	case wire.OpCreate:
		return replyPath(b, part)
	case wire.OpCreate2, wire.OpCreateContainer, wire.OpCreateTTL:
		return replyPathAndStat(b, part)
	case wire.OpSetData:
		return replyStat(b, part)
	}
	return b
}

// appendReply appends the whole reply to a write. The header of a multi says OK
// where its parts do not, unless the request itself was refused.
func appendReply(b []byte, op wire.Op, xid int32, r *tree.Result) []byte {
	code := r.Code
	if r.Header.Type == wire.OpMulti && op == wire.OpMulti {
		code = zoo.CodeOK
	}
	if code != zoo.CodeOK {
		return appendHeader(b, xid, r.Header.Zxid, code)
	}
	b, mark := wire.BeginFrame(b)
	header := wire.ReplyHeader{Xid: xid, Zxid: r.Header.Zxid}
	b = header.AppendTo(b)
	if reply := operationOf(op).reply; reply != nil {
		b = reply(b, r)
	}
	return wire.EndFrame(b, mark)
}

// appendSynced appends the reply to a sync, which gives back the path.
func appendSynced(b []byte, xid int32, zxid zoo.Zxid, path string) []byte {
	b, mark := wire.BeginFrame(b)
	header := wire.ReplyHeader{Xid: xid, Zxid: zxid}
	return wire.EndFrame(jute.AppendString(header.AppendTo(b), path), mark)
}

// The rows of writes that are refused before they go anywhere. They are answered in
// their turn, where Java's answer may overtake others.
var (
	screenedNoAuth = operation{
		route: routeLocal, code: zoo.CodeNoAuth, answer: (*exec).forbid}
	screenedInvalidACL = operation{
		route: routeLocal, code: zoo.CodeInvalidACL, answer: (*exec).forbidList}
)

func (x *exec) forbid(*jute.Decoder) zoo.Code {
	x.zxid = 0
	return zoo.CodeNoAuth
}

func (x *exec) forbidList(*jute.Decoder) zoo.Code {
	x.zxid = 0
	return zoo.CodeInvalidACL
}

// The bounds of the writes that are compared with the tree under one hold of its lock:
// their bytes, to which each adds so many that answersPerHold of them are the bound.
const (
	screenedPerHoldMax = unsentPerHoldMax
	screenedBytesMin   = screenedPerHoldMax / answersPerHold
)

// screen compares a write with the tree as it is here: it gives the row of a refusal,
// or nil. It is false if the connection ends or the server does not serve any more.
func (t *turn) screen(op wire.Op, body []byte) (refusal *operation, ok bool) {
	if t.screened >= screenedPerHoldMax {
		t.release()
	}
	t.lock(holdTree)
	s := t.conn.server
	if t.conn.ending || !s.serving {
		return nil, false
	}
	t.screened += screenedBytesMin + len(body)
	switch prep.Screen(t.exec.tree, &s.cfg.Rules, op, body, t.conn.ids) {
	case zoo.CodeNoAuth:
		return &screenedNoAuth, true
	case zoo.CodeInvalidACL:
		return &screenedInvalidACL, true
	}
	return nil, true
}
