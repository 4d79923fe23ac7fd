package session

import (
	"runtime"
	"testing"
	"time"

	"zoo"
)

// million sessions are what docs/scale.md counts with.
const million = 1_000_000

// A leader hears of each session of its ensemble about every second tick, from the server
// that the client is connected to: what one touch takes, among a million, and what a session
// takes of the memory.
func BenchmarkTouchAmongAMillion(b *testing.B) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	tracker := NewTracker(2 * time.Second)
	for i := range million {
		tracker.Add(zoo.SessionID(i+1), 10_000, 0)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	now := time.Duration(0)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if i%million == 0 {
			now += 2 * time.Second
		}
		// A stride visits them in no order, as pings come.
		tracker.Touch(zoo.SessionID(i*7919%million+1), 10_000, now)
	}
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/million, "heap-B/session")
}
