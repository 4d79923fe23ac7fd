package wire

import (
	"zoo"
	"zoo/internal/jute"
)

// Fuzzy is the data of SNAP if the tree of a leader of ours is ahead of the packet's zxid in
// parts, since it was read from such a snapshot; otherwise there is none. Java's learners do
// not read it.
//
//	offset  size
//	     0     8  the zxid up to which it is
//	     8     1  1 if the digest there is known
//	     9     8  the digest, 0 if it is not known
type Fuzzy struct {
	Until     zoo.Zxid
	Digest    uint64
	HasDigest bool
}

// AppendTo appends the encoded record to b.
func (f *Fuzzy) AppendTo(b []byte) []byte {
	b = jute.AppendLong(b, int64(f.Until))
	b = jute.AppendBool(b, f.HasDigest)
	return jute.AppendLong(b, int64(f.Digest))
}

// DecodeFrom overwrites the record.
func (f *Fuzzy) DecodeFrom(d *jute.Decoder) {
	*f = Fuzzy{Until: zoo.Zxid(d.Long()), HasDigest: d.Bool()}
	f.Digest = uint64(d.Long())
}
