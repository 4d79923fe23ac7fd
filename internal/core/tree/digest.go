package tree

import (
	"encoding/binary"
	"hash/crc32"
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
	stat [60]byte
}

// Node is the digest of the znode with this path, data and stat: 0 for what lies
// below /zookeeper.
func (d *Digester) Node(path string, data []byte, st *zoo.StatPersisted) uint64 {
	if uncounted(path) {
		return 0
	}
	return uint64(d.finish(digestPrefix(path, data), st))
}

// NodeDigest is Digester.Node for who computes one only now and then.
func NodeDigest(path string, data []byte, st *zoo.StatPersisted) uint64 {
	return new(Digester).Node(path, data, st)
}

func uncounted(path string) bool { return strings.HasPrefix(path, systemPrefix) }

func digestPrefix(path string, data []byte) uint32 {
	if path == "/" {
		path = ""
	}
	return crc32.Update(crc32.ChecksumIEEE(bytesOf(path)), crc32.IEEETable, data)
}

func (d *Digester) finish(prefix uint32, st *zoo.StatPersisted) uint32 {
	b := d.stat[:0]
	b = binary.BigEndian.AppendUint64(b, uint64(st.Czxid))
	b = binary.BigEndian.AppendUint64(b, uint64(st.Mzxid))
	b = binary.BigEndian.AppendUint64(b, uint64(st.Pzxid))
	b = binary.BigEndian.AppendUint64(b, uint64(st.Ctime))
	b = binary.BigEndian.AppendUint64(b, uint64(st.Mtime))
	b = binary.BigEndian.AppendUint32(b, uint32(st.Version))
	b = binary.BigEndian.AppendUint32(b, uint32(st.Cversion))
	b = binary.BigEndian.AppendUint32(b, uint32(st.Aversion))
	b = binary.BigEndian.AppendUint64(b, uint64(st.EphemeralOwner))
	return crc32.Update(prefix, crc32.IEEETable, b)
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
