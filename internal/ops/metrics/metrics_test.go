package metrics

import (
	"math"
	"slices"
	"testing"
)

func names(s *Set) (list []string) {
	s.Each(func(name string, v Value) { list = append(list, name+"="+v.String()) })
	return list
}

func TestReadingsHaveZooKeepersNamesAndForms(t *testing.T) {
	s := NewSet()
	s.Counter("snap_count", "snapshots sent").Add(3)
	s.Gauge("uptime", "", func() float64 { return 7 })
	s.Fraction("avg_latency", "", func() float64 { return 0 })
	basic := s.Summary("fsynctime", "", Basic)
	basic.Observe(1)
	basic.Observe(1)
	basic.Observe(2)
	s.Summary("readlatency", "", Advanced).ObserveN(5, 1000)
	s.SummarySet("ack_latency", "", Basic).Of("1").Observe(4)
	want := []string{"snap_count=3", "uptime=7", "avg_latency=0.0",
		"avg_fsynctime=1.3333", "min_fsynctime=1", "max_fsynctime=2", "cnt_fsynctime=3",
		"sum_fsynctime=4",
		"avg_readlatency=5.0", "min_readlatency=5", "max_readlatency=5",
		"cnt_readlatency=1000", "sum_readlatency=5000", "p50_readlatency=5",
		"p95_readlatency=5", "p99_readlatency=5", "p999_readlatency=5",
		"avg_1_ack_latency=4.0", "min_1_ack_latency=4", "max_1_ack_latency=4",
		"cnt_1_ack_latency=1", "sum_1_ack_latency=4"}
	if got := names(s); !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func TestResetForgetsAllButStates(t *testing.T) {
	s := NewSet()
	s.Counter("a", "").Inc()
	s.Gauge("b", "", func() float64 { return 1 })
	s.Summary("c", "", Basic).Observe(-5)
	s.CounterSet("d", "").Of("key").Inc()
	s.Reset()
	want := []string{"a=0", "b=1", "avg_c=0.0", "min_c=0", "max_c=0", "cnt_c=0", "sum_c=0"}
	if got := names(s); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestNothingObservedNothingChanged(t *testing.T) {
	var s *Set
	s.Counter("a", "").Inc()
	s.Summary("b", "", Advanced).Observe(1)
	s.CounterSet("c", "").Of("key").Inc()
	s.SummarySet("d", "", Basic).Of("key").Observe(1)
	s.Gauge("e", "", nil)
	s.Reset()
	if got := names(s); got != nil {
		t.Errorf("a nil set shows %v", got)
	}
}

func TestPercentilesAreCloseToTheTruth(t *testing.T) {
	s := newSummary(Advanced)
	for v := range int64(100_000) {
		s.Observe(v)
	}
	for _, share := range []float64{0.5, 0.95, 0.99, 0.999} {
		got, want := float64(s.spread.Load().at(share)), share*100_000
		if math.Abs(got-want) > want/32 {
			t.Errorf("%v of all lie below %v, not %v", share, want, got)
		}
	}
}

func TestEveryObservationHasABucketThatHoldsIt(t *testing.T) {
	for shift := range 63 {
		for _, v := range []int64{1 << shift, 1<<shift + 1, 1<<shift | 1<<shift>>1} {
			b := bucketOf(v)
			if least := lowest(b); least > v || v-least > v/32 {
				t.Errorf("%d is in bucket %d, which begins at %d", v, b, least)
			}
		}
	}
	if b := bucketOf(math.MaxInt64); b >= bucketsMax {
		t.Errorf("bucket %d of %d", b, bucketsMax)
	}
}

// A client makes one top znode after the other. Beyond the bound all of them are one, so
// nothing is lost, and looking for one more neither locks nor allocates.
func TestKeysAreBoundedAndTheOthersAreOne(t *testing.T) {
	s := NewSet().CounterSet("namespaces", "")
	for i := range 2 * keysMax {
		s.Of(string(rune('a' + i))).Inc()
	}
	if n := len(*s.byKey.Load()); n != keysMax+1 {
		t.Errorf("%d keys are kept", n)
	}
	if n := s.Of(OthersKey).Count(); n != keysMax {
		t.Errorf("%d are others", n)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := testing.AllocsPerRun(10, func() { s.Of("one more").Inc() }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// The key of the others is also a name that a client may use.
func TestAKeyMayHaveTheNameOfTheOthers(t *testing.T) {
	s := NewSet().CounterSet("namespaces", "")
	s.Of(OthersKey).Inc()
	for i := range 2 * keysMax {
		s.Of(string(rune('a' + i))).Inc()
	}
	if n := len(*s.byKey.Load()); n != keysMax {
		t.Errorf("%d keys are kept", n)
	}
	if n := s.Of(OthersKey).Count(); n != keysMax+2 {
		t.Errorf("%d are others", n)
	}
}

func TestFractionsAreWrittenAsJavaWritesThem(t *testing.T) {
	for f, want := range map[float64]string{
		0: "0.0", 1: "1.0", 0.25: "0.25", -3.5: "-3.5", 1e7: "1.0E7", 12345678.5: "1.23456785E7",
		0.0004: "4.0E-4", 9999999: "9999999.0",
	} {
		if got := Fraction(f).String(); got != want {
			t.Errorf("%v is written %s, not %s", f, got, want)
		}
	}
}

func TestObservingAllocatesNothing(t *testing.T) {
	s := NewSet()
	counter, summary := s.Counter("a", ""), s.Summary("b", "", Advanced)
	set := s.SummarySet("c", "", Basic)
	set.Of("key").Observe(1)
	summary.Observe(1)
	if n := testing.AllocsPerRun(100, func() {
		counter.Inc()
		summary.Observe(3)
		set.Of("key").Observe(1)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
