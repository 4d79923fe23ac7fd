package load

import (
	"math/bits"
	"time"
)

// Histogram counts durations in buckets whose width grows with the value, so
// that every quantile is at most 1/64 too high, from a nanosecond to centuries.
// Below 64 ns a bucket is one nanosecond; above, each doubling has 64 buckets.
// It belongs to one goroutine at a time. The zero value is empty.
type Histogram struct {
	counts [(64 - subBits + 1) << subBits]uint32
	total  uint64
	max    time.Duration
}

const subBits = 6

func bucketOf(d time.Duration) int {
	v := uint64(max(d, 0))
	if v < 1<<subBits {
		return int(v)
	}
	shift := bits.Len64(v) - subBits - 1
	return shift<<subBits + int(v>>shift)
}

// bucketEnd is the largest duration that falls into a bucket.
func bucketEnd(bucket int) time.Duration {
	if bucket < 2<<subBits {
		return time.Duration(bucket)
	}
	shift := bucket>>subBits - 1
	lead := uint64(bucket&(1<<subBits-1) | 1<<subBits)
	return time.Duration((lead+1)<<shift - 1)
}

// Record counts d n times.
func (h *Histogram) Record(d time.Duration, n uint32) {
	h.counts[bucketOf(d)] += n
	h.total += uint64(n)
	h.max = max(h.max, d)
}

// Merge adds what other has counted.
func (h *Histogram) Merge(other *Histogram) {
	for i, n := range other.counts {
		h.counts[i] += n
	}
	h.total += other.total
	h.max = max(h.max, other.max)
}

// Count is how many durations were recorded.
func (h *Histogram) Count() uint64 { return h.total }

// Max is the longest duration, exactly.
func (h *Histogram) Max() time.Duration { return h.max }

// Bucket is some durations, none longer than Micros.
type Bucket struct {
	Micros float64 `json:"us"`
	Count  uint32  `json:"n"`
}

// Buckets are those that are not empty, the shortest durations first: recorded once more,
// they make the same quantiles.
func (h *Histogram) Buckets() []Bucket {
	var list []Bucket
	for i, n := range h.counts {
		if n > 0 {
			list = append(list, Bucket{micros(min(bucketEnd(i), h.max)), n})
		}
	}
	return list
}

// RecordBuckets counts what another histogram had counted.
func (h *Histogram) RecordBuckets(list []Bucket) {
	for _, b := range list {
		h.Record(time.Duration(b.Micros*float64(time.Microsecond)+0.5), b.Count)
	}
}

// Quantile is a duration that the share q of the recorded ones do not exceed; 0
// when nothing was recorded.
func (h *Histogram) Quantile(q float64) time.Duration {
	if h.total == 0 {
		return 0
	}
	rank := uint64(q*float64(h.total) + 0.5)
	rank = min(max(rank, 1), h.total)
	var seen uint64
	for i, n := range h.counts {
		seen += uint64(n)
		if seen >= rank {
			return min(bucketEnd(i), h.max)
		}
	}
	return h.max
}
