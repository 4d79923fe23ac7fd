package watch

import (
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
	"zoo"
)

func fired(t *Table, event zoo.EventType, path string) []ConnID {
	var conns []ConnID
	t.Trigger(event, path, func(conn ConnID) { conns = append(conns, conn) })
	return conns
}

func expect(t *testing.T, title string, got, want []ConnID) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: told %v, want %v", title, got, want)
	}
}

func TestOneShotWatchesFireOnce(t *testing.T) {
	table := NewTable()
	table.Add("/a", 1, Data)
	table.Add("/a", 2, Child)
	table.Add("/a", 1, Data)
	expect(t, "changed data", fired(table, zoo.EventNodeDataChanged, "/a"), []ConnID{1})
	expect(t, "again", fired(table, zoo.EventNodeDataChanged, "/a"), nil)
	expect(t, "children", fired(table, zoo.EventNodeChildrenChanged, "/a"), []ConnID{2})
	expect(t, "again", fired(table, zoo.EventNodeChildrenChanged, "/a"), nil)
	if len(table.paths)+len(table.conns) != 0 {
		t.Errorf("a table without watches keeps %v, %v", table.paths, table.conns)
	}
}

// The plot: three connections watch the data, the children, or both of a znode that
// is deleted. Each hears of it once, the watchers of the data first.
func TestADeletionTellsTheChildWatchersThatHaveNotHeardYet(t *testing.T) {
	table := NewTable()
	table.Add("/a", 1, Child)
	table.Add("/a", 2, Data|Child)
	table.Add("/a", 3, Data)
	table.Add("/", 4, Recursive)
	expect(t, "deleted", fired(table, zoo.EventNodeDeleted, "/a"), []ConnID{2, 3, 4, 1})
	expect(t, "again", fired(table, zoo.EventNodeDeleted, "/a"), []ConnID{4})
}

// The matrix of modes and events; ZOOKEEPER-4475 is its last column.
func TestEveryModeHearsItsEvents(t *testing.T) {
	events := []zoo.EventType{zoo.EventNodeCreated, zoo.EventNodeDeleted,
		zoo.EventNodeDataChanged, zoo.EventNodeChildrenChanged}
	for _, c := range []struct {
		title        string
		watched      string
		mode         Mode
		hears, stays [4]bool
	}{
		{"data", "/a/b", Data, [4]bool{true, true, true, false}, [4]bool{3: true}},
		{"child", "/a/b", Child, [4]bool{false, true, false, true}, [4]bool{0: true, 2: true}},
		{"persistent", "/a/b", Persistent, [4]bool{true, true, true, true},
			[4]bool{true, true, true, true}},
		{"recursive", "/a/b", Recursive, [4]bool{true, true, true, false},
			[4]bool{true, true, true, true}},
		{"recursive above", "/a", Recursive, [4]bool{true, true, true, false},
			[4]bool{true, true, true, true}},
		{"recursive at the root", "/", Recursive, [4]bool{true, true, true, false},
			[4]bool{true, true, true, true}},
		{"persistent above", "/a", Persistent, [4]bool{}, [4]bool{true, true, true, true}},
		{"recursive beside", "/a/bb", Recursive, [4]bool{}, [4]bool{true, true, true, true}},
	} {
		for i, event := range events {
			table := NewTable()
			table.Add(c.watched, 1, c.mode)
			if hears := fired(table, event, "/a/b") != nil; hears != c.hears[i] {
				t.Errorf("%s, event %d: heard is %v", c.title, event, hears)
			}
			if stays := table.Contains(c.watched, 1, zoo.WatcherAny); stays != c.stays[i] {
				t.Errorf("%s, event %d: stays is %v", c.title, event, stays)
			}
		}
	}
}

