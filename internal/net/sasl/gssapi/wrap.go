package gssapi

import (
	"crypto/hmac"
	"encoding/binary"

	"github.com/jcmturner/gokrb5/v8/crypto"
	"github.com/jcmturner/gokrb5/v8/iana/etypeID"
	"github.com/jcmturner/gokrb5/v8/iana/keyusage"
	"github.com/jcmturner/gokrb5/v8/types"
)

// A message under a context's key that is not encrypted, RFC 4121 section 4.2.6.2,
// big-endian:
//
//	0  2  05 04
//	2  1  flags: 1 sent by the acceptor, 2 encrypted, 4 under a subkey of the acceptor
//	3  1  ff
//	4  2  EC, the length of the checksum
//	6  2  RRC, by how many bytes what follows is rotated to the right
//	8  8  the sequence number
//	16    the message, the checksum of message and header with EC and RRC 0
const (
	wrapKind       = 0x0504
	wrapHeader     = 16
	wrapFiller     = 0xff
	fromAcceptor   = 1
	acceptorSubkey = 4
	ecAt           = 4
	rrcAt          = 6
	wrapNumber     = 8
	countersBytes  = 4
)

// context is what a client and the server share when it has proved itself.
type context struct {
	// client is the principal, name@REALM or service/host@REALM.
	client string
	key    types.EncryptionKey
	// ours and theirs are the sequence numbers of the next message.
	ours, theirs uint64
	// reply is the AP-REP, nil if the client wants none.
	reply []byte
	// initiates: we are the client. theirKey: the key is the acceptor's choice.
	initiates, theirKey bool
}

// side is the flags and the use of the key in tokens of the acceptor or the initiator.
func (c *context) side(acceptor bool) (bits byte, usage uint32) {
	if c.theirKey {
		bits |= acceptorSubkey
	}
	if acceptor {
		return bits | fromAcceptor, keyusage.GSSAPI_ACCEPTOR_SEAL
	}
	return bits, keyusage.GSSAPI_INITIATOR_SEAL
}

// isModern tells whether an encryption type has the wrap tokens of RFC 4121.
func isModern(kind int32) bool {
	switch kind {
	case etypeID.AES128_CTS_HMAC_SHA1_96, etypeID.AES256_CTS_HMAC_SHA1_96,
		etypeID.AES128_CTS_HMAC_SHA256_128, etypeID.AES256_CTS_HMAC_SHA384_192:
		return true
	}
	return false
}

// checksum is of the message and the header without its counters.
func (c *context) checksum(message, header []byte, usage uint32) ([]byte, error) {
	kind, err := crypto.GetEtype(c.key.KeyType)
	if err != nil {
		return nil, refusal("encryption type %d: %w", c.key.KeyType, err)
	}
	data := append(append(make([]byte, 0, len(message)+wrapHeader), message...), header...)
	clear(data[len(message)+ecAt : len(message)+ecAt+countersBytes])
	sum, err := kind.GetChecksumHash(c.key.KeyValue, data, usage)
	if err != nil {
		return nil, refusal("checksum: %w", err)
	}
	return sum, nil
}

func (c *context) wrap(message []byte) ([]byte, error) {
	token := make([]byte, wrapHeader, wrapHeader+len(message))
	binary.BigEndian.PutUint16(token, wrapKind)
	bits, usage := c.side(!c.initiates)
	token[2], token[3] = bits, wrapFiller
	binary.BigEndian.PutUint64(token[wrapNumber:], c.ours)
	c.ours++
	sum, err := c.checksum(message, token, usage)
	if err != nil {
		return nil, err
	}
	binary.BigEndian.PutUint16(token[ecAt:], uint16(len(sum)))
	return append(append(token, message...), sum...), nil
}

// unwrap is the message of the other end's next token.
func (c *context) unwrap(token []byte) ([]byte, error) {
	if len(token) < wrapHeader || binary.BigEndian.Uint16(token) != wrapKind ||
		token[3] != wrapFiller {
		return nil, refusal("%s did not wrap its choice of a layer; %d bytes", c.client,
			len(token))
	}
	bits, usage := c.side(c.initiates)
	if token[2] != bits {
		return nil, refusal("flags %#x of a wrap token of %s: want %#x, which is no "+
			"encryption, the key that was agreed on, and the other end as sender", token[2],
			c.client, bits)
	}
	header, body := token[:wrapHeader], rotateLeft(token[wrapHeader:],
		int(binary.BigEndian.Uint16(token[rrcAt:])))
	size := int(binary.BigEndian.Uint16(token[ecAt:]))
	if size > len(body) {
		return nil, refusal("the checksum of %s is longer than its token", c.client)
	}
	message, sum := body[:len(body)-size], body[len(body)-size:]
	want, err := c.checksum(message, header, usage)
	if err != nil {
		return nil, err
	}
	if !hmac.Equal(sum, want) || binary.BigEndian.Uint64(token[wrapNumber:]) != c.theirs {
		return nil, refusal("the choice of a layer of %s was changed on its way", c.client)
	}
	c.theirs++
	return message, nil
}

// rotateLeft takes back a rotation to the right.
func rotateLeft(b []byte, count int) []byte {
	if len(b) == 0 || count%len(b) == 0 {
		return b
	}
	count %= len(b)
	return append(append(make([]byte, 0, len(b)), b[count:]...), b[:count]...)
}
