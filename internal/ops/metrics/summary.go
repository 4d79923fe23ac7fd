package metrics

import (
	"math"
	"math/bits"
	"sync/atomic"
)

// Summary sums up observations: their number, sum, average, smallest and greatest,
// and, if it is Advanced, percentiles. A nil Summary observes nothing.
type Summary struct {
	key      string // of a member of a SummarySet
	count    atomic.Uint64
	sum      atomic.Int64
	smallest atomic.Int64 // math.MaxInt64 while there is none
	greatest atomic.Int64 // math.MinInt64 while there is none
	advanced bool
	// spread is made by the first observation of an Advanced summary.
	spread atomic.Pointer[spread]
	// times are the same times as a Timer has them, nil for other summaries; immutable.
	times *Histogram
}

func newSummary(kind Kind) *Summary {
	s := &Summary{advanced: kind == Advanced}
	s.reset()
	return s
}

// Observe takes in one observation.
func (s *Summary) Observe(v int64) { s.ObserveN(v, 1) }

// Key is the summary's key in its SummarySet, empty without one.
func (s *Summary) Key() string {
	if s == nil {
		return ""
	}
	return s.key
}

// ObserveN takes in n equal observations at the price of one.
func (s *Summary) ObserveN(v int64, n uint64) {
	if s == nil || n == 0 {
		return
	}
	s.count.Add(n)
	s.sum.Add(v * int64(n))
	s.stretch(v, v)
	if s.advanced {
		s.ranks().add(v, n)
	}
}

// stretch widens the range of the observations.
func (s *Summary) stretch(smallest, greatest int64) {
	for least := s.smallest.Load(); smallest < least; least = s.smallest.Load() {
		if s.smallest.CompareAndSwap(least, smallest) {
			break
		}
	}
	for most := s.greatest.Load(); greatest > most; most = s.greatest.Load() {
		if s.greatest.CompareAndSwap(most, greatest) {
			break
		}
	}
}

// Batch gathers observations for a Basic summary, for one goroutine at a time.
type Batch struct {
	count                   uint64
	sum, smallest, greatest int64
}

// Observe takes in one observation.
func (b *Batch) Observe(v int64) {
	if b.count == 0 || v < b.smallest {
		b.smallest = v
	}
	if b.count == 0 || v > b.greatest {
		b.greatest = v
	}
	b.count++
	b.sum += v
}

// Take moves what a batch holds into the summary.
func (s *Summary) Take(b *Batch) {
	if s != nil && b.count > 0 {
		s.count.Add(b.count)
		s.sum.Add(b.sum)
		s.stretch(b.smallest, b.greatest)
	}
	*b = Batch{}
}

func (s *Summary) ranks() *spread {
	if r := s.spread.Load(); r != nil {
		return r
	}
	s.spread.CompareAndSwap(nil, &spread{})
	return s.spread.Load()
}

// The percentiles of an Advanced summary.
var percentiles = [...]struct {
	part  string
	share float64
}{{"p50", 0.5}, {"p95", 0.95}, {"p99", 0.99}, {"p999", 0.999}}

func (s *Summary) each(show func(Reading)) {
	count, sum := s.count.Load(), s.sum.Load()
	show(Reading{Part: "avg", Number: Fraction(average(sum, count))})
	show(Reading{Part: "min", Number: Whole(known(s.smallest.Load(), math.MaxInt64))})
	show(Reading{Part: "max", Number: Whole(known(s.greatest.Load(), math.MinInt64))})
	show(Reading{Part: "cnt", Number: Whole(int64(count))})
	show(Reading{Part: "sum", Number: Whole(sum)})
	if !s.advanced {
		return
	}
	ranks := s.spread.Load()
	for _, p := range percentiles {
		show(Reading{Part: p.part, Number: Whole(ranks.at(p.share))})
	}
}

// averageDigits is the precision of averages, as ZooKeeper has it.
const averageDigits = 1e4

func average(sum int64, count uint64) float64 {
	if count == 0 {
		return 0
	}
	return math.Round(float64(sum)/float64(count)*averageDigits) / averageDigits
}

// known is v, or 0 for the value that stands for none.
func known(v, none int64) int64 {
	if v == none {
		return 0
	}
	return v
}

func (s *Summary) reset() {
	s.count.Store(0)
	s.sum.Store(0)
	s.smallest.Store(math.MaxInt64)
	s.greatest.Store(math.MinInt64)
	s.spread.Store(nil)
}

// spread counts observations in buckets. Those below exactBelow have one each; the
// rest share exactBelow/2 buckets for each power of two, so that a percentile is
// off by at most one part in 32.
//
// ZooKeeper keeps a random sample of 4096 observations behind a lock instead.
type spread struct{ buckets [bucketsMax]atomic.Uint64 }

const (
	exactBits  = 6
	exactBelow = 1 << exactBits
	shared     = exactBelow / 2
	bucketsMax = exactBelow + (63-exactBits)*shared
)

func (s *spread) add(v int64, n uint64) { s.buckets[bucketOf(v)].Add(n) }

// bucketOf is the bucket of an observation; negative ones count as zero.
func bucketOf(v int64) int {
	if v < exactBelow {
		return int(max(v, 0))
	}
	shift := bits.Len64(uint64(v)) - exactBits
	return shift*shared + int(v>>shift)
}

// lowest is the smallest observation of a bucket.
func lowest(bucket int) int64 {
	if bucket < exactBelow {
		return int64(bucket)
	}
	shift := bucket/shared - 1
	return int64(bucket-shift*shared) << shift
}

// at is the observation below which a share of all lie; 0 without any.
func (s *spread) at(share float64) int64 {
	if s == nil {
		return 0
	}
	var total uint64
	for i := range s.buckets {
		total += s.buckets[i].Load()
	}
	rank, seen := uint64(math.Ceil(share*float64(total))), uint64(0)
	for i := range s.buckets {
		if seen += s.buckets[i].Load(); seen >= rank && seen > 0 {
			return lowest(i)
		}
	}
	return 0
}