func TestRemovalIsByType(t *testing.T) {
	table := NewTable()
	table.Add("/a", 1, Data|Child|Persistent|Recursive)
	for _, kind := range []zoo.WatcherType{zoo.WatcherChildren, zoo.WatcherData,
		zoo.WatcherPersistent, zoo.WatcherPersistentRecursive} {
		if !table.Contains("/a", 1, kind) || !table.Contains("/a", 1, zoo.WatcherAny) ||
			!table.Remove("/a", 1, kind) || table.Remove("/a", 1, kind) {
			t.Errorf("type %d was not removed exactly once", kind)
		}
	}
	if table.Contains("/a", 1, zoo.WatcherAny) || table.Remove("/a", 1, zoo.WatcherAny) {
		t.Error("something is left")
	}
	table.Add("/a", 1, Data|Recursive)
	if table.Remove("/b", 1, zoo.WatcherAny) || table.Remove("/a", 2, zoo.WatcherAny) ||
		table.Remove("/a", 1, 9) || !table.Remove("/a", 1, zoo.WatcherAny) {
		t.Error("the wrong watches were removed")
	}
}

func TestTheTableKeepsItsOwnCopyOfThePath(t *testing.T) {
	table := NewTable()
	buffer := strings.Repeat("/a", 3)
	path := buffer[:2]
	table.Add(path, 1, Data)
	table.Walk(DataWatches, 0, 10, func(got string, _ ConnID) {
		if got != "/a" {
			t.Errorf("listed %q", got)
		}
	})
	if n := testing.AllocsPerRun(100, func() {
		table.Trigger(zoo.EventNodeCreated, "/other", nil)
		table.Add(path, 1, Child)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// twin keeps the two tables as ZooKeeper describes them.
type twin map[ConnID]map[string]Mode

func (w twin) modes(conn ConnID, path string) Mode { return w[conn][path] }

func (w twin) set(conn ConnID, path string, modes Mode) {
	if w[conn] == nil {
		w[conn] = map[string]Mode{}
	}
	w[conn][path] = modes
	if modes == 0 {
		delete(w[conn], path)
	}
	if len(w[conn]) == 0 {
		delete(w, conn)
	}
}

func (w twin) fire(path string, wanted, consumed Mode, told map[ConnID]bool) {
	for conn := range maps.Clone(w) {
		modes := w.modes(conn, path)
		if modes&wanted != 0 {
			told[conn] = true
		}
		w.set(conn, path, modes&^consumed)
	}
}

func (w twin) trigger(event zoo.EventType, path string) map[ConnID]bool {
	told := map[ConnID]bool{}
	if event != zoo.EventNodeChildrenChanged {
		w.fire(path, Data|Persistent|Recursive, Data, told)
		for above := path; above != "/"; {
			above, _ = zoo.SplitPath(above)
			w.fire(above, Recursive, 0, told)
		}
	}
	if event == zoo.EventNodeChildrenChanged || event == zoo.EventNodeDeleted {
		w.fire(path, Child|Persistent, Child, told)
	}
	return told
}

func (w twin) counts(kind Kind) Counts {
	var counts Counts
	paths := map[string]bool{}
	for _, watched := range w {
		before := counts.Watches
		for path, modes := range watched {
			if modes&members[kind] != 0 {
				counts.Watches++
				paths[path] = true
			}
		}
		if counts.Watches > before {
			counts.Conns++
		}
	}
	counts.Paths = len(paths)
	return counts
}

func listed(t *Table, kind Kind) []string {
	var all []string
	add := func(path string, conn ConnID) { all = append(all, fmt.Sprint(path, conn)) }
	for at := t.Walk(kind, 0, 2, add); at != 0; at = t.Walk(kind, at, 2, add) {
		continue
	}
	slices.Sort(all)
	return all
}

func (w twin) listed(kind Kind) []string {
	var all []string
	for conn, watched := range w {
		for path, modes := range watched {
			if modes&members[kind] != 0 {
				all = append(all, fmt.Sprint(path, conn))
			}
		}
	}
	slices.Sort(all)
	return all
}

// race runs a table and its twin side by side; its methods are what may happen.
type race struct {
	table *Table
	model twin
}

var (
	paths  = rapid.SampledFrom([]string{"/", "/a", "/a/b", "/a/b/c", "/ab", "/b"})
	conns  = rapid.Uint64Range(1, 2*crowdMin)
	events = rapid.SampledFrom([]zoo.EventType{zoo.EventNodeCreated, zoo.EventNodeDeleted,
		zoo.EventNodeDataChanged, zoo.EventNodeChildrenChanged})
)

func draw(t *rapid.T) (string, ConnID) {
	return paths.Draw(t, "path"), ConnID(conns.Draw(t, "conn"))
}

func (r *race) add(path string, conn ConnID, mode Mode) {
	r.table.Add(path, conn, mode)
	r.model.set(conn, path, r.model.modes(conn, path)|mode)
}

func (r *race) Add(t *rapid.T) {
	path, conn := draw(t)
	r.add(path, conn, Mode(rapid.IntRange(1, 15).Draw(t, "mode")))
}

func (r *race) ACrowdComes(t *rapid.T) {
	path, last := draw(t)
	for conn := range last {
		r.add(path, conn+1, Data)
	}
}

func (r *race) Remove(t *rapid.T) {
	path, conn := draw(t)
	kind := zoo.WatcherType(rapid.IntRange(0, 6).Draw(t, "type"))
	modes := r.model.modes(conn, path)
	has := modes&modesOf(kind) != 0
	r.model.set(conn, path, modes&^modesOf(kind))
	if r.table.Contains(path, conn, kind) != has || r.table.Remove(path, conn, kind) != has {
		t.Fatalf("the watch is there: want %v", has)
	}
}

func (r *race) Disconnect(t *rapid.T) {
	_, conn := draw(t)
	delete(r.model, conn)
	r.table.RemoveConn(conn)
}

func (r *race) Trigger(t *rapid.T) {
	event, path := events.Draw(t, "event"), paths.Draw(t, "path")
	want := slices.Sorted(maps.Keys(r.model.trigger(event, path)))
	got := fired(r.table, event, path)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Fatalf("told %v, want %v", got, want)
	}
}

// Check compares everything that can be seen without changing the table.
func (r *race) Check(t *rapid.T) {
	for kind := range kinds {
		if got, want := r.table.Counts(kind), r.model.counts(kind); got != want {
			t.Fatalf("table %d: got %+v, want %+v", kind, got, want)
		}
		if got, want := listed(r.table, kind), r.model.listed(kind); !slices.Equal(got, want) {
			t.Fatalf("table %d: got %v, want %v", kind, got, want)
		}
	}
}

func TestTheTableAgreesWithAStupidTwin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		t.Repeat(rapid.StateMachineActions(&race{NewTable(), twin{}}))
	})
}

