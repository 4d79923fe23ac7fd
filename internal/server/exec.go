package server

import (
	"encoding/binary"
	"slices"

	"zoo"
	"zoo/internal/core/tree"
	"zoo/internal/jute"
	"zoo/internal/ops/sketch"
	"zoo/internal/wire"
)

// exec answers requests of one connection into its output. Whoever runs it holds
// conn.mu and the tree's lock: the reader for reading, the loop for writing.
type exec struct {
	server *Server
	conn   *conn
	tree   *tree.Tree
	out    []byte
	// body is the request's record. It is here so that it is not made anew on
	// the heap for every request.
	body jute.Decoder
	// zxid goes into the reply's header, and so does code.
	zxid zoo.Zxid
	code zoo.Code
	// node is what the last read found.
	node tree.Node
	// before are the bytes of events that go in front of the reply.
	before []byte
	// path is what the request reads, empty for none; it lies in the request.
	// readBytes is the size of the data or of the children's names.
	path string
	// missing is what the request looked for in vain.
	missing   string
	readBytes int
	reads     readTally
	// sampler chooses the requests whose paths are counted.
	sampler sketch.Sampler
	// walked tells that an answer took a walk over the tree; a turn then lets go of
	// the lock before the next one.
	walked bool
}

// A reply's header within its frame:
//
//	offset  size  field
//	     0     4  length of what follows
//	     4     4  xid
//	     8     8  zxid
//	    16     4  err
const (
	replyZxidAt    = 8
	replyErrAt     = 16
	replyHeadBytes = 20
	// beforeBytesKept is how much memory for events a connection may keep.
	beforeBytesKept = 4 << 10
	// statBytes is the size of a Stat, lengthBytes that of any length.
	statBytes   = 68
	lengthBytes = 4
)

// run answers one request.
func (x *exec) run(op *operation, xid int32, body []byte) {
	start := len(x.out)
	x.zxid = x.tree.Zxid()
	header := wire.ReplyHeader{Xid: xid}
	x.out = header.AppendTo(append(x.out, 0, 0, 0, 0))
	x.body = jute.NewAliasDecoder(body)
	code := op.answer(x, &x.body)
	x.code = code
	if code != zoo.CodeOK {
		x.out = x.out[:start+replyHeadBytes]
	}
	x.out = wire.EndFrame(x.out, start)
	binary.BigEndian.PutUint64(x.out[start+replyZxidAt:], uint64(x.zxid))
	binary.BigEndian.PutUint32(x.out[start+replyErrAt:], uint32(code))
	x.count(xid, len(x.out)-start)
	if len(x.before) > 0 {
		x.out = slices.Insert(x.out, start, x.before...)
		if x.before = x.before[:0]; cap(x.before) > beforeBytesKept {
			x.before = nil
		}
	}
}

// touch takes note of a path that is read, whether or not it is there.
func (x *exec) touch(path string) {
	if !x.sampler.Skips() {
		x.sampler.Note(x.server.hot, x.server.mono(), path, sketch.Read)
	}
}

// count takes note of a reply of so many bytes.
func (x *exec) count(xid int32, frameBytes int) {
	x.conn.traffic.noteReply(xid, frameBytes-wire.FrameHeaderBytes)
	if x.path != "" {
		x.reads.note(x.server.meters.latency.readsOf, x.path,
			len(x.path)+statBytes+x.readBytes)
		x.path, x.readBytes = "", 0
	}
}

// appendHeader appends a reply that is a header only.
func appendHeader(b []byte, xid int32, zxid zoo.Zxid, code zoo.Code) []byte {
	b, mark := wire.BeginFrame(b)
	header := wire.ReplyHeader{Xid: xid, Zxid: zxid, Err: code}
	return wire.EndFrame(header.AppendTo(b), mark)
}

// appendEvent appends a watch event.
func appendEvent(b []byte, zxid zoo.Zxid, kind zoo.EventType, path string) []byte {
	b, mark := wire.BeginFrame(b)
	header := wire.ReplyHeader{Xid: wire.XidNotification, Zxid: zxid}
	event := wire.WatcherEvent{Type: kind, State: zoo.StateSyncConnected, Path: path}
	return wire.EndFrame(event.AppendTo(header.AppendTo(b)), mark)
}
