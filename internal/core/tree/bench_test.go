package tree

import (
	"fmt"
	"runtime"
	"testing"

	"zoo"
	"zoo/internal/txn"
	"zoo/internal/wire"
)

// benchNodes is how many znodes lie in the tree of the benchmarks of operations.
const benchNodes = 100_000

func benchPath(i int) string { return fmt.Sprintf("/bench/dir-%06d/a-znode-%09d", i/1000, i) }

// grown is a tree of n znodes with 100 bytes each, under paths of 35 bytes, a
// thousand to a directory.
func grown(b testing.TB, n int) *history {
	h := newHistory(b)
	h.create("/bench", "", nil)
	value := make([]byte, 100)
	for i := range n {
		if i%1000 == 0 {
			h.create(fmt.Sprintf("/bench/dir-%06d", i/1000), "", nil)
		}
		h.do(0, wire.OpCreate, &txn.CreateTxn{Path: benchPath(i), Data: value, ACL: zoo.OpenACL(),
			ParentCVersion: int32(i%1000) + 1})
	}
	return h
}

func BenchmarkNew(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		New()
	}
}

// BenchmarkMillion reports what a znode of 100 bytes at a path of 35 costs in
// memory, what a collection of the garbage costs with a million of them, and how
// long a freeze and a whole walk of the frozen tree take.
func BenchmarkMillion(b *testing.B) {
	const znodes = 1_000_000
	for b.Loop() {
		before := heapBytes()
		h := grown(b, znodes)
		b.ReportMetric(float64(heapBytes()-before)/znodes, "B/znode")
		start := b.Elapsed()
		runtime.GC()
		b.ReportMetric(float64((b.Elapsed() - start).Microseconds()), "gc-µs")
		start = b.Elapsed()
		f := h.tree.Freeze()
		b.ReportMetric(float64((b.Elapsed() - start).Microseconds()), "freeze-µs")
		start = b.Elapsed()
		for f.Next(1000, func(FrozenNode) {}) {
		}
		b.ReportMetric(float64((b.Elapsed() - start).Milliseconds()), "walk-ms")
		f.Close()
	}
}

func heapBytes() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkDescendants counts 100,100 znodes.
func BenchmarkDescendants(b *testing.B) {
	h := grown(b, benchNodes)
	top, _ := h.tree.Lookup("/bench")
	for b.Loop() {
		top.Descendants()
	}
}

// BenchmarkSetDataOfMany changes znodes by chance in a tree that no cache holds, once as
// they come and once foreseen.
func BenchmarkSetDataOfMany(b *testing.B) {
	const znodes = 1_000_000
	h := grown(b, znodes)
	entries := make([]txn.Entry, 1<<16)
	for i := range entries {
		h.zxid++
		record := &txn.SetDataTxn{Path: benchPath(i * 7919 % znodes), Data: make([]byte, 100)}
		entries[i] = txn.NewEntry(txn.Header{Zxid: h.zxid, Type: wire.OpSetData}, record, nil)
	}
	b.Run("as they come", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			apply(b, h.tree, entries[i%len(entries)])
		}
	})
	b.Run("foreseen", func(b *testing.B) {
		var list []Replay
		for i := 0; b.Loop(); i++ {
			at := i % len(entries)
			if at%ExpectMax == 0 {
				list = h.tree.Foresee(list, entries[at:at+ExpectMax])
			}
			if _, err := h.tree.ApplyForeseen(&list[at%ExpectMax]); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkLookupOfMany looks up znodes by chance in a tree that no cache holds.
func BenchmarkLookupOfMany(b *testing.B) {
	const znodes = 1_000_000
	h := grown(b, znodes)
	paths := make([]string, 1<<16)
	for i := range paths {
		paths[i] = benchPath(i * 7919 % znodes)
	}
	for _, expected := range []bool{false, true} {
		b.Run(fmt.Sprintf("expected=%v", expected), func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				at := i % len(paths)
				if expected && at%ExpectMax == 0 {
					h.tree.Expect(paths[at : at+ExpectMax])
				}
				if _, ok := h.tree.Lookup(paths[at]); !ok {
					b.Fatal("lost")
				}
			}
		})
	}
}
