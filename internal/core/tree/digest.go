package tree

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"strings"

	"zoo"
)

// systemPrefix begins the paths that the digest leaves out: quota usage below it
// is counted by each server for itself.
const systemPrefix = "/zookeeper/"

// A Digester computes digests of znodes, in version 2. Its zero value is ready; it exists so
// that computing one allocates nothing.
//
// A znode's digest is a CRC-32 over
//
//	path, "" for the root    data    czxid mzxid pzxid ctime mtime   5 longs
//	                                 version cversion aversion       3 ints
//	                                 ephemeralOwner                  1 long
//
// and the tree's is their sum, in 64 bits that may wrap. The tree keeps the CRC
// as it stands before the stat, so that a change of a stat alone, such as the
// parent's at every create, does not read the data again.
type Digester struct {
	scratch [prefixBytesMax]byte
}

const (
	// prefixBytesMax is the most path and data that are summed in one go.
	prefixBytesMax = 1 << 10
	// sumBytesLeast is what the standard library sums with the processor's help, if it is a
	// multiple of sumBytesStep: some 60 bytes otherwise take longer than a thousand.
	sumBytesLeast = 64
	sumBytesStep  = 16
	statBytes     = 60
	registerBytes = 4
)

// sumBehind gives the CRC-32 of what has the CRC-32 before, with the bytes from start on
// behind it. What is before start is overwritten.
//
// A register of zero stays zero over zeros. So zeros may come first, until the length is one
// that is quick, if what the register would hold is in the first bytes instead: the register
// is combined with them by exclusive or, before anything else happens.
func sumBehind(before uint32, padded []byte, start int) uint32 {
	clear(padded[:start])
	first := padded[start : start+registerBytes]
	binary.LittleEndian.PutUint32(first, binary.LittleEndian.Uint32(first)^^before)
	return crc32.Update(math.MaxUint32, crc32.IEEETable, padded)
}

// Node is the digest of the znode with this path, data and stat: 0 for what lies
// below /zookeeper.
func (d *Digester) Node(path string, data []byte, st *zoo.StatPersisted) uint64 {
	if uncounted(path) {
		return 0
	}
	return uint64(d.finish(d.prefix(path, data), st))
}

// NodeDigest is Digester.Node for who computes one only now and then.
func NodeDigest(path string, data []byte, st *zoo.StatPersisted) uint64 {
	return new(Digester).Node(path, data, st)
}

func uncounted(path string) bool { return strings.HasPrefix(path, systemPrefix) }

// prefix is the CRC of path and data.
func (d *Digester) prefix(path string, data []byte) uint32 {
	if path == "/" {
		path = ""
	}
	size := len(path) + len(data)
	if size >= registerBytes && size <= prefixBytesMax {
		padded := d.scratch[:max(sumBytesLeast, (size+sumBytesStep-1)&^(sumBytesStep-1))]
		start := len(padded) - size
		copy(padded[start:], path)
		copy(padded[start+len(path):], data)
		return sumBehind(0, padded, start)
	}
	return crc32.Update(crc32.ChecksumIEEE(bytesOf(path)), crc32.IEEETable, data)
}

func (d *Digester) finish(prefix uint32, st *zoo.StatPersisted) uint32 {
	padded := d.scratch[:sumBytesLeast]
	b := padded[:sumBytesLeast-statBytes]
	b = binary.BigEndian.AppendUint64(b, uint64(st.Czxid))
	b = binary.BigEndian.AppendUint64(b, uint64(st.Mzxid))
	b = binary.BigEndian.AppendUint64(b, uint64(st.Pzxid))
	b = binary.BigEndian.AppendUint64(b, uint64(st.Ctime))
	b = binary.BigEndian.AppendUint64(b, uint64(st.Mtime))
	b = binary.BigEndian.AppendUint32(b, uint32(st.Version))
	b = binary.BigEndian.AppendUint32(b, uint32(st.Cversion))
	b = binary.BigEndian.AppendUint32(b, uint32(st.Aversion))
	binary.BigEndian.AppendUint64(b, uint64(st.EphemeralOwner))
	return sumBehind(prefix, padded, sumBytesLeast-statBytes)
}

// recount puts a znode's present stat into the digest in place of the old one.
func (t *Tree) recount(n *node) {
	if n.uncounted() {
		return
	}
	t.digest -= uint64(n.digest)
	st := t.nodes.persisted(n)
	n.digest = t.digester.finish(n.prefix, &st)
	t.digest += uint64(n.digest)
}
