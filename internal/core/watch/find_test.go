package watch

import (
	"fmt"
	"slices"
	"testing"

	"zoo"
)

// The plot: two connections watch in several ways. Each way to look finds the same watches
// with all their modes, and one that has more than it may show says so.
func TestWatchesAreFoundByPathByConnectionAndAll(t *testing.T) {
	table := NewTable()
	table.Add("/a", 1, Data)
	table.Add("/a", 1, Child)
	table.Add("/a", 2, Recursive)
	table.Add("/b", 1, Child)
	table.Add("/c", 2, Data)
	table.Trigger(zoo.EventNodeDataChanged, "/c", func(ConnID) {})
	var got []string
	emit := func(path string, conn ConnID, modes Mode) {
		got = append(got, fmt.Sprintf("%s %d %d", path, conn, modes))
	}
	expect := func(what string, whole, wantWhole bool, want ...string) {
		t.Helper()
		slices.Sort(got)
		if whole != wantWhole || !slices.Equal(got, want) {
			t.Errorf("%s: %v %q", what, whole, got)
		}
		got = nil
	}
	a1, a2, b1 := "/a 1 3", "/a 2 8", "/b 1 2"
	expect("/a", table.OfPath("/a", 2, emit), true, a1, a2)
	expect("/a, one", table.OfPath("/a", 1, emit), false, a1)
	expect("/c", table.OfPath("/c", 9, emit), true)
	expect("1", table.OfConn(1, 2, emit), true, a1, b1)
	expect("1, one", table.OfConn(1, 1, emit), false, a1)
	expect("3", table.OfConn(3, 1, emit), true)
	at := table.Each(0, 2, emit)
	for at != 0 {
		at = table.Each(at, 2, emit)
	}
	expect("all", true, true, a1, a2, b1)
}