func heap() uint64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

// BenchmarkMemory reports the heap per watch: every connection its own paths, and
// every connection the same ones.
func BenchmarkMemory(b *testing.B) {
	const conns, each = 1000, 500
	for _, c := range []struct {
		name string
		path func(conn, i int) string
	}{
		{"own", func(conn, i int) string {
			return fmt.Sprintf("/service/%06d/node-%06d", conn, i)
		}},
		{"shared", func(_, i int) string {
			return fmt.Sprintf("/service/node-%06d", i)
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				before := heap()
				table := NewTable()
				for conn := range conns {
					for i := range each {
						table.Add(c.path(conn, i), ConnID(conn), Data)
					}
				}
				b.ReportMetric(float64(heap()-before)/(conns*each), "B/watch")
				runtime.KeepAlive(table)
			}
		})
	}
}

// Between two parts of a walk watches go, come, and come again elsewhere. Those that
// stay are shown once.
func TestAWalkShowsOnceWhatStays(t *testing.T) {
	table := NewTable()
	for i := range 50 {
		table.Add(fmt.Sprint("/", i), ConnID(i%3), Data)
	}
	shown := map[string]int{}
	add := func(path string, _ ConnID) { shown[path]++ }
	at := table.Walk(DataWatches, 0, 7, add)
	for i := 0; at != 0; i++ {
		table.Remove(fmt.Sprint("/", 2*i), ConnID(2*i%3), zoo.WatcherAny)
		table.Add(fmt.Sprint("/new", i), 9, Data)
		at = table.Walk(DataWatches, at, 7, add)
	}
	for i := 1; i < 50; i += 2 {
		if n := shown[fmt.Sprint("/", i)]; n != 1 {
			t.Errorf("/%d is shown %d times", i, n)
		}
	}
}
