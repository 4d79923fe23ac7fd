package snapshot_test

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"zoo"
	"zoo/internal/check/alloc"
	"zoo/internal/core/tree"
	"zoo/internal/disk/snapshot"
	"zoo/internal/disk/vfs"
	"zoo/internal/disk/vfs/vfstest"
	"zoo/internal/txn"
	"zoo/internal/wire"
)

type fataler = vfstest.Fataler

var must = vfstest.Must

func apply(t fataler, tr *tree.Tree, z zoo.Zxid, op wire.Op, r interface {
	AppendTo([]byte) []byte
}) {
	t.Helper()
	h := txn.Header{Session: 0x99, Zxid: z, Time: int64(z) * 10, Type: op}
	e := txn.Entry{Zxid: z, Bytes: r.AppendTo(h.AppendTo(nil))}
	_, err := tr.Apply(e)
	must(t, err)
}

// grow makes a tree with everything that a snapshot keeps, and n znodes more.
func grow(t fataler, n int) *tree.Tree {
	tr := tree.New()
	private := []zoo.ACL{{Perms: zoo.PermRead, ID: zoo.ID{Scheme: "digest", ID: "a:b"}}}
	apply(t, tr, 0x100000001, wire.OpCreateSession, &txn.CreateSessionTxn{})
	apply(t, tr, 0x100000002, wire.OpCreate, &txn.CreateTxn{
		Path: "/a", Data: []byte("alpha"), ACL: zoo.OpenACL(), ParentCVersion: 1})
	apply(t, tr, 0x100000003, wire.OpCreate, &txn.CreateTxn{
		Path: "/a/null", ACL: private, Ephemeral: true, ParentCVersion: 1})
	apply(t, tr, 0x100000004, wire.OpCreateTTL, &txn.CreateTTLTxn{
		Path: "/a/empty é", Data: []byte{}, ACL: private, ParentCVersion: 2, TTL: 5000})
	apply(t, tr, 0x100000005, wire.OpCreateContainer, &txn.CreateContainerTxn{
		Path: "/big", Data: bytes.Repeat([]byte("x"), 600<<10), ACL: zoo.OpenACL(),
		ParentCVersion: 2})
	for i := range n {
		apply(t, tr, 0x100000006+zoo.Zxid(i), wire.OpCreate, &txn.CreateTxn{
			Path: fmt.Sprintf("/a/%06d", i), Data: []byte("data"), ACL: zoo.OpenACL(),
			ParentCVersion: int32(i + 3)})
	}
	return tr
}

func source(tr *tree.Tree) snapshot.Source {
	return snapshot.Source{Frozen: tr.Freeze(), Lock: snapshot.NoLock{}}
}

func newDisk() *vfs.Mem {
	disk := vfs.NewMem()
	disk.MkdirAll("/d")
	return disk
}

func load(t fataler, disk vfs.FS) (*tree.Tree, snapshot.Info, error) {
	t.Helper()
	files, err := snapshot.List(disk, "/d")
	must(t, err)
	if len(files) != 1 {
		t.Fatal("snapshots:", files)
	}
	return snapshot.Read(disk, files[0])
}

func TestATreeComesBackFromAFile(t *testing.T) {
	for _, n := range []int{0, 3, 5000} {
		disk, tr := newDisk(), grow(t, n)
		must(t, snapshot.Write(disk, "/d", source(tr)))
		got, info, err := load(t, disk.CrashLosingAll())
		must(t, err)
		if got.Fingerprint() != tr.Fingerprint() || got.Zxid() != tr.Zxid() {
			t.Fatalf("%v came back as %v, or otherwise different", tr.Zxid(), got.Zxid())
		}
		want := snapshot.Info{Zxid: tr.Zxid(), Digest: tr.Digest(), DigestZxid: tr.Zxid(),
			HasDigest: true, LastZxid: tr.Zxid(), HasLastZxid: true}
		if info != want || got.Digest() != tr.Digest() {
			t.Fatalf("got %+v, want %+v", info, want)
		}
	}
}

