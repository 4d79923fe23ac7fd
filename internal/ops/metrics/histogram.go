package metrics

import (
	"math"
	"sync/atomic"
	"time"
)

// The buckets of a Histogram are those of a native histogram of Prometheus with schema 3:
// bucket i holds what is above 2^((i-1)/8) and not above 2^(i/8), so that a quantile is
// off by 9 % at most. Powers of two are bounds, so that classic buckets at powers of two
// are sums of these.
//
//	index    1-8*20 … 0 … 8*20, and what is beyond the last counts there
//	zero     all up to 2^-20, which is a microsecond where the unit is a second
const (
	// Schema is Prometheus's number for eight buckets a power of two.
	Schema = 3
	// PerOctave is how many buckets a power of two has.
	PerOctave = 1 << Schema
	// IndexMin and IndexMax are the ends of the buckets' indices.
	IndexMin = -20*PerOctave + 1
	IndexMax = 20 * PerOctave

	slots = IndexMax - IndexMin + 1
)

// ZeroThreshold is the greatest observation that counts as zero: 2^-20.
const ZeroThreshold = 1.0 / (1 << 20)

// mantissas are the bounds between a half and one.
var mantissas = [PerOctave]float64{
	0.5, 0.5452538663326288, 0.5946035575013605, 0.6484197773255048,
	0.7071067811865475, 0.7711054127039704, 0.8408964152537144, 0.9170040432046711,
}

// Unit is what observations of a Histogram are in, and what they are shown in.
type Unit uint8

// The units.
const (
	// Things are shown as they are observed.
	Things Unit = iota
	// Nanoseconds are shown as seconds.
	Nanoseconds
)

func (u Unit) scale() float64 {
	if u == Nanoseconds {
		return float64(time.Nanosecond) / float64(time.Second)
	}
	return 1
}

// Histogram counts observations by their size. To observe costs two atomic additions; the
// histogram takes 2.6 KiB, whatever it has seen. A nil Histogram observes nothing.
type Histogram struct {
	unit Unit
	// sum wraps around after 584 years of nanoseconds, all requests taken together, which
	// a reader takes for a restart.
	sum  atomic.Uint64
	zero atomic.Uint64
	// counts are those of the indices, IndexMin first.
	counts [slots]atomic.Uint64
}

// Observe takes in one observation.
func (h *Histogram) Observe(v int64) { h.ObserveN(v, 1) }

// ObserveN takes in n equal observations at the price of one. Negative ones count as zero:
// a clock was set back.
func (h *Histogram) ObserveN(v int64, n uint64) {
	if h == nil || n == 0 {
		return
	}
	v = max(v, 0)
	h.sum.Add(uint64(v) * n)
	shown := float64(v) * h.unit.scale()
	if shown <= ZeroThreshold {
		h.zero.Add(n)
		return
	}
	h.counts[indexOf(shown)-IndexMin].Add(n)
}

// indexOf is the bucket of an observation above ZeroThreshold.
func indexOf(v float64) int {
	fraction, exponent := math.Frexp(v)
	index := (exponent - 1) * PerOctave
	for _, bound := range &mantissas {
		if fraction > bound {
			index++
		}
	}
	return min(index, IndexMax)
}

// bound is the greatest observation of a bucket.
func bound(index int) float64 { return math.Exp2(float64(index) / PerOctave) }

// Distribution is what a Histogram has observed, in the unit in which it is shown.
type Distribution struct {
	Unit Unit
	// Count is the number of all observations, Sum what they come to.
	Count uint64
	Sum   float64
	// Zero counts those up to ZeroThreshold.
	Zero uint64
	// Counts are the observations by index, that of IndexMin first.
	Counts []uint64
}

// Distribution is what was observed since the last reset. Observations that come
// meanwhile may be in it in part.
func (h *Histogram) Distribution() *Distribution {
	d := &Distribution{Unit: h.unit, Zero: h.zero.Load(), Counts: make([]uint64, slots)}
	d.Sum, d.Count = float64(h.sum.Load())*h.unit.scale(), d.Zero
	for i := range h.counts {
		d.Counts[i] = h.counts[i].Load()
		d.Count += d.Counts[i]
	}
	return d
}

// UpTo counts the observations up to 2^power.
func (d *Distribution) UpTo(power int) uint64 {
	sum := d.Zero
	for i := range min(max(power*PerOctave-IndexMin+1, 0), len(d.Counts)) {
		sum += d.Counts[i]
	}
	return sum
}

// at is the observation that a share of all do not exceed; NaN without any.
func (d *Distribution) at(share float64) float64 {
	if d.Count == 0 {
		return math.NaN()
	}
	rank, seen := uint64(math.Ceil(share*float64(d.Count))), d.Zero
	for i := 0; seen < rank && i < len(d.Counts); i++ {
		if seen += d.Counts[i]; seen >= rank {
			return bound(i + IndexMin)
		}
	}
	return 0
}

// each shows nothing: the words of ZooKeeper have no form for it.
func (h *Histogram) each(func(Reading)) {}

func (h *Histogram) members(show func(Member)) { show(Member{Distribution: h.Distribution()}) }

func (h *Histogram) reset() {
	h.sum.Store(0)
	h.zero.Store(0)
	for i := range h.counts {
		h.counts[i].Store(0)
	}
}

// Timer takes times, for a Summary of milliseconds as ZooKeeper has it and for a Histogram
// of seconds. A nil Timer takes nothing.
type Timer struct {
	summary   *Summary
	histogram *Histogram
}

// Observe takes in one time.
func (t *Timer) Observe(d time.Duration) { t.ObserveN(d, 1) }

// ObserveN takes in n equal times at the price of one.
func (t *Timer) ObserveN(d time.Duration, n uint64) {
	if t != nil {
		t.summary.ObserveN(d.Milliseconds(), n)
		t.histogram.ObserveN(int64(d), n)
	}
}
