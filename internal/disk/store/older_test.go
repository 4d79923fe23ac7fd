package store_test

import (
	"bytes"
	"encoding/binary"
	"hash/adler32"
	"slices"
	"strings"
	"testing"

	"zoo"
	"zoo/internal/core/tree"
	"zoo/internal/disk/vfs"
	"zoo/internal/jute"
	"zoo/internal/txn"
	"zoo/internal/wire"
)

// older is a version whose files are made here, byte by byte, from what is known of its
// formats, and not by our writers.
type older struct {
	name string
	// countless creates do not say what the parent's cversion becomes (before 3.4).
	countless bool
	// listless ends of sessions do not name the ephemerals (before 3.6).
	listless bool
	// system znodes for the configuration are in snapshots since 3.5.
	config bool
	// digested snapshots and entries are those since 3.6.
	digested bool
	// lastZxid is at the end of snapshots since 3.9.
	lastZxid bool
}

var versions = []older{
	{name: "3.3", countless: true, listless: true},
	{name: "3.4", listless: true},
	{name: "3.5", listless: true, config: true},
	{name: "3.8", config: true, digested: true},
	{name: "3.9", config: true, digested: true, lastZxid: true},
}

const elder, younger = zoo.SessionID(0x11), zoo.SessionID(0x22)

// seal appends the checksum of all that is in b.
func seal(b []byte) []byte {
	return jute.AppendString(jute.AppendLong(b, int64(adler32.Checksum(b))), "/")
}

// znode appends one of a snapshot.
func znode(b []byte, path, data string, acl int64, st zoo.StatPersisted) []byte {
	b = jute.AppendString(b, path)
	b = jute.AppendBuffer(b, []byte(data))
	b = jute.AppendLong(b, acl)
	return wire.AppendStatPersisted(b, &st)
}

// snapshotFile has a znode, with a list of its own, and an ephemeral of the elder.
func (v older) snapshotFile(digest uint64) []byte {
	b := append([]byte("ZKSN"), 0, 0, 0, 2, 255, 255, 255, 255, 255, 255, 255, 255)
	b = jute.AppendLong(jute.AppendInt(b, 1), int64(elder))
	b = jute.AppendInt(b, 4000)
	b = jute.AppendLong(jute.AppendInt(b, 1), 7)
	b = wire.AppendACL(b, []zoo.ACL{{Perms: 1, ID: zoo.ID{Scheme: "world", ID: "anyone"}}})
	b = znode(b, "", "", -1, zoo.StatPersisted{Cversion: 1, Pzxid: 2})
	b = znode(b, "/a", "alpha", 7, zoo.StatPersisted{Czxid: 2, Mzxid: 2, Pzxid: 3, Cversion: 1})
	b = znode(b, "/a/e", "", -1,
		zoo.StatPersisted{Czxid: 3, Mzxid: 3, Pzxid: 3, EphemeralOwner: elder})
	b = znode(b, "/zookeeper", "", -1, zoo.StatPersisted{})
	b = znode(b, "/zookeeper/quota", "", -1, zoo.StatPersisted{})
	if v.config {
		b = znode(b, "/zookeeper/config", "", 7, zoo.StatPersisted{Aversion: -1})
	}
	b = seal(jute.AppendString(b, "/"))
	if v.digested {
		b = jute.AppendInt(jute.AppendLong(b, 3), 2)
		b = seal(jute.AppendLong(b, int64(digest)))
	}
	if v.lastZxid {
		b = seal(jute.AppendLong(b, 3))
	}
	return b
}

