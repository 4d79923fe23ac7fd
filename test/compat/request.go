package compat

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"

	"zoo"
	"zoo/internal/jute"
	"zoo/internal/wire"
)

// request is one frame that a session sends.
type request struct {
	op      wire.Op
	payload []byte
	// bare sends the payload without its length in front: broken frames.
	bare bool
	// back, where it is not negative, says that the zxid of a setWatches is the one
	// that was seen so many zxids ago, which each server counts in its own numbers.
	back int
	// void says that a string is null which must not be.
	void bool
	// ends says that the connection ought to end when the request's turn has come.
	ends bool
}

// relativeZxidAt is where a setWatches has its zxid, behind the header.
const relativeZxidAt = 8

// appendTo appends the frame as it goes to one of the servers.
func (r *request) appendTo(b []byte, resolve func(back int) zoo.Zxid) []byte {
	if r.bare {
		return append(b, r.payload...)
	}
	start := len(b) + 4
	b = appendFrame(b, r.payload)
	if r.back >= 0 && len(r.payload) >= relativeZxidAt+8 {
		binary.BigEndian.PutUint64(b[start+relativeZxidAt:], uint64(resolve(r.back)))
	}
	return b
}

// record is an empty record of the operation's request, nil where it has none.
func record(op wire.Op) jute.Record {
	switch op {
	case wire.OpCreate, wire.OpCreate2, wire.OpCreateContainer:
		return &wire.CreateRequest{}
	case wire.OpCreateTTL:
		return &wire.CreateTTLRequest{}
	case wire.OpDelete:
		return &wire.DeleteRequest{}
	case wire.OpSetData:
		return &wire.SetDataRequest{}
	case wire.OpSetACL:
		return &wire.SetACLRequest{}
	case wire.OpCheck:
		return &wire.CheckVersionRequest{}
	case wire.OpExists, wire.OpGetData, wire.OpGetChildren, wire.OpGetChildren2:
		return &wire.ExistsRequest{} // All have a path and whether to watch.
	case wire.OpGetACL, wire.OpSync, wire.OpGetEphemerals, wire.OpGetAllChildrenNumber,
		wire.OpDeleteContainer:
		return &wire.SyncRequest{} // All have a path alone.
	}
	return rareRecord(op)
}

func rareRecord(op wire.Op) jute.Record {
	switch op {
	case wire.OpSetWatches:
		return &wire.SetWatches{}
	case wire.OpSetWatches2:
		return &wire.SetWatches2{}
	case wire.OpAddWatch:
		return &wire.AddWatchRequest{}
	case wire.OpCheckWatches, wire.OpRemoveWatches:
		return &wire.CheckWatchesRequest{}
	case wire.OpReconfig:
		return &wire.ReconfigRequest{}
	case wire.OpAuth:
		return &wire.AuthPacket{}
	case wire.OpSASL:
		return &wire.GetSASLRequest{}
	}
	return nil
}

// path is the path of a request that starts with one.
func (r *request) path() string {
	if len(r.payload) < relativeZxidAt || r.bare {
		return ""
	}
	d := jute.NewDecoder(r.payload[relativeZxidAt:])
	return string(d.Buffer())
}

// watcherType is that of a checkWatches or removeWatches, 0 for other requests.
func (r *request) watcherType() zoo.WatcherType {
	if r.op != wire.OpCheckWatches && r.op != wire.OpRemoveWatches {
		return 0
	}
	var body wire.CheckWatchesRequest
	d := jute.NewDecoder(r.payload[relativeZxidAt:])
	body.DecodeFrom(&d)
	return body.Type
}

func (r *request) String() string {
	if r.bare {
		return "bytes " + hex.EncodeToString(r.payload[:min(len(r.payload), 64)])
	}
	d := jute.NewDecoder(r.payload)
	xid, op := d.Int(), wire.Op(d.Int())
	text := fmt.Sprintf("%v xid=%d ", op, xid)
	if r.back >= 0 {
		text += fmt.Sprintf("zxid=%d back ", r.back)
	}
	const shown = 256
	return text + describe(op, d) + " | " +
		hex.EncodeToString(r.payload[:min(len(r.payload), shown)])
}

func describe(op wire.Op, d jute.Decoder) string {
	if op == wire.OpMulti || op == wire.OpMultiRead {
		return describeMulti(d.Rest())
	}
	body := record(op)
	if body == nil {
		return ""
	}
	body.DecodeFrom(&d)
	if err := d.Err(); err != nil {
		return err.Error()
	}
	text := fmt.Sprintf("%.400q", fmt.Sprintf("%+v", body))
	if d.Len() > 0 {
		text += fmt.Sprintf(" and %d bytes", d.Len())
	}
	return text
}

func describeMulti(body []byte) string {
	var parts []string
	reader := wire.NewMultiReader(body)
	for part, more := reader.Next(); more; part, more = reader.Next() {
		parts = append(parts, part.Op.String()+" "+describe(part.Op, jute.NewDecoder(part.Body)))
	}
	if err := reader.Err(); err != nil {
		parts = append(parts, err.Error())
	}
	return strings.Join(parts, "; ")
}
