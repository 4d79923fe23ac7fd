package txn

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"zoo"
	"zoo/internal/jute"
	"zoo/internal/wire"
)

// HeaderBytes is the encoded size of a Header.
const HeaderBytes = 32

// digestBytes is the encoded size of a Digest.
const digestBytes = 12

// DigestVersion is the version of the digests we make and compare; those of
// another version say nothing.
const DigestVersion int32 = 2

// ErrType means a transaction of a type that is none.
var ErrType = errors.New("unknown transaction type")

// Entry is one transaction of the history. Bytes are the encoded header, record
// and digest, and nobody changes them after creation: the log, the proposals and
// the tree share them.
type Entry struct {
	Zxid  zoo.Zxid
	Bytes []byte
}

// opAt is where the type stands in a header.
const opAt = HeaderBytes - 4

// Op is the type in the entry's header, which must be whole.
func (e Entry) Op() wire.Op {
	return wire.Op(int32(binary.BigEndian.Uint32(e.Bytes[opAt:HeaderBytes])))
}

// ParseEntry makes an entry of received or logged bytes, which it keeps. It
// checks the header only.
func ParseEntry(b []byte) (Entry, error) {
	d := jute.NewTrustedDecoder(b)
	h := DecodeHeader(&d)
	return Entry{Zxid: h.Zxid, Bytes: b}, d.Err()
}

// Header decodes the entry's header.
func (e Entry) Header() (Header, error) {
	d := jute.NewTrustedDecoder(e.Bytes)
	h := DecodeHeader(&d)
	return h, d.Err()
}

// Open decodes the entry's header and gives a decoder for what follows it: the
// record, then the digest. Strings and buffers from it share the entry's memory.
func (e Entry) Open() (Header, jute.Decoder) {
	d := jute.NewTrustedDecoder(e.Bytes)
	h := DecodeHeader(&d)
	return h, d
}

// Decode decodes the whole entry. It serves tools and tests; whoever applies
// entries opens them and decodes into a record of its own.
func (e Entry) Decode() (Header, jute.Record, *Digest, error) {
	h, d := e.Open()
	r, err := NewRecord(h.Type)
	if err != nil && d.Err() == nil {
		return h, nil, nil, fmt.Errorf("transaction %v: %w", h.Zxid, err)
	}
	if d.Err() == nil {
		r.DecodeFrom(&d)
	}
	digest, present := DecodeDigest(&d)
	if d.Err() != nil {
		return h, nil, nil, fmt.Errorf("transaction %v: %w", h.Zxid, d.Err())
	}
	if !present {
		return h, r, nil, nil
	}
	return h, r, &digest, nil
}

// AppendHeader appends a header.
func AppendHeader(b []byte, h Header) []byte { return h.AppendTo(b) }

// DecodeHeader reads a header.
func DecodeHeader(d *jute.Decoder) Header {
	if p := d.Fixed(HeaderBytes); p != nil {
		return header((*[HeaderBytes]byte)(p))
	}
	var h Header
	h.DecodeFrom(d)
	return h
}

// header reads the whole record at once.
func header(p *[HeaderBytes]byte) Header {
	return Header{
		Session: zoo.SessionID(binary.BigEndian.Uint64(p[0:])),
		Cxid:    int32(binary.BigEndian.Uint32(p[8:])),
		Zxid:    zoo.Zxid(binary.BigEndian.Uint64(p[12:])),
		Time:    int64(binary.BigEndian.Uint64(p[20:])),
		Type:    wire.Op(binary.BigEndian.Uint32(p[28:])),
	}
}

// AppendDigest appends the digest of a tree, in our version.
func AppendDigest(b []byte, tree uint64) []byte {
	digest := Digest{Version: DigestVersion, Tree: tree}
	return digest.AppendTo(b)
}

// DecodeDigest reads what follows a record; false where no digest does.
func DecodeDigest(d *jute.Decoder) (Digest, bool) {
	if d.Err() != nil || d.Len() == 0 {
		return Digest{}, false
	}
	var digest Digest
	digest.DecodeFrom(d)
	return digest, d.Err() == nil
}

// AppendEntry appends header, record and digest; nil leaves the latter two out.
func AppendEntry(b []byte, h Header, r jute.Record, digest *Digest) []byte {
	b = h.AppendTo(b)
	if r != nil {
		b = r.AppendTo(b)
	}
	if digest != nil {
		b = digest.AppendTo(b)
	}
	return b
}

// NewEntry encodes a transaction once and for all.
func NewEntry(h Header, r jute.Record, digest *Digest) Entry {
	return Entry{Zxid: h.Zxid, Bytes: AppendEntry(nil, h, r, digest)}
}

// Builder makes entries in one allocation of the exact size each, by encoding
// into memory that it keeps. The zero value is ready; one owner at a time.
type Builder struct{ scratch []byte }

// builderBytesMax is the most memory a Builder keeps between entries.
const builderBytesMax = 64 << 10

// Build encodes a transaction once and for all.
func (b *Builder) Build(h Header, r jute.Record, digest *Digest) Entry {
	encoded := AppendEntry(b.scratch[:0], h, r, digest)
	entry := Entry{Zxid: h.Zxid, Bytes: slices.Clip(slices.Clone(encoded))}
	if b.scratch = encoded; cap(encoded) > builderBytesMax {
		b.scratch = nil
	}
	return entry
}

// NewRecord gives an empty record for a transaction, or part of one, of type op.
func NewRecord(op wire.Op) (jute.Record, error) {
	switch op {
	case wire.OpCreateSession:
		return new(CreateSessionTxn), nil
	case wire.OpCloseSession:
		return new(CloseSessionTxn), nil
	case wire.OpCreate, wire.OpCreate2:
		return new(CreateTxn), nil
	case wire.OpCreateTTL:
		return new(CreateTTLTxn), nil
	case wire.OpCreateContainer:
		return new(CreateContainerTxn), nil
	case wire.OpDelete, wire.OpDeleteContainer:
		return new(DeleteTxn), nil
	case wire.OpSetData, wire.OpReconfig:
		return new(SetDataTxn), nil
	case wire.OpSetACL:
		return new(SetACLTxn), nil
	case wire.OpCheck:
		return new(CheckVersionTxn), nil
	case wire.OpError:
		return new(ErrorTxn), nil
	case wire.OpMulti:
		return new(MultiTxn), nil
	}
	return nil, fmt.Errorf("type %v: %w", op, ErrType)
}
