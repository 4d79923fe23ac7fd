// Package alloc bounds what reading foreign bytes may allocate, twice what arrived and 1 MiB,
// and how often a hot path may. It serves tests only.
package alloc

import (
	"math"
	"runtime/metrics"
	"testing"
)

// The bound.
const (
	perByte = 2
	besides = 1 << 20
)

// measurements is how often an excess must show. What other goroutines allocate
// meanwhile counts as well, and a reader's own need is the least that was measured.
const measurements = 3

// Bounded fails the test if read allocates more than it may for that many bytes. It
// counts all that is allocated, whether or not it is garbage by then; read is called
// again if it seems to be too much.
func Bounded(t testing.TB, arrived int, read func()) {
	t.Helper()
	least := uint64(math.MaxUint64)
	for range measurements {
		before := Total()
		read()
		if least = min(least, Total()-before); least <= limit(arrived) {
			return
		}
	}
	Explained(t, arrived, least)
}

// Pooled is Bounded for what stays within its bound because its memory comes from a pool.
// Where the race detector makes a pool forget, read is done once and the bound is not applied.
func Pooled(t testing.TB, arrived int, read func()) {
	t.Helper()
	if !Pools {
		read()
		return
	}
	Bounded(t, arrived, read)
}

// Explained fails the test if so much was allocated while so much was read: for what
// cannot be read again.
func Explained(t testing.TB, arrived int, allocated uint64) {
	t.Helper()
	if allocated > limit(arrived) {
		t.Errorf("%d bytes are allocated for %d that arrived; want at most %d",
			allocated, arrived, limit(arrived))
	}
}

func limit(arrived int) uint64 { return uint64(perByte*arrived + besides) }

// Total is what the process has allocated in its life, in bytes. Small things are
// counted some 100 KiB late.
func Total() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
