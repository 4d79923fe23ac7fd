package txnlog_test

import (
	"testing"

	"zoo"
	"zoo/internal/check/alloc"
	"zoo/internal/disk/txnlog"
	"zoo/internal/disk/vfs"
)

func TestLoggingABatchAllocatesNothing(t *testing.T) { alloc.Guard(t, hotPaths(t)) }

func BenchmarkAppend(b *testing.B) { alloc.Measure(b, hotPaths(b)) }

// hotPaths are batches of the log, encoded and written, on a disk that takes them for nothing
// and is told to sync them.
func hotPaths(tb testing.TB) []alloc.Path {
	return []alloc.Path{
		logging(tb, "1 of 100 bytes", 1, 100), logging(tb, "100 of 100 bytes", 100, 100),
		logging(tb, "100 of 1 KiB", 100, 1024),
	}
}

func logging(tb testing.TB, title string, batch, size int) alloc.Path {
	w := txnlog.NewWriter(endless{newDisk()}, dir, 0, txnlog.Config{PreallocateBytes: 1 << 40})
	list := entries(1, zoo.Zxid(batch))
	for i := range list {
		list[i] = entry(list[i].Zxid, size)
	}
	return alloc.Path{Title: title, Bytes: int64(batch * len(list[0].Bytes)), Step: func() {
		for i := range list {
			list[i].Zxid = w.Last() + 1 + zoo.Zxid(i)
		}
		must(tb, w.Append(list))
		must(tb, w.Sync())
	}}
}

// endless is a disk that has room for everything and remembers nothing.
type endless struct{ vfs.FS }

type endlessFile struct{ vfs.File }

// CreateNew makes a file that forgets what is written.
func (e endless) CreateNew(name string) (vfs.File, error) {
	file, err := e.FS.CreateNew(name)
	return endlessFile{file}, err
}

// WriteAt writes nothing.
func (endlessFile) WriteAt(b []byte, _ int64) (int, error) { return len(b), nil }

// Preallocate needs nothing.
func (endlessFile) Preallocate(int64) error { return nil }

// Sync has nothing to do.
func (endlessFile) Sync() error { return nil }
