package tree

import (
	"hash/crc32"
	"math/rand/v2"
	"strings"
	"testing"

	"zoo"
	"zoo/internal/jute"
)

// stupidDigest is the digest as Digester describes it, byte behind byte.
func stupidDigest(path string, data []byte, st *zoo.StatPersisted) uint64 {
	if path == "/" {
		path = ""
	}
	b := append([]byte(path), data...)
	for _, long := range []zoo.Zxid{st.Czxid, st.Mzxid, st.Pzxid} {
		b = jute.AppendLong(b, int64(long))
	}
	b = jute.AppendLong(jute.AppendLong(b, st.Ctime), st.Mtime)
	for _, version := range []int32{st.Version, st.Cversion, st.Aversion} {
		b = jute.AppendInt(b, version)
	}
	return uint64(crc32.ChecksumIEEE(jute.AppendLong(b, int64(st.EphemeralOwner))))
}

// Paths and data of every length that is summed in another way than the one before.
func TestDigestsAreTheCRCOfAllBytes(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	data := make([]byte, 3*prefixBytesMax)
	for i := range data {
		data[i] = byte(random.Uint32())
	}
	var d Digester
	check := func(path string, data []byte) {
		t.Helper()
		st := zoo.StatPersisted{Czxid: zoo.Zxid(random.Uint64()), Mzxid: 2,
			Pzxid: zoo.Zxid(random.Uint64()), Ctime: int64(random.Uint64()), Mtime: 5, Version: -1,
			Cversion: int32(random.Uint32()), Aversion: 7, EphemeralOwner: -8}
		if got, want := d.Node(path, data, &st), stupidDigest(path, data, &st); got != want {
			t.Fatalf("%q with %d bytes: %#x, not %#x", path, len(data), got, want)
		}
	}
	check("/", nil)
	for pathBytes := range 70 {
		path := "/" + strings.Repeat("p", pathBytes)
		for n := range 200 {
			check(path, data[n:2*n])
		}
	}
	for n := range data {
		check("/a", data[:n])
	}
	check("", nil)
	check("", data[:3])
}

func BenchmarkDigest(b *testing.B) {
	var d Digester
	st, data := zoo.StatPersisted{Czxid: 1}, make([]byte, 100)
	b.ReportAllocs()
	for b.Loop() {
		d.Node("/bench/dir-000001/a-znode-000000001", data, &st)
	}
}

func BenchmarkDigestStandard(b *testing.B) {
	st, data := zoo.StatPersisted{Czxid: 1}, make([]byte, 100)
	for b.Loop() {
		prefix := crc32.Update(crc32.ChecksumIEEE(bytesOf("/bench/dir-000001/a-znode-000000001")),
			crc32.IEEETable, data)
		var stat [60]byte
		stat[3] = byte(st.Czxid)
		crc32.Update(prefix, crc32.IEEETable, stat[:])
	}
}
