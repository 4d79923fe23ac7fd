package sketch

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// ratesOf are the lines by path.
func ratesOf(p *Paths, now time.Duration, depth int) map[string]Rate {
	lines := map[string]Rate{}
	for _, l := range p.At(now, depth).Lines {
		lines[l.Path] = l
	}
	return lines
}

// near tells whether two rates differ by less than a share.
func near(got, want, share float64) bool { return math.Abs(got-want) <= share*want }

// The plot: for five minutes two paths are read and one is written, few times in a second, so
// that every request is counted. Their rates are what they were, of the subtrees as well; half
// a minute later, with nothing asked, they have faded by that time.
func TestRatesAreWhatTheyWereOfLate(t *testing.T) {
	p, now := New(0, 1), time.Duration(0)
	var s Sampler
	for range 3000 {
		now += 100 * time.Millisecond
		for path, kind := range map[string]Kind{
			"/a/b/c": Read, "/a/x": Read, "/a": Write, "/": Read} {
			if !s.Skips() {
				s.Note(p, now, path, kind)
			}
		}
	}
	all := p.At(now, 0)
	if !near(all.Reads, 30, 0.02) || !near(all.Writes, 10, 0.02) || all.Period != 1 {
		t.Errorf("all: %+v", all)
	}
	for depth, want := range []map[string][2]float64{
		{"/a/b/c": {10, 0}, "/a/x": {10, 0}, "/a": {0, 10}, "/": {10, 0}},
		{"/a": {20, 10}}, {"/a/b": {10, 0}, "/a/x": {10, 0}}, {"/a/b/c": {10, 0}}, {},
	} {
		got := ratesOf(p, now, depth)
		for path, rates := range want {
			if l := got[path]; !near(l.Reads, rates[0], 0.02) || !near(l.Writes, rates[1], 0.02) ||
				l.Missed != 0 {
				t.Errorf("depth %d: %+v, want %s with %v", depth, l, path, rates)
			}
		}
		if len(got) != len(want) {
			t.Errorf("depth %d: %v", depth, got)
		}
	}
	later := ratesOf(p, now+Span/2, 0)["/a/x"]
	if want := 10 * math.Exp(-0.5); !near(later.Reads, want, 0.02) {
		t.Errorf("half a span later it is %+v, want %v", later, want)
	}
	p.Reset(now)
	if got := p.At(now, 1); len(got.Lines) != 0 || got.Reads != 0 {
		t.Errorf("after a reset: %+v", got)
	}
}

// The plot: 100,000 paths are asked for once each, again and again, and among them a few that
// have a hundredth of all requests each. The few are found, with what they have: neither less
// than that, if what may have been missed is added, nor more. The many lie below one subtree,
// which has their rate.
func TestTheBusiestAreFoundAmongVeryMany(t *testing.T) {
	p, now := New(0, 1), time.Duration(0)
	random := rand.New(rand.NewPCG(2, 3))
	exact := map[string]float64{}
	for i := range 200_000 {
		now += time.Millisecond
		path := fmt.Sprintf("/many/%d", i%100_000)
		if random.IntN(100) < 5 {
			path = fmt.Sprintf("/few/%d", random.IntN(5))
		}
		p.mu.Lock()
		p.count(now, path, Read, 1)
		p.mu.Unlock()
		exact[path] += math.Exp(spans(now))
	}
	f := p.clock.perSecond(now)
	base := math.Exp(spans(p.clock.base))
	got := ratesOf(p, now, 0)
	for i := range 5 {
		path := fmt.Sprintf("/few/%d", i)
		want, l := exact[path]/base*f, got[path]
		if l.Reads > want*1.0001 || l.Reads+l.Missed < want*0.9999 || !near(l.Reads, want, 0.15) {
			t.Errorf("%s: %+v, want %v", path, l, want)
		}
	}
	if len(got) != pathsMost {
		t.Errorf("%d paths are kept", len(got))
	}
	if l := ratesOf(p, now, 1)["/many"]; !near(l.Reads, 950, 0.02) {
		t.Errorf("the subtree of the many: %+v", l)
	}
}

// The plot: two million requests in ten seconds, of which a tenth is for one path, come over a
// hundred samplers. A few thousand are sampled, and the rates are right within a few hundredths.
func TestFewSamplesStandForManyRequests(t *testing.T) {
	p, now := New(0, 1), time.Duration(0)
	samplers, sampled := make([]Sampler, 100), 0
	for i := range 2_000_000 {
		now += 5 * time.Microsecond
		path := "/cold"
		if i%1000 < 100 {
			path = "/hot"
		}
		s := &samplers[i*7919%len(samplers)]
		if !s.Skips() {
			s.Note(p, now, path, Read)
			sampled++
		}
	}
	all, hot := p.At(now, 0), ratesOf(p, now, 0)["/hot"]
	if !near(all.Reads, 200_000, 0.05) || !near(hot.Reads, 20_000, 0.15) {
		t.Errorf("%v requests in a second, %+v", all.Reads, hot)
	}
	if all.Period < 64 || sampled > 40_000 {
		t.Errorf("a sample stands for %d, and there were %d", all.Period, sampled)
	}
}

// What was counted long ago neither overflows nor keeps its place for ever.
func TestWeightsStayWithinBoundsForMonths(t *testing.T) {
	p := New(0, 1)
	now := time.Duration(0)
	for day := range 100 {
		now += 24 * time.Hour
		p.count(now, fmt.Sprintf("/day/%d", day), Write, 60)
	}
	lines := ratesOf(p, now, 0)
	if l := lines["/day/99"]; !near(l.Writes, 1, 0.01) {
		t.Errorf("today: %+v", l)
	}
	if l := lines["/day/1"]; l.Writes > 1e-9 || math.IsNaN(l.Writes) {
		t.Errorf("three months ago: %+v", l)
	}
}

func TestALongPathCountsAsOneAbove(t *testing.T) {
	name := strings.Repeat("x", 300)
	for path, want := range map[string]string{
		"/a": "/a", "/" + name: "/" + name, "/" + name + "/" + name: "/" + name,
		"/" + name + name: "/", "/a/" + name + name: "/a",
	} {
		if got := shortened(path); got != want {
			t.Errorf("%d bytes become %q, want %q", len(path), got, want)
		}
	}
}
