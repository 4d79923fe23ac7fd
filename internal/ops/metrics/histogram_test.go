package metrics

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"zoo/internal/check/alloc"
)

// The plot: a time is taken, and looked for. A reader of the histogram sees it between two
// bounds that are nine per cent apart, whatever it was.
func TestAnObservationIsBetweenTheBoundsOfItsBucket(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.Int64Range(1, int64(100*time.Hour)).Draw(t, "nanoseconds")
		h := &Histogram{unit: Nanoseconds}
		h.Observe(v)
		d, seconds := h.Distribution(), float64(v)*1e-9
		if d.Count != 1 || d.Sum != seconds {
			t.Fatalf("%d observations sum up to %v", d.Count, d.Sum)
		}
		if seconds <= ZeroThreshold {
			if d.Zero != 1 {
				t.Fatalf("%v is not among the zeros", seconds)
			}
			return
		}
		index := indexOf(seconds)
		if d.Counts[index-IndexMin] != 1 {
			t.Fatalf("%v is not in bucket %d", seconds, index)
		}
		most, least := bound(index)*(1+1e-15), bound(index-1)*(1-1e-15)
		if seconds <= least || seconds > most {
			t.Fatalf("%v is not between %v and %v", seconds, least, most)
		}
	})
}

// Classic buckets at powers of two are exact: what equals a bound is below it.
func TestPowersOfTwoAreBounds(t *testing.T) {
	h := &Histogram{}
	for _, v := range []int64{0, 1, 2, 3, 4, 5, 8, 1024, 1025, 1 << 40} {
		h.Observe(v)
	}
	d := h.Distribution()
	for power, want := range map[int]uint64{-30: 1, 0: 2, 1: 3, 2: 5, 3: 7, 10: 8, 11: 9, 20: 10,
		50: 10} {
		if got := d.UpTo(power); got != want {
			t.Errorf("%d are up to 2^%d, not %d", want, power, got)
		}
	}
}

func TestMantissasAreThoseOfTheSchema(t *testing.T) {
	for i, m := range mantissas {
		if want := math.Exp2(float64(i)/PerOctave) / 2; math.Abs(m-want) > 1e-15 {
			t.Errorf("mantissa %d is %v, not %v", i, m, want)
		}
	}
}

// A clock that is set back, and a leader whose clock is ahead.
func TestNegativeTimesCountAsZero(t *testing.T) {
	h := &Histogram{unit: Nanoseconds}
	h.Observe(-5)
	if d := h.Distribution(); d.Zero != 1 || d.Count != 1 || d.Sum != 0 {
		t.Errorf("%+v", d)
	}
}

func TestATimerShowsMillisecondsToWordsAndSecondsToScrapes(t *testing.T) {
	s := NewSet()
	s.Timer("fsynctime", "fsync_seconds", "Time.", Basic).ObserveN(1500*time.Microsecond, 3)
	s.States(State{Name: "state", Label: "of"}, func(show func(string, float64)) { show("a", 1) })
	s.Each(func(name string, v Value) {
		if v.Name != "fsynctime" || name == "sum_fsynctime" && v.Float() != 3 {
			t.Errorf("mntr shows %s=%v", name, v)
		}
	})
	families := map[string]*Family{}
	s.Families(func(f *Family) { families[f.Name] = f })
	d := families["fsync_seconds"].Members[0].Distribution
	if d.Count != 3 || math.Abs(d.Sum-0.0045) > 1e-12 {
		t.Errorf("%d times, %v s", d.Count, d.Sum)
	}
	median := families["fsynctime"].Members[0].Quantiles[0]
	if median.Share != 0.5 || median.Value < 1.5 || median.Value > 1.5*1.1 {
		t.Errorf("half of them take up to %v ms", median.Value)
	}
	if f := families["state"]; f.Label != "of" || f.Members[0].Key != "a" {
		t.Errorf("%+v", f)
	}
	s.Reset()
	s.Families(func(f *Family) {
		if f.Name == "fsync_seconds" && f.Members[0].Distribution.Count != 0 {
			t.Error("srst leaves the histogram as it was")
		}
	})
}

func TestANilTimerTakesNothing(t *testing.T) {
	var s *Set
	s.Timer("", "", "", Advanced).Observe(time.Second)
	s.Histogram("", "", Things).Observe(1)
	s.States(State{}, nil)
	s.Families(func(*Family) { t.Error("a nil set has a family") })
}

// What every request passes through.
func TestObservationsAllocateNothing(t *testing.T) { alloc.Guard(t, hotPaths()) }

func BenchmarkObservation(b *testing.B) { alloc.Measure(b, hotPaths()) }

func hotPaths() []alloc.Path {
	s := NewSet()
	timer := s.Timer("a", "a_seconds", "", Advanced)
	plain := s.Timer("b", "b_seconds", "", Basic)
	histogram := s.Histogram("c", "", Things)
	counter := s.Counter("d", "")
	timer.Observe(1) // makes room for percentiles
	took := time.Duration(0)
	next := func() time.Duration { took += 7919; return took % time.Second }
	return []alloc.Path{
		{Title: "timer with percentiles", Step: func() { timer.Observe(next()) }},
		{Title: "timer", Step: func() { plain.Observe(next()) }},
		{Title: "histogram", Step: func() { histogram.Observe(int64(next())) }},
		{Title: "counter", Step: func() { counter.Inc() }},
	}
}
