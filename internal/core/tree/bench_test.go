package tree

import (
	"fmt"
	"runtime"
	"testing"
	"time"

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

// BenchmarkChildNamesOfMany lists one parent after the other, so that no cache has the names.
func BenchmarkChildNamesOfMany(b *testing.B) {
	const parents, children = 30, 10_000
	h := newHistory(b)
	for i := range parents {
		h.create(fmt.Sprintf("/p%d", i), "", nil)
	}
	value := make([]byte, 100)
	for k := range children {
		for i := range parents {
			h.do(0, wire.OpCreate, &txn.CreateTxn{Path: fmt.Sprintf("/p%d/n%07d", i, k),
				Data: value, ACL: zoo.OpenACL(), ParentCVersion: int32(k) + 1})
		}
	}
	var out []byte
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		n, _ := h.tree.Lookup(fmt.Sprintf("/p%d", i%parents))
		out = n.AppendChildNames(out[:0])
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/children, "ns/name")
}

// BenchmarkArrange puts the children of one parent in order as far as the first page needs
// it, and then page by page: what a child costs, and what the longest step takes.
func BenchmarkArrange(b *testing.B) {
	const children = 5_000_000
	scattered := func(i int) uint32 { return uint32(i) * 2654435761 }
	for _, kind := range []struct {
		title string
		name  func(i int) string
	}{
		{"in order", func(i int) string { return fmt.Sprintf("child-%09d", i) }},
		{"scattered", func(i int) string { return fmt.Sprintf("child-%08x", scattered(i)) }},
		{"alike", func(i int) string {
			return fmt.Sprintf("%c-is-a-very-long-name-%08x", 'a'+i%2, scattered(i))
		}},
	} {
		b.Run(kind.title, func(b *testing.B) {
			parent := siblings(b, children, kind.name)
			for b.Loop() {
				delete(parent.tree.orders, parent.slot)
				turnPages(b, parent)
			}
		})
	}
}

func turnPages(b *testing.B, parent Node) {
	const pages, page, step = 100, 10_000, 1024
	begun, longest := b.Elapsed(), time.Duration(0)
	for more := true; more; {
		at := b.Elapsed()
		more = parent.Arrange("", page, step)
		longest = max(longest, b.Elapsed()-at)
	}
	arranged := b.Elapsed() - begun
	b.ReportMetric(float64(arranged.Nanoseconds())/float64(parent.NumChildren()), "ns/child")
	b.ReportMetric(float64(longest.Microseconds()), "µs-longest")
	begun = b.Elapsed()
	after := ""
	for range pages {
		for parent.Arrange(after, page, step) {
		}
		count := 0
		parent.ChildrenBehind(after, func(name string) bool {
			after = name
			count++
			return count < page
		})
	}
	b.ReportMetric(float64((b.Elapsed()-begun).Microseconds())/pages, "µs/page")
}

func siblings(b *testing.B, children int, name func(i int) string) Node {
	loader := NewLoader()
	for i := range children + 2 {
		path := [...]string{"", "/p"}[min(i, 1)]
		if i > 1 {
			path = "/p/" + name(i-2)
		}
		if err := loader.Node(path, nil, -1, &zoo.StatPersisted{}); err != nil {
			b.Fatal(err)
		}
	}
	t, err := loader.Finish(1)
	if err != nil {
		b.Fatal(err)
	}
	parent, _ := t.Lookup("/p")
	return parent
}
