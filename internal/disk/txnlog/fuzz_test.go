package txnlog_test

import (
	"errors"
	"io"
	"testing"

	"pgregory.net/rapid"

	"zoo"
	"zoo/internal/check/alloc"
	"zoo/internal/disk/txnlog"
	"zoo/internal/disk/vfs"
)

func FuzzReader(f *testing.F) {
	disk := newDisk()
	appendSynced(f, txnlog.NewWriter(disk, dir, 0, smallConfig), entries(1, 3))
	file, _ := disk.Open("/log/log.1")
	whole, _ := io.ReadAll(file)
	f.Add(whole[:300])
	f.Add(whole[:200])
	f.Add(whole[:16])
	f.Fuzz(func(t *testing.T, p []byte) {
		disk := newDisk()
		out, _ := disk.Create("/log/log.1")
		out.Write(p)
		before := alloc.Total()
		got, ends, err := read(disk, zoo.ZxidNone)
		alloc.Explained(t, len(p), alloc.Total()-before)
		var corrupt *vfs.CorruptError
		if err != nil && !errors.As(err, &corrupt) {
			t.Fatalf("not a CorruptError: %v", err)
		}
		if err != nil {
			return
		}
		must(t, txnlog.Repair(disk, dir, ends))
		expectLog(t, disk, zoo.ZxidNone, got)
		if len(got) == 0 {
			return
		}
		if next := got[len(got)-1].Zxid; (next + 1).Follows(next) {
			w := txnlog.NewWriter(disk, dir, next, smallConfig)
			must(t, w.Append(entries(next+1, next+1)))
			must(t, w.Sync())
			expectLog(t, disk, zoo.ZxidNone, append(got, entry(next+1, 40)))
		}
	})
}

// ZOOKEEPER-1154, 1489 and 596 were all in here: every place to cut, whatever the
// sizes of entries and segments.
func TestRandomLogsAreCutWhereTheyShould(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		disk := newDisk()
		w := txnlog.NewWriter(disk, dir, 0, smallConfig)
		n := zoo.Zxid(rapid.IntRange(1, 40).Draw(t, "entries"))
		list := entries(1, n)
		for i := range list {
			list[i] = entry(list[i].Zxid, rapid.IntRange(0, 3000).Draw(t, "size"))
			must(t, w.Append(list[i:i+1]))
			if rapid.IntRange(0, 5).Draw(t, "roll") == 0 {
				must(t, w.Roll())
			}
		}
		must(t, w.Sync())
		cut := rapid.IntRange(0, len(list)).Draw(t, "cut")
		must(t, txnlog.Truncate(disk, dir, zoo.Zxid(cut)))
		disk = disk.CrashLosingAll()
		expectLog(t, disk, 0, list[:cut])
		from := rapid.IntRange(0, cut).Draw(t, "from")
		expectLog(t, disk, zoo.Zxid(from), list[from:cut])
	})
}

func BenchmarkAppendAndSync(b *testing.B) {
	for name, disk := range map[string]vfs.FS{"os": vfs.OS{}, "mem": vfs.NewMem()} {
		b.Run(name, func(b *testing.B) {
			at := b.TempDir()
			must(b, disk.MkdirAll(at))
			w := txnlog.NewWriter(disk, at, 0, txnlog.Config{})
			batch := entries(1, 100)
			b.SetBytes(int64(len(batch) * len(batch[0].Bytes)))
			b.ReportAllocs()
			for b.Loop() {
				for i := range batch {
					batch[i].Zxid = w.Last() + 1 + zoo.Zxid(i)
				}
				must(b, w.Append(batch))
				must(b, w.Sync())
			}
		})
	}
}

func BenchmarkRead(b *testing.B) {
	disk := newDisk()
	w := txnlog.NewWriter(disk, dir, 0, txnlog.Config{})
	for z := zoo.Zxid(1); z < 100_000; z += 1000 {
		appendSynced(b, w, entries(z, z+999))
	}
	b.SetBytes(w.SegmentBytes())
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := read(disk, 0); err != nil {
			b.Fatal(err)
		}
	}
}
