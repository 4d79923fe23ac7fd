package watch

import (
	"testing"

	"zoo"
	"zoo/internal/check/alloc"
)

func TestWatchesThatFireAllocateNothing(t *testing.T) { alloc.Guard(t, hotPaths(t)) }

func BenchmarkTrigger(b *testing.B) { alloc.Measure(b, hotPaths(b)) }

// hotPaths are events that nobody, one and many hear of, and watches set for them. The
// first watch of a path costs its own copy of that.
func hotPaths(tb testing.TB) []alloc.Path {
	const path = "/service/000001/node-000001"
	told := 0
	deliver := func(ConnID) { told++ }
	changed := func(title string, most, conns int, path, watched string, modes Mode) alloc.Path {
		table := NewTable()
		table.Add("/elsewhere", 1, Data)
		return alloc.Path{Title: title, Most: most, Step: func() {
			for c := range conns {
				table.Add(watched, ConnID(c+1), modes)
			}
			told = 0
			if table.Trigger(zoo.EventNodeDataChanged, path, deliver); told != conns {
				tb.Fatalf("%d of %d are told", told, conns)
			}
		}}
	}
	return []alloc.Path{
		changed("nobody", 0, 0, path, path, Data),
		changed("one, set anew", 1, 1, path, path, Data),
		changed("persistent", 0, 1, path, path, Data|Persistent),
		changed("recursive", 0, 1, path, "/service", Data|Recursive|Persistent),
		changed("a thousand, set anew", 1, 1000, path, path, Data),
	}
}
