package alloc_test

import (
	"testing"

	"zoo/internal/check/alloc"
)

// verdict is a test that only notes whether it failed.
type verdict struct {
	testing.TB
	failed bool
}

func (v *verdict) Helper() {}

func (v *verdict) Errorf(string, ...any) { v.failed = true }

// kept keeps what is allocated from being optimised away.
type kept struct{ b []byte }

func TestOnlyWhatIsTooMuchFails(t *testing.T) {
	const arrived = 1 << 20
	for _, c := range []struct {
		pieces int // of 256 KiB
		failed bool
	}{{0, false}, {11, false}, {13, true}, {100, true}} {
		v := &verdict{}
		var k kept
		alloc.Bounded(v, arrived, func() {
			for range c.pieces {
				k.b = make([]byte, 256<<10)
			}
		})
		if v.failed != c.failed {
			t.Errorf("%d pieces: failed is %v", c.pieces, v.failed)
		}
	}
}

// Garbage counts: it has been allocated, and may be all there at once.
func TestSmallThingsCount(t *testing.T) {
	v := &verdict{}
	k := &kept{}
	alloc.Bounded(v, 0, func() {
		for range 100_000 {
			k.b = make([]byte, 16)
		}
	})
	if !v.failed {
		t.Error("1.6 MB in small pieces were not noticed")
	}
}

// The moral: a pool's bound is one wherever pools keep what they get, and the reading is done
// everywhere.
func TestWhatComesFromAPoolIsReadEverywhere(t *testing.T) {
	for _, arrived := range []int{0, 1 << 20} {
		v := &verdict{}
		var k kept
		alloc.Pooled(v, arrived, func() { k.b = make([]byte, 2<<20) })
		if k.b == nil || v.failed != (alloc.Pools && arrived == 0) {
			t.Errorf("%d bytes arrived: failed is %v", arrived, v.failed)
		}
	}
}

func TestAPathThatBeginsToAllocateFails(t *testing.T) {
	k := &kept{}
	for most, failed := range map[int]bool{1: true, 2: false} {
		v := &verdict{}
		alloc.AtMost(v, most, func() {
			k.b = make([]byte, 100)
			k.b = append(k.b, 0)
		})
		if v.failed != failed {
			t.Errorf("two allocations where %d are allowed: failed is %v", most, v.failed)
		}
	}
}
