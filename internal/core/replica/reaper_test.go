package replica

import (
	"fmt"
	"testing"
	"time"

	"zoo"
	"zoo/internal/core/tree"
	"zoo/internal/txn"
	"zoo/internal/wire"
)

// overdue makes a tree of znodes whose time is over.
func overdue(t *testing.T, count int) *tree.Tree {
	tr := tree.New()
	for i := range count {
		header := txn.Header{Zxid: zoo.Zxid(i + 1), Time: 1, Type: wire.OpCreateTTL}
		record := txn.CreateTTLTxn{Path: fmt.Sprintf("/t%d", i), TTL: 1}
		if _, err := tr.Apply(txn.NewEntry(header, &record, nil)); err != nil {
			t.Fatal(err)
		}
	}
	return tr
}

// The plot: ten thousand znodes are overdue at once. The server deletes them a few
// at a time, and not more in a minute than it may.
func TestTheReaperTakesItsTime(t *testing.T) {
	const znodes, perMinute = 10_000, 6_000
	r := New(Config{
		TickTime: time.Second, Types: tree.Types{Extended: true},
		Reaping: Reaping{Interval: time.Second, PerMinuteMax: perMinute},
	}, Recovered{Tree: overdue(t, znodes)})
	for r.Tree().Len() > 4 {
		now := Now{Mono: r.Deadline(), WallMillis: 1_000_000}
		r.Step(now, Tick{})
		eff := r.Drain()
		if n := len(eff.Disk); n > 0 {
			r.Step(now, DiskDone{eff.Disk[n-1].Seq})
		}
		before := r.Tree().Len()
		for _, more := r.ApplyNext(); more; _, more = r.ApplyNext() {
		}
		if reaped := before - r.Tree().Len(); reaped > reapsMax {
			t.Fatalf("%d deletions in one step", reaped)
		}
		minutes := int(now.Mono/time.Minute) + 1
		if reaped := znodes + 4 - r.Tree().Len(); reaped > minutes*perMinute {
			t.Fatalf("%d deletions in %v", reaped, now.Mono)
		}
	}
	if r.now.Mono > 2*time.Minute {
		t.Errorf("it took %v", r.now.Mono)
	}
}
