package main

import "encoding/binary"

// A request and an answer, all numbers big-endian:
//
//	0  int   length of what follows          0  int   length of what follows
//	4  int   xid                             4  int   xid
//	8  int   operation                       8  long  zxid
//	12       its fields; a path comes first  16 int   error code
//	                                         20       the body, when the code is 0
const (
	xidAt  = 4
	opAt   = 8
	pathAt = 12
	zxidAt = 8
	codeAt = 16
	bodyAt = 20
	// requestBytesMin is a request without fields.
	requestBytesMin = 12
)

// The operations that are answered.
const (
	opCreate  = 1
	opDelete  = 2
	opExists  = 3
	opGetData = 4
	opSetData = 5
	opPing    = 11
	opClose   = -11
)

// codeUnimplemented answers all others.
const codeUnimplemented = -6

// statBytes is a Stat: four ids and times, three versions, the owner, two lengths and
// pzxid.
const statBytes = 4*8 + 3*4 + 8 + 2*4 + 8

// answers makes the answers. Immutable.
type answers struct {
	bare, stat, data []byte
}

func newAnswers(valueBytes int) *answers {
	stat := newStat(valueBytes)
	data := binary.BigEndian.AppendUint32(nil, uint32(valueBytes))
	data = append(append(data, make([]byte, valueBytes)...), stat...)
	return &answers{bare: template(nil), stat: template(stat), data: template(data)}
}

// newStat is that of a znode that was created by transaction 1 and never changed.
func newStat(valueBytes int) []byte {
	stat := make([]byte, statBytes)
	binary.BigEndian.PutUint64(stat[0:], 1)                   // czxid
	binary.BigEndian.PutUint64(stat[8:], 1)                   // mzxid
	binary.BigEndian.PutUint64(stat[16:], 1)                  // ctime
	binary.BigEndian.PutUint64(stat[24:], 1)                  // mtime
	binary.BigEndian.PutUint32(stat[52:], uint32(valueBytes)) // dataLength
	binary.BigEndian.PutUint64(stat[60:], 1)                  // pzxid
	return stat
}

func template(body []byte) []byte {
	b := append(make([]byte, bodyAt), body...)
	binary.BigEndian.PutUint32(b, uint32(len(b)-4))
	return b
}

// operation is that of a whole request.
func operation(request []byte) int32 { return int32(binary.BigEndian.Uint32(request[opAt:])) }

// writes tells whether an operation must be logged before it is answered.
func writes(op int32) bool {
	return op == opCreate || op == opDelete || op == opSetData || op == opClose
}

// append appends the answer to a request. Its zxid only says that it is later than others.
func (a *answers) append(out, request []byte, zxid uint64) []byte {
	at := len(out)
	switch operation(request) {
	case opGetData:
		out = append(out, a.data...)
	case opSetData, opExists:
		out = append(out, a.stat...)
	case opCreate:
		out = append(append(out, a.bare...), path(request)...)
		binary.BigEndian.PutUint32(out[at:], uint32(len(out)-at-4))
	case opDelete, opPing, opClose:
		out = append(out, a.bare...)
	default:
		out = append(out, a.bare...)
		unimplemented := int32(codeUnimplemented)
		binary.BigEndian.PutUint32(out[at+codeAt:], uint32(unimplemented))
	}
	copy(out[at+xidAt:at+xidAt+4], request[xidAt:])
	binary.BigEndian.PutUint64(out[at+zxidAt:], zxid)
	return out
}

// path is the path of a request with its length in front, as it answers a create; nothing
// of one that is cut short.
func path(request []byte) []byte {
	if len(request) < pathAt+4 {
		return nil
	}
	end := pathAt + 4 + int64(binary.BigEndian.Uint32(request[pathAt:]))
	return request[pathAt:min(end, int64(len(request)))]
}

// A connect request, behind its length, begins with the protocol's version, the last
// zxid and the timeout in milliseconds that the client wishes, which it gets.
const timeoutAt = 16

// connected appends the answer to a connect request: version, timeout, session, a
// password of 16 bytes, and that the server is not read-only.
func connected(out, request []byte) []byte {
	at := len(out)
	out = append(out, make([]byte, 4+4+4+8+4+16+1)...)
	binary.BigEndian.PutUint32(out[at:], uint32(len(out)-at-4))
	copy(out[at+8:at+12], request[timeoutAt:])
	binary.BigEndian.PutUint64(out[at+12:], 1)
	binary.BigEndian.PutUint32(out[at+20:], 16)
	return out
}