// entries create a session and its ephemeral, a znode, and end the elder's session.
func (v older) entries() [][]byte {
	head := func(session zoo.SessionID, z zoo.Zxid, op wire.Op) []byte {
		h := txn.Header{Session: session, Zxid: z, Time: 1000, Type: op}
		return h.AppendTo(nil)
	}
	create := func(session zoo.SessionID, z zoo.Zxid, path string, cversion int32) []byte {
		b := jute.AppendString(head(session, z, wire.OpCreate), path)
		b = wire.AppendACL(jute.AppendBuffer(b, []byte("x")), zoo.OpenACL())
		b = append(b, byte(int(session)&0x20>>5)) // the younger's are ephemeral
		if v.countless {
			return b
		}
		return jute.AppendInt(b, cversion)
	}
	end := head(elder, 7, wire.OpCloseSession)
	if !v.listless {
		end = jute.AppendString(jute.AppendInt(end, 1), "/a/e")
	}
	return [][]byte{
		jute.AppendInt(head(younger, 4, wire.OpCreateSession), 5000),
		create(younger, 5, "/a/y", 2),
		create(elder, 6, "/b", 2),
		end,
	}
}

// logFile has the entries, with the digests if there are some, and padding.
func logFile(entries [][]byte, digests []uint64) []byte {
	b := append([]byte("ZKLG"), 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0)
	for i, e := range entries {
		if digests != nil {
			e = jute.AppendLong(jute.AppendInt(slices.Clone(e), 2), int64(digests[i]))
		}
		b = binary.BigEndian.AppendUint64(b, uint64(adler32.Checksum(e)))
		b = binary.BigEndian.AppendUint32(b, uint32(len(e)))
		b = append(append(b, e...), 'B')
	}
	return append(b, make([]byte, 8192)...)
}

// The plot: a directory in the format of each version since 3.3 is opened. All of them
// come to the same tree, sessions and digest; where the files have digests, ours agree.
func TestDirectoriesOfOlderVersionsAreOpened(t *testing.T) {
	var first *tree.Tree
	var atBase uint64
	var digests []uint64
	for _, v := range versions {
		var inLog []uint64
		if v.digested {
			inLog = digests
		}
		disk := vfs.NewMem()
		must(t, disk.MkdirAll("/data/version-2"))
		must(t, disk.MkdirAll("/logs/version-2"))
		write(t, disk, "/data/version-2/snapshot.3", string(v.snapshotFile(atBase)))
		write(t, disk, "/logs/version-2/log.4", string(logFile(v.entries(), inLog)))
		s, r, err := config(disk).Open()
		must(t, err)
		must(t, s.Close())
		if len(r.Notes) > 0 || r.Zxid != 7 {
			t.Fatalf("%s: %v, %q", v.name, r.Zxid, r.Notes)
		}
		atBase, digests = r.Tree.Digest(), nil
		for _, e := range r.Tail {
			result, err := r.Tree.Apply(e)
			must(t, err)
			if result.DigestDiffers || result.HasDigest != v.digested {
				t.Fatalf("%s: the digest at %v is %#x", v.name, e.Zxid, r.Tree.Digest())
			}
			digests = append(digests, r.Tree.Digest())
		}
		if first == nil {
			first = r.Tree
			expectOlder(t, first)
		}
		if r.Tree.Fingerprint() != first.Fingerprint() || r.Tree.Digest() != first.Digest() {
			t.Errorf("%s comes to another tree", v.name)
		}
	}
}

// expectOlder looks at what the history of all versions comes to.
func expectOlder(t *testing.T, tr *tree.Tree) {
	t.Helper()
	var paths []string
	tr.EachNode(func(path string, _ tree.Node) bool {
		paths = append(paths, strings.Clone(path))
		return true
	})
	slices.Sort(paths)
	want := []string{"", "/a", "/a/y", "/b", "/zookeeper", "/zookeeper/config",
		"/zookeeper/quota"}
	if !slices.Equal(paths, want) {
		t.Errorf("znodes %q, want %q", paths, want)
	}
	a, _ := tr.Lookup("/a")
	if st := a.Persisted(); st.Cversion != 2 || st.Pzxid != 7 || a.ACL()[0].Perms != 1 ||
		!bytes.Equal(a.Data(), []byte("alpha")) {
		t.Errorf("/a is %+v", st)
	}
	if _, ended := tr.SessionTimeout(elder); ended || tr.SessionCount() != 1 {
		t.Errorf("%d sessions, the elder's among them: %v", tr.SessionCount(), ended)
	}
}