func TestASnapshotIsOfTheMomentOfItsFreeze(t *testing.T) {
	disk, tr := newDisk(), grow(t, 100)
	before := grow(t, 100).Fingerprint()
	w := snapshot.Format{}.NewWriter(disk, "/d", "unfinished", source(tr))
	z := tr.Zxid()
	for done := false; !done; {
		z++
		apply(t, tr, z, wire.OpSetData, &txn.SetDataTxn{
			Path: fmt.Sprintf("/a/%06d", int(z)%100), Data: []byte("later"), Version: 1})
		var err error
		done, err = w.Step(3)
		must(t, err)
	}
	if files, _ := snapshot.List(disk, "/d"); len(files) > 0 {
		t.Fatalf("an unpublished snapshot is listed: %v", files)
	}
	must(t, w.Publish())
	got, _, err := load(t, disk)
	must(t, err)
	if got.Fingerprint() != before {
		t.Fatal("the snapshot holds what came later")
	}
}

func TestATreeComesBackFromAStreamAndNothingElseIsRead(t *testing.T) {
	tr := grow(t, 2000)
	var sent bytes.Buffer
	must(t, snapshot.WriteStream(&sent, source(tr)))
	sent.WriteString("BenWasHere")
	r := bufio.NewReaderSize(iotest.HalfReader(&sent), 100)
	got, err := snapshot.ReadStream(r, tr.Zxid())
	must(t, err)
	if got.Fingerprint() != tr.Fingerprint() || got.Zxid() != tr.Zxid() {
		t.Fatal("the tree is another")
	}
	if rest, _ := io.ReadAll(r); string(rest) != "BenWasHere" {
		t.Fatalf("left %q", rest)
	}
}

func TestAStreamCutAnywhereIsRefused(t *testing.T) {
	tr := tree.New()
	var sent bytes.Buffer
	must(t, snapshot.WriteStream(&sent, source(tr)))
	for n := range sent.Len() {
		r := bufio.NewReader(bytes.NewReader(sent.Bytes()[:n]))
		if _, err := snapshot.ReadStream(r, 0); err == nil {
			t.Fatalf("a stream of %d bytes of %d was accepted", n, sent.Len())
		}
	}
}

// An announced length of 2 GB must not be believed before the bytes are there.
func TestMemoryGrowsWithWhatArrives(t *testing.T) {
	huge := append(make([]byte, 8), 0x7f, 0xff, 0xff, 0xff)
	allocs := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			r := bufio.NewReader(bytes.NewReader(huge))
			if _, err := snapshot.ReadStream(r, 0); err == nil {
				b.Fatal("accepted")
			}
		}
	}).AllocedBytesPerOp()
	if allocs > 1<<20 {
		t.Fatalf("%d bytes allocated", allocs)
	}
}

// rewrite changes the only snapshot of a disk.
func rewrite(t *testing.T, disk vfs.FS, name string, change func([]byte) []byte) {
	t.Helper()
	files, err := snapshot.List(disk, "/d")
	must(t, err)
	f, err := disk.Open(files[0].Path)
	must(t, err)
	p, err := io.ReadAll(f)
	must(t, err)
	must(t, disk.Remove(files[0].Path))
	out, err := disk.Create("/d/" + name)
	must(t, err)
	_, err = out.Write(change(p))
	must(t, err)
}

// Java accepts a file whose body is sealed and whose trailer is missing, as older
// versions write it.
func TestMissingTrailersAreAccepted(t *testing.T) {
	const lastPart, digestPart = 21, 33
	for _, cut := range []int{0, lastPart, lastPart + digestPart, lastPart + digestPart - 5} {
		disk, tr := newDisk(), grow(t, 0)
		must(t, snapshot.Write(disk, "/d", source(tr)))
		rewrite(t, disk, snapshot.Name(tr.Zxid()), func(p []byte) []byte { return p[:len(p)-cut] })
		got, info, err := load(t, disk)
		must(t, err)
		if got.Fingerprint() != tr.Fingerprint() || info.HasDigest != (cut <= lastPart) {
			t.Fatalf("without the last %d bytes: %+v", cut, info)
		}
	}
}

