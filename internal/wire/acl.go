package wire

import (
	"unsafe"

	"zoo"
	"zoo/internal/jute"
)

// The least bytes that an identity and an ACL entry take.
const (
	idBytesMin  = 8
	aclBytesMin = 4 + idBytesMin
)

// AppendID appends one identity.
func AppendID(b []byte, id zoo.ID) []byte {
	return jute.AppendString(jute.AppendString(b, id.Scheme), id.ID)
}

// DecodeID reads one identity.
func DecodeID(d *jute.Decoder) zoo.ID {
	return zoo.ID{Scheme: d.String(), ID: d.String()}
}

// AppendIDs appends a vector of identities, which is never null.
func AppendIDs(b []byte, ids []zoo.ID) []byte {
	b = jute.AppendCount(b, len(ids))
	for _, id := range ids {
		b = AppendID(b, id)
	}
	return b
}

// DecodeNullableIDs reads a vector of identities; null reads as nil, and empty
// as empty.
func DecodeNullableIDs(d *jute.Decoder) []zoo.ID {
	n, present := d.NullableCount(idBytesMin)
	if !present || !d.Reserve("identities", n, int(unsafe.Sizeof(zoo.ID{}))) {
		return nil
	}
	ids := make([]zoo.ID, n)
	for i := range ids {
		ids[i] = DecodeID(d)
	}
	return ids
}

// AppendACL appends a vector of ACL entries, which is never null.
func AppendACL(b []byte, entries []zoo.ACL) []byte {
	b = jute.AppendCount(b, len(entries))
	for i := range entries {
		b = jute.AppendInt(b, int32(entries[i].Perms))
		b = AppendID(b, entries[i].ID)
	}
	return b
}

// DecodeACL reads a vector of ACL entries; null and empty read as nil.
func DecodeACL(d *jute.Decoder) []zoo.ACL { return DecodeACLInto(nil, d) }

// DecodeACLInto is DecodeACL into the memory of a list that is not needed any more, as far
// as that suffices.
func DecodeACLInto(list []zoo.ACL, d *jute.Decoder) []zoo.ACL {
	n := d.Count(aclBytesMin)
	if n == 0 || !d.Reserve("ACL", n, int(unsafe.Sizeof(zoo.ACL{}))) {
		return nil
	}
	if n > cap(list) {
		list = make([]zoo.ACL, n)
	}
	entries := list[:n]
	for i := range entries {
		entries[i] = zoo.ACL{Perms: zoo.Perms(d.Int()), ID: DecodeID(d)}
	}
	return entries
}
