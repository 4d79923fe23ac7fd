package headroom

import (
	"log/slog"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
)

// A tree has hardly a pointer, so its heap gets an eighth; a heap of pointers may
// double, as Go has it; and a small one always gets as much as keeps the collector
// from running all the time.
func TestRoomGrowsWithWhatACollectionHasToRead(t *testing.T) {
	const mib = 1 << 20
	for _, c := range []struct{ live, scanned, want uint64 }{
		{1 * mib, 1 * mib, 32 * mib},
		{256 * mib, 1 * mib, 33 * mib},
		{8192 * mib, 16 * mib, 1040 * mib},
		{800 * mib, 800 * mib, 900 * mib},
	} {
		if got := room(c.live, c.scanned); got != c.want {
			t.Errorf("%d MiB live, %d read: %d MiB of room, not %d",
				c.live/mib, c.scanned/mib, got/mib, c.want/mib)
		}
	}
	if got := percent(256*mib, 1*mib, 0); got != 12 {
		t.Errorf("33 MiB beside 256 are %d %%, not 12", got)
	}
	if got := percent(0, 0, 0); got != percentMost {
		t.Errorf("an empty heap gets %d %%, not %d", got, percentMost)
	}
}

// The plot: a heap without pointers grows, a collection passes, and the room becomes
// a small part of it. Closing puts back what there was.
func TestAHeapWithoutPointersGetsLittleRoom(t *testing.T) {
	t.Setenv("GOGC", "")
	before := debug.SetGCPercent(100)
	defer debug.SetGCPercent(before)
	k := Keep(slog.New(slog.DiscardHandler))
	blocks := make([][]byte, 8<<10)
	for i := range blocks {
		blocks[i] = make([]byte, 32<<10)
	}
	runtime.GC()
	k.adjust() // As the finalizer does, whenever its goroutine gets to it.
	sample := []metrics.Sample{{Name: "/gc/gogc:percent"}}
	metrics.Read(sample)
	if got := sample[0].Value.Uint64(); got > 20 || got < 10 {
		t.Errorf("256 MiB without pointers: GOGC is %d, not near 13", got)
	}
	runtime.KeepAlive(blocks)
	k.Close()
	if got := debug.SetGCPercent(100); got != 100 {
		t.Errorf("after Close GOGC is %d, not 100 as before", got)
	}
	if k.adjust() {
		t.Error("a keeper that was closed goes on")
	}
}

// Who sets GOGC has reasons.
func TestTheOperatorsGOGCStays(t *testing.T) {
	t.Setenv("GOGC", "77")
	before := debug.SetGCPercent(77)
	defer debug.SetGCPercent(before)
	k := Keep(slog.New(slog.DiscardHandler))
	k.adjust()
	k.Close()
	if got := debug.SetGCPercent(77); got != 77 {
		t.Errorf("GOGC is %d, not 77", got)
	}
}