func TestTheBytesOfTheEmptyTreeAreZooKeepers(t *testing.T) {
	disk := newDisk()
	must(t, snapshot.Write(disk, "/d", source(tree.New())))
	var got []byte
	rewrite(t, disk, "snapshot.0", func(p []byte) []byte { got = p; return p })
	want := "5a4b534e00000002ffffffffffffffff" + // header
		"00000000" + "00000001" + "0000000000000001" + // sessions, ACLs
		"00000001" + "00000001" + "00000005" + hex.EncodeToString([]byte("world")) +
		"00000006" + hex.EncodeToString([]byte("anyone")) +
		"00000000" + "00000000" + "ffffffffffffffff" + strings.Repeat("00", 60) // root
	if !strings.HasPrefix(hex.EncodeToString(got), want) {
		t.Fatalf("got  %x\nwant %s", got, want)
	}
	if !bytes.HasSuffix(got, []byte("\x00\x00\x00\x01/")) {
		t.Fatalf("ends with %x", got[len(got)-5:])
	}
}

func TestAFullDiskLeavesNoSnapshotBehind(t *testing.T) {
	full := errors.New("disk full")
	for _, kind := range []vfs.OpKind{vfs.OpCreate, vfs.OpWrite, vfs.OpSync, vfs.OpRename} {
		mem := newDisk()
		disk := vfs.NewFaulty(mem, func(_ int, op vfs.Op) error {
			if op.Kind == kind {
				return full
			}
			return nil
		})
		err := snapshot.Write(disk, "/d", source(tree.New()))
		if !errors.Is(err, full) {
			t.Errorf("failing %s: %v", kind, err)
		}
		if files, _ := snapshot.List(mem, "/d"); len(files) > 0 {
			t.Errorf("failing %s left %v", kind, files)
		}
	}
}

func FuzzReadStream(f *testing.F) {
	var sent bytes.Buffer
	must(f, snapshot.WriteStream(&sent, source(tree.New())))
	f.Add(sent.Bytes())
	sent.Reset()
	must(f, snapshot.WriteStream(&sent, source(grow(f, 2))))
	f.Add(sent.Bytes()[:2000])
	f.Fuzz(func(t *testing.T, p []byte) {
		var got *tree.Tree
		var err error
		alloc.Bounded(t, len(p), func() {
			got, err = snapshot.ReadStream(bufio.NewReaderSize(bytes.NewReader(p), 64), 7)
		})
		if err != nil {
			return
		}
		var again bytes.Buffer
		must(t, snapshot.WriteStream(&again, source(got)))
		second, err := snapshot.ReadStream(bufio.NewReader(&again), 7)
		must(t, err)
		if second.Fingerprint() != got.Fingerprint() {
			t.Fatal("what was read is written otherwise")
		}
	})
}

func BenchmarkWriteAndRead(b *testing.B) {
	tr := grow(b, 100_000)
	b.Run("write", func(b *testing.B) {
		for b.Loop() {
			must(b, snapshot.Write(newDisk(), "/d", source(tr)))
		}
	})
	disk := newDisk()
	must(b, snapshot.Write(disk, "/d", source(tr)))
	b.Run("read", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _, err := load(b, disk)
			must(b, err)
		}
	})
}

// A copy has the bytes of a file, and as many as it has foretold.
func TestACopyIsAFile(t *testing.T) {
	for _, n := range []int{0, 1, 3000} {
		tr := grow(t, n)
		disk := newDisk()
		must(t, snapshot.Write(disk, "/d", source(tr)))
		f, err := disk.Open("/d" + "/" + snapshot.Name(tr.Zxid()))
		must(t, err)
		want, err := io.ReadAll(f)
		must(t, err)
		var got bytes.Buffer
		c := snapshot.NewCopy(source(tr))
		size, err := c.WriteTo(&got)
		must(t, err)
		if size != c.Bytes() || int64(got.Len()) != size || !bytes.Equal(got.Bytes(), want) {
			t.Errorf("%d znodes: %d bytes, %d foretold, the file has %d",
				n, got.Len(), c.Bytes(), len(want))
		}
		back, info, err := snapshot.ReadCopy(&got, "copy")
		must(t, err)
		if back.Fingerprint() != tr.Fingerprint() || info.LastZxid != tr.Zxid() {
			t.Errorf("%d znodes do not come back: %+v", n, info)
		}
	}
}
