package snapshot_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"testing"

	"zoo/internal/core/tree"
	"zoo/internal/disk/snapshot"
	"zoo/internal/disk/vfs"
)

// wide is more znodes than one goroutine decodes alone.
const wide = 12_000

func wideStream(t *testing.T) (tr *tree.Tree, sent []byte) {
	t.Helper()
	tr = grow(t, wide)
	var b bytes.Buffer
	must(t, snapshot.WriteStream(&b, source(tr)))
	return tr, b.Bytes()
}

func TestAWideTreeIsDecodedByManyAndComesBackTheSame(t *testing.T) {
	tr, sent := wideStream(t)
	r := bufio.NewReader(io.MultiReader(bytes.NewReader(sent), bytes.NewReader([]byte("next"))))
	got, err := snapshot.ReadStream(r, tr.Zxid())
	must(t, err)
	if got.Fingerprint() != tr.Fingerprint() || got.Digest() != tr.Digest() {
		t.Fatal("the tree is another")
	}
	if rest, _ := io.ReadAll(r); string(rest) != "next" {
		t.Fatalf("left %q", rest)
	}
}

func TestAWideFileIsSealed(t *testing.T) {
	clean, tr := newDisk(), grow(t, wide)
	must(t, snapshot.Write(clean, "/d", source(tr)))
	info, err := clean.Stat("/d/" + snapshot.Name(tr.Zxid()))
	must(t, err)
	got, _, err := load(t, clean)
	must(t, err)
	if got.Fingerprint() != tr.Fingerprint() {
		t.Fatal("the tree is another")
	}
	for i := int64(20); i < info.Size; i += info.Size / 11 {
		disk := clean.Clone()
		rewrite(t, disk, snapshot.Name(tr.Zxid()), func(p []byte) []byte {
			p[i] ^= 1
			return p
		})
		var corrupt *vfs.CorruptError
		if _, _, err := load(t, disk); !errors.As(err, &corrupt) {
			t.Fatalf("a flipped bit at %d: %v", i, err)
		}
		file := snapshot.File{Path: "/d/" + snapshot.Name(tr.Zxid()), Zxid: tr.Zxid()}
		if _, err := snapshot.Check(disk, file); !errors.As(err, &corrupt) {
			t.Fatalf("a check with a flipped bit at %d: %v", i, err)
		}
	}
}

func TestAWideStreamCutAnywhereIsRefused(t *testing.T) {
	_, sent := wideStream(t)
	for n := 0; n < len(sent); n += len(sent) / 11 {
		r := bufio.NewReader(bytes.NewReader(sent[:n]))
		var corrupt *vfs.CorruptError
		if _, err := snapshot.ReadStream(r, 0); !errors.As(err, &corrupt) {
			t.Fatalf("a stream of %d bytes of %d: %v", n, len(sent), err)
		}
	}
}

// Far behind the first batches lies a znode without a parent, and behind that the
// stream breaks off. The first of them is what is wrong, whoever noticed it when.
func TestTheFirstErrorIsTheOneThatIsTold(t *testing.T) {
	_, sent := wideStream(t)
	orphan := bytes.Index(sent, []byte("/a/011000"))
	copy(sent[orphan:], "/b/")
	r := bufio.NewReader(bytes.NewReader(sent[:len(sent)-100]))
	_, err := snapshot.ReadStream(r, 0)
	var corrupt *vfs.CorruptError
	if !errors.As(err, &corrupt) || corrupt.Offset != int64(orphan-4) {
		t.Fatalf("got %v, want the orphan at %d", err, orphan-4)
	}
}

func TestAZnodeLargerThanABatchIsOneZnode(t *testing.T) {
	tr, sent := wideStream(t)
	end := len(sent) - 5
	znode := binary.BigEndian.AppendUint32(nil, 6)
	znode = append(znode, "/a/xyz"...)
	znode = binary.BigEndian.AppendUint32(znode, 3<<20)
	znode = append(znode, bytes.Repeat([]byte("z"), 3<<20)...)
	znode = append(znode, bytes.Repeat([]byte{0xff}, 8)...)
	znode = append(znode, make([]byte, 60)...)
	var with []byte
	for _, part := range [][]byte{sent[:end], znode, sent[end:]} {
		with = append(with, part...)
	}
	got, err := snapshot.ReadStream(bufio.NewReader(bytes.NewReader(with)), tr.Zxid())
	must(t, err)
	n, found := got.Lookup("/a/xyz")
	if !found || len(n.Data()) != 3<<20 || got.Len() != tr.Len()+1 {
		t.Fatalf("found %v, %d znodes of %d", found, got.Len(), tr.Len()+1)
	}
}
