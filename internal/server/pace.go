package server

import (
	"time"

	"zoo/internal/core/tree"
)

// pace holds a background job to a rate of bytes. What it could not move in time it
// does not make up for in a burst.
type pace struct {
	rate  int64 // bytes a second
	began time.Duration
}

// A rate that nobody has set lets a snapshot be written in snapshotAim, and read back in
// less than half of it, within bounds: a small one need not hurry less, and a large one
// must leave room for the log.
const (
	snapshotAim     = 7 * time.Second
	snapshotRateMin = 28 << 20
	snapshotRateMax = 64 << 20
	// snapshotNodeBytes is what a znode takes in a snapshot beside path and data.
	snapshotNodeBytes = 76
)

// behindBytesMax is how much memory the images of changed znodes may take before a
// snapshot goes faster than its rate.
const behindBytesMax = 64 << 20

// paceBurst is how far a job may fall behind and still catch up; waits below paceWaitMin
// are left for later.
const (
	paceBurst   = 50 * time.Millisecond
	paceWaitMin = 2 * time.Millisecond
)

// snapshotRate is the rate for a snapshot of a tree, when wanted is the configured one.
func snapshotRate(wanted int64, frozen *tree.Frozen) int64 {
	if wanted > 0 {
		return wanted
	}
	size := frozen.DataBytes() + int64(frozen.Len())*snapshotNodeBytes
	rate := size * int64(time.Second) / int64(snapshotAim)
	return min(max(rate, snapshotRateMin), snapshotRateMax)
}

// wait is how long to wait at an instant at which so many bytes have been moved in all.
func (p *pace) wait(moved int64, now time.Duration) time.Duration {
	due := time.Duration(float64(moved) / float64(p.rate) * float64(time.Second))
	ahead := p.began + due - now
	if ahead < -paceBurst {
		p.began -= ahead + paceBurst
	}
	if ahead < paceWaitMin {
		return 0
	}
	return ahead
}
