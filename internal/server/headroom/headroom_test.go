package headroom

import (
	"log/slog"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
	"testing/synctest"
	"time"
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
		if got := (need{live: c.live, scanned: c.scanned}).room(); got != c.want {
			t.Errorf("%d MiB live, %d read: %d MiB of room, not %d",
				c.live/mib, c.scanned/mib, got/mib, c.want/mib)
		}
	}
	if got := (need{live: 256 * mib, scanned: 1 * mib}).percent(0); got != 12 {
		t.Errorf("33 MiB beside 256 are %d %%, not 12", got)
	}
	if got := (need{}).percent(0); got != percentMost {
		t.Errorf("an empty heap gets %d %%, not %d", got, percentMost)
	}
}

// What is made in half a second has room, up to a bound; a heap that is large has it anyway.
func TestABusyServerIsGivenMoreRoom(t *testing.T) {
	const mib = 1 << 20
	for _, c := range []struct{ live, rate, busy, want uint64 }{
		{20 * mib, 50 * mib, busyBytesMax, 32 * mib},
		{20 * mib, 100 * mib, busyBytesMax, 50 * mib},
		{20 * mib, 1000 * mib, busyBytesMax, 96 * mib},
		{20 * mib, 1000 * mib, 8 * mib, 40 * mib}, // a small container
		{8192 * mib, 1000 * mib, busyBytesMax, 1024 * mib},
	} {
		n := need{live: c.live, rate: c.rate, busy: c.busy}
		if got := n.room(); got != c.want {
			t.Errorf("%+v: %d MiB of room, not %d", n, got/mib, c.want/mib)
		}
	}
}

// The plot: a second in which very many clients come, then quiet; and a load that stays. Only
// the load is believed, and forgotten when it ends.
func TestOnlyALoadThatStaysIsBelieved(t *testing.T) {
	const burst = 200 << 20
	var r rate
	made, now := uint64(0), time.Duration(0)
	pass := func(perSecond uint64, d time.Duration) need {
		for end := now + d; now < end; {
			now += time.Second / 4
			made += perSecond / 4
			r.observe(made, now)
		}
		return need{rate: uint64(r.perSecond), busy: busyBytesMax}
	}
	pass(0, time.Minute)
	if got := pass(burst, time.Second).room(); got != leastBytes {
		t.Errorf("after one second there are %d bytes of room", got)
	}
	if got := pass(burst, 20*time.Second).room(); got != leastBytes+busyBytesMax {
		t.Errorf("a load that stays is given %d bytes of room", got)
	}
	now += idleAfter
	r.observe(made, now)
	if got := (need{rate: uint64(r.perSecond), busy: busyBytesMax}).room(); got != leastBytes {
		t.Errorf("%v after the load there are %d bytes of room", idleAfter, got)
	}
}

// The plot: a large room was given, and then there is silence. A collection comes by itself,
// and takes the room back.
func TestAnIdleServerGivesItsRoomBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		collected := make(chan struct{})
		k := &Keeper{collect: func() { close(collected) }}
		n := need{live: 1, rate: 1 << 30, busy: busyBytesMax}
		began := time.Now()
		k.lookAgain(n)
		<-time.After(idleAfter / 2)
		k.lookAgain(n)
		<-collected
		if got := time.Since(began); got != idleAfter*3/2 {
			t.Errorf("the collection came after %v", got)
		}
		k.lookAgain(n)
		k.lookAgain(need{live: 1}) // closing collected twice would panic
		<-time.After(2 * idleAfter)
	})
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
