package wire

import (
	"encoding/binary"

	"zoo"
	"zoo/internal/jute"
)

// StatBytes is the encoded size of a Stat, and StatPersistedBytes of what
// snapshots keep of it.
const (
	StatBytes          = 68
	StatPersistedBytes = 60
)

// AppendStat appends a Stat as clients see it.
func AppendStat(b []byte, s *zoo.Stat) []byte {
	b = jute.AppendLong(b, int64(s.Czxid))
	b = jute.AppendLong(b, int64(s.Mzxid))
	b = jute.AppendLong(b, s.Ctime)
	b = jute.AppendLong(b, s.Mtime)
	b = jute.AppendInt(b, s.Version)
	b = jute.AppendInt(b, s.Cversion)
	b = jute.AppendInt(b, s.Aversion)
	b = jute.AppendLong(b, int64(s.EphemeralOwner))
	b = jute.AppendInt(b, s.DataLength)
	b = jute.AppendInt(b, s.NumChildren)
	return jute.AppendLong(b, int64(s.Pzxid))
}

// DecodeStat reads a Stat as clients see it.
func DecodeStat(d *jute.Decoder) zoo.Stat {
	return zoo.Stat{
		Czxid: zoo.Zxid(d.Long()), Mzxid: zoo.Zxid(d.Long()),
		Ctime: d.Long(), Mtime: d.Long(),
		Version: d.Int(), Cversion: d.Int(), Aversion: d.Int(),
		EphemeralOwner: zoo.SessionID(d.Long()),
		DataLength:     d.Int(), NumChildren: d.Int(),
		Pzxid: zoo.Zxid(d.Long()),
	}
}

// AppendStatPersisted appends a Stat as snapshots keep it.
func AppendStatPersisted(b []byte, s *zoo.StatPersisted) []byte {
	b = jute.AppendLong(b, int64(s.Czxid))
	b = jute.AppendLong(b, int64(s.Mzxid))
	b = jute.AppendLong(b, s.Ctime)
	b = jute.AppendLong(b, s.Mtime)
	b = jute.AppendInt(b, s.Version)
	b = jute.AppendInt(b, s.Cversion)
	b = jute.AppendInt(b, s.Aversion)
	b = jute.AppendLong(b, int64(s.EphemeralOwner))
	return jute.AppendLong(b, int64(s.Pzxid))
}

// DecodeStatPersisted reads a Stat as snapshots keep it.
func DecodeStatPersisted(d *jute.Decoder) zoo.StatPersisted {
	if p := d.Fixed(StatPersistedBytes); p != nil {
		return statPersisted((*[StatPersistedBytes]byte)(p))
	}
	return zoo.StatPersisted{
		Czxid: zoo.Zxid(d.Long()), Mzxid: zoo.Zxid(d.Long()),
		Ctime: d.Long(), Mtime: d.Long(),
		Version: d.Int(), Cversion: d.Int(), Aversion: d.Int(),
		EphemeralOwner: zoo.SessionID(d.Long()),
		Pzxid:          zoo.Zxid(d.Long()),
	}
}

// statPersisted reads the whole record at once.
func statPersisted(p *[StatPersistedBytes]byte) zoo.StatPersisted {
	return zoo.StatPersisted{
		Czxid:          zoo.Zxid(binary.BigEndian.Uint64(p[0:])),
		Mzxid:          zoo.Zxid(binary.BigEndian.Uint64(p[8:])),
		Ctime:          int64(binary.BigEndian.Uint64(p[16:])),
		Mtime:          int64(binary.BigEndian.Uint64(p[24:])),
		Version:        int32(binary.BigEndian.Uint32(p[32:])),
		Cversion:       int32(binary.BigEndian.Uint32(p[36:])),
		Aversion:       int32(binary.BigEndian.Uint32(p[40:])),
		EphemeralOwner: zoo.SessionID(binary.BigEndian.Uint64(p[44:])),
		Pzxid:          zoo.Zxid(binary.BigEndian.Uint64(p[52:])),
	}
}
