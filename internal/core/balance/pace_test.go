package balance

import (
	"slices"
	"testing"
	"time"
)

// The plot: ten clients at rest, four a second. However often one looks, there are not more
// than four in any second, also behind a pause in which nobody could go.
func TestConnectionsEndAtABoundedRate(t *testing.T) {
	for _, interval := range []time.Duration{1, 100, 1000} {
		interval *= time.Millisecond
		p, left := NewPace(0, 4), 10
		var ends []time.Duration
		for now := interval; left > 0; now += interval {
			p.Look(now)
			for range left {
				if p.Judge(Conn{Resting: true}) == Enough {
					break
				}
				left--
				ends = append(ends, now)
			}
		}
		for i := 4; i < len(ends); i++ {
			if ends[i]-ends[i-4] < time.Second {
				t.Errorf("looking every %v: five ended from %v to %v", interval,
					ends[i-4], ends[i])
			}
		}
		if last := ends[len(ends)-1]; last > 3*time.Second {
			t.Errorf("looking every %v: the last ended after %v", interval, last)
		}
	}
	p := NewPace(0, 4)
	p.Look(time.Hour)
	for range 4 {
		p.Judge(Conn{Resting: true})
	}
	if v := p.Judge(Conn{Resting: true}); v != Enough {
		t.Errorf("behind an hour's pause the fifth is told %v", v)
	}
}

// A client that rests goes at once, one that asks for something has some time to come to
// rest, and is told once to finish then.
func TestABusyConnectionIsGivenTimeToRest(t *testing.T) {
	for _, c := range []struct {
		name string
		at   time.Duration
		conn Conn
		want Verdict
	}{
		{"at rest", time.Second, Conn{Resting: true}, Close},
		{"busy", time.Second, Conn{}, Keep},
		{"busy until the end of its time", BusyMax - 1, Conn{}, Keep},
		{"busy for too long", BusyMax, Conn{}, Finish},
		{"told before", BusyMax, Conn{Finishing: true}, Keep},
		{"told before, and at rest now", BusyMax, Conn{Resting: true, Finishing: true}, Close},
	} {
		p := NewPace(0, 100)
		p.Look(c.at)
		if v := p.Judge(c.conn); v != c.want {
			t.Errorf("%s: got %v, want %v", c.name, v, c.want)
		}
	}
}

// What has to wait costs nothing of the rate.
func TestOnlyThoseThatGoCount(t *testing.T) {
	p := NewPace(0, 2)
	p.Look(time.Second)
	var got []Verdict
	for _, c := range []Conn{{}, {}, {Resting: true}, {}, {Resting: true}, {Resting: true}} {
		got = append(got, p.Judge(c))
	}
	if want := []Verdict{Keep, Keep, Close, Keep, Close, Enough}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
