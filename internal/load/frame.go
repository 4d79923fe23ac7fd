package load

import (
	"encoding/binary"
	"fmt"
)

// A request frame, all numbers big-endian:
//
//	0  int   length of what follows
//	4  int   xid
//	8  int   operation
//	12 int   length of the path, then the path, then the operation's other fields
//
// A reply frame:
//
//	0  int   length of what follows
//	4  int   xid
//	8  long  zxid
//	16 int   error code
//	20       the body, when the code is 0
const (
	xidAt         = 4
	pathAt        = 16
	replyHeadSize = 20
	replyZxidAt   = 8
	replyCodeAt   = 16
)

// The operations on the wire.
const (
	wireCreate   = 1
	wireDelete   = 2
	wireExists   = 3
	wireGetData  = 4
	wireSetData  = 5
	wireChildren = 8
	wirePing     = 11
	wireMulti    = 14
	wireClose    = -11
)

const (
	createEphemeral = 1
	codeNoNode      = -101
	// codeRolledBack is that of a part of a multi that has failed by another part.
	codeRolledBack = -2
)

// frame starts a request; finish writes its length.
func frame(op int32) []byte {
	b := make([]byte, 8, 64)
	return binary.BigEndian.AppendUint32(b, uint32(op))
}

func finish(b []byte) []byte {
	binary.BigEndian.PutUint32(b, uint32(len(b)-4))
	return b
}

func setXid(b []byte, xid int32) { binary.BigEndian.PutUint32(b[xidAt:], uint32(xid)) }

func appendInt(b []byte, n int32) []byte { return binary.BigEndian.AppendUint32(b, uint32(n)) }

func appendText(b []byte, s string) []byte { return append(appendInt(b, int32(len(s))), s...) }

func appendBuffer(b, p []byte) []byte { return append(appendInt(b, int32(len(p))), p...) }

func createFrame(path string, data []byte, flags int32) []byte {
	b := appendBuffer(appendText(frame(wireCreate), path), data)
	b = appendInt(b, 1)  // one ACL:
	b = appendInt(b, 31) // every permission
	b = appendText(appendText(b, "world"), "anyone")
	return finish(appendInt(b, flags))
}

func setFrame(path string, data []byte) []byte {
	return finish(appendSet(frame(wireSetData), path, data))
}

// appendSet appends the fields of a setData of any version.
func appendSet(b []byte, path string, data []byte) []byte {
	return appendInt(appendBuffer(appendText(b, path), data), -1)
}

// Whether a read leaves a watch.
const (
	unwatched = 0
	watched   = 1
)

func readFrame(op int32, path string, watch byte) []byte {
	return finish(append(appendText(frame(op), path), watch))
}

// multiFrame sets all the paths. Each part has a head in front, and a head without a part
// ends the list:
//
//	0  int   operation; -1 in the last head
//	4  bool  whether it is the last head
//	5  int   -1; in a reply the error code
func multiFrame(paths []string, data []byte) []byte {
	b := frame(wireMulti)
	for _, path := range paths {
		b = appendInt(append(appendInt(b, wireSetData), 0), -1)
		b = appendSet(b, path, data)
	}
	return finish(appendInt(append(appendInt(b, partNone), 1), -1))
}

// The first head of a multi's reply.
const (
	partNone    = -1 // in a reply also: the operation of a part that has failed
	partCodeAt  = replyHeadSize + 5
	partHeadEnd = partCodeAt + 4
)

// multiCode is the code of a reply to a multi, whose own is 0 also when it has failed: then
// all its parts have failed, all but one because of that one.
func multiCode(b []byte) int32 {
	if len(b) < partHeadEnd || int32(binary.BigEndian.Uint32(b[replyHeadSize:])) != partNone {
		return 0
	}
	if code := int32(binary.BigEndian.Uint32(b[partCodeAt:])); code != 0 {
		return code
	}
	return codeRolledBack
}

func deleteFrame(path string) []byte {
	return finish(appendInt(appendText(frame(wireDelete), path), -1))
}

func closeFrame() []byte { return finish(frame(wireClose)) }

// pingFrame has the xid that ZooKeeper's clients give their pings.
func pingFrame() []byte {
	b := finish(frame(wirePing))
	setXid(b, -2)
	return b
}

// identity is what a session is resumed with.
type identity struct {
	session  int64
	password [16]byte
	lastZxid int64
}

func (id *identity) connectFrame(timeoutMillis int32) []byte {
	b := make([]byte, 4, 64)
	b = appendInt(b, 0)
	b = binary.BigEndian.AppendUint64(b, uint64(id.lastZxid))
	b = appendInt(b, timeoutMillis)
	b = binary.BigEndian.AppendUint64(b, uint64(id.session))
	b = appendBuffer(b, id.password[:])
	return finish(append(b, 0))
}

// accept reads a connect response (without its length). It tells whether the
// session lives; a refused one is forgotten, so that the next attempt asks anew.
func (id *identity) accept(b []byte) (alive bool, err error) {
	if len(b) < 20 {
		return false, fmt.Errorf("connect response of %d bytes", len(b))
	}
	timeout := int32(binary.BigEndian.Uint32(b[4:]))
	if timeout <= 0 {
		*id = identity{lastZxid: id.lastZxid}
		return false, nil
	}
	id.session = int64(binary.BigEndian.Uint64(b[8:]))
	if n := int32(binary.BigEndian.Uint32(b[16:])); n == 16 && len(b) >= 36 {
		copy(id.password[:], b[20:36])
	}
	return true, nil
}

// replyHead is the head of one reply.
type replyHead struct {
	xid  int32
	zxid int64
	code int32
}

func parseHead(b []byte) replyHead {
	return replyHead{
		xid:  int32(binary.BigEndian.Uint32(b[xidAt:])),
		zxid: int64(binary.BigEndian.Uint64(b[replyZxidAt:])),
		code: int32(binary.BigEndian.Uint32(b[replyCodeAt:])),
	}
}
