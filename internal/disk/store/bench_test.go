package store_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"zoo"
	"zoo/internal/core/tree"
	"zoo/internal/disk/snapshot"
	"zoo/internal/disk/store"
	"zoo/internal/disk/vfs"
	"zoo/internal/txn"
	"zoo/internal/wire"
)

// millionTail is how many entries lie behind the snapshot of the million: what a
// server with the default snapCount has at most.
const millionTail = 100_000

func millionPath(i int) string { return fmt.Sprintf("/bench/dir-%06d/a-znode-%09d", i/1000, i) }

// million is a directory as a killed server leaves it: znodes of 100 bytes at paths of
// 35, a thousand to a directory, nine of ten in a snapshot, the rest in the log.
func million(b *testing.B) (dir string) {
	const znodes = 1_000_000
	dir = b.TempDir()
	versions := store.VersionDir(dir)
	must(b, vfs.OS{}.MkdirAll(versions))
	loader, value := tree.NewLoader(), make([]byte, 100)
	st := zoo.StatPersisted{Czxid: 1, Mzxid: 1, Pzxid: 1, Ctime: 1, Mtime: 1}
	must(b, loader.Node("", nil, -1, &st))
	must(b, loader.Node("/bench", nil, -1, &st))
	inSnapshot := znodes - millionTail
	for i := range znodes {
		if i%1000 == 0 {
			must(b, loader.Node(filepath.Dir(millionPath(i)), nil, -1, &st))
		}
		if i < inSnapshot {
			must(b, loader.Node(millionPath(i), value, -1, &st))
		}
	}
	t, err := loader.Finish(zoo.MakeZxid(1, uint32(inSnapshot)))
	must(b, err)
	must(b, snapshot.Write(vfs.OS{}, versions,
		snapshot.Source{Frozen: t.Freeze(), Lock: snapshot.NoLock{}}))
	writeMillionTail(b, dir, inSnapshot)
	return dir
}

func writeMillionTail(b *testing.B, dir string, first int) {
	s, _, err := store.Open(vfs.OS{}, dir, "")
	must(b, err)
	entries := make([]txn.Entry, millionTail)
	for i := range entries {
		h := txn.Header{Zxid: zoo.MakeZxid(1, uint32(first+1+i)), Type: wire.OpCreate}
		entries[i] = txn.NewEntry(h, &txn.CreateTxn{Path: millionPath(first + i),
			Data: make([]byte, 100), ACL: zoo.OpenACL(), ParentCVersion: -1},
			&txn.Digest{Version: txn.DigestVersion})
	}
	must(b, s.Append(entries))
	must(b, s.Sync())
	must(b, s.Close())
}

// BenchmarkOpenMillion is a start on a million znodes, until a standalone server could
// answer: opened, and the tail applied.
func BenchmarkOpenMillion(b *testing.B) {
	dir := million(b)
	b.ReportAllocs()
	for b.Loop() {
		s, recovered, err := store.Open(vfs.OS{}, dir, "")
		must(b, err)
		for _, e := range recovered.Tail {
			if _, err := recovered.Tree.Apply(e); err != nil {
				b.Fatal(err)
			}
		}
		b.StopTimer()
		must(b, s.Close())
		b.StartTimer()
	}
}
