package gssapi

import (
	"bytes"
	"encoding/binary"
)

// A token that makes a context, RFC 2743 section 3.1 and RFC 4121 section 4.1:
//
//	0x60, DER length of the rest
//	06 09 2a 86 48 86 f7 12 01 02 02      the mechanism, 1.2.840.113554.1.2.2
//	2 bytes                               the kind of token, big-endian
//	the Kerberos message
var mechanism = []byte{0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02}

const (
	tokenTag = 0x60
	kindSize = 2
	longForm = 0x80
	// lengthBytesMax is 4: a length of more would not fit into any token.
	lengthBytesMax = 4
)

// The kinds.
const (
	tokenAPReq = 0x0100
	tokenAPRep = 0x0200
)

// unframe is the Kerberos message of a token of a kind.
func unframe(token []byte, kind uint16) ([]byte, error) {
	if len(token) < 2 || token[0] != tokenTag {
		return nil, refusal("the first token is none of GSSAPI; %d bytes", len(token))
	}
	rest, ok := afterLength(token[1:])
	if !ok {
		return nil, refusal("the length of the first token is not that of what came")
	}
	body, ok := bytes.CutPrefix(rest, mechanism)
	if !ok {
		return nil, refusal("the first token is not of the mechanism Kerberos 5")
	}
	if len(body) < kindSize || binary.BigEndian.Uint16(body) != kind {
		return nil, refusal("the first token is no AP-REQ, or the answer no AP-REP")
	}
	return body[kindSize:], nil
}

// afterLength is what a DER length stands before, if it is as long as that says.
func afterLength(b []byte) ([]byte, bool) {
	first, rest := int(b[0]), b[1:]
	if first < longForm {
		return rest, len(rest) == first
	}
	n := first - longForm
	if n == 0 || n > lengthBytesMax || len(rest) < n {
		return nil, false
	}
	var length uint64
	for _, digit := range rest[:n] {
		length = length<<8 | uint64(digit)
	}
	return rest[n:], uint64(len(rest)-n) == length
}

func frame(message []byte, kind uint16) []byte {
	length := len(mechanism) + kindSize + len(message)
	token := append(make([]byte, 0, length+2+lengthBytesMax), tokenTag)
	token = appendLength(token, length)
	token = append(token, mechanism...)
	token = binary.BigEndian.AppendUint16(token, kind)
	return append(token, message...)
}

func appendLength(b []byte, length int) []byte {
	if length < longForm {
		return append(b, byte(length))
	}
	var digits [lengthBytesMax]byte
	binary.BigEndian.PutUint32(digits[:], uint32(length))
	short := bytes.TrimLeft(digits[:], "\x00")
	return append(append(b, longForm|byte(len(short))), short...)
}
