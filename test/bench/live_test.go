package bench

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"zoo/internal/load"
	"zoo/test/ensemble"
)

// The flags of the measurement beside snapshots.
var (
	liveConns    = flag.Int("live-connections", 50, "connections that write meanwhile")
	liveDepth    = flag.Int("live-outstanding", 20, "requests in flight on each of them")
	liveWarmup   = flag.Duration("live-warmup", 12*time.Second, "time before it: two snapshots")
	liveDuration = flag.Duration("live-duration", 30*time.Second, "time that they write")
)

// A million znodes are written to by chance, as fast as the server answers, while it
// takes snapshots: no second may be much slower than the others, and no write later.
func TestWritesGoOnBesideSnapshots(t *testing.T) {
	if os.Getenv("ZOO_BENCH") == "" {
		t.Skip("make bench measures; ZOO_BENCH is not set")
	}
	live := &Live{
		Binary: *binary, Znodes: *znodes, Connections: *liveConns, Outstanding: *liveDepth,
		Warmup: *liveWarmup, Duration: *liveDuration, Say: func(line string) { fmt.Println(line) },
	}
	var err error
	if live.Dir, err = os.MkdirTemp(*dir, "zoo-live-"); err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(live.Dir)
	if live.Binary == "" {
		if live.Binary, err = ensemble.Build(t.Context(), live.Dir); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := probeDisk(live.Dir); err != nil {
		t.Fatal(err)
	}
	results, err := live.Measure(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, result := range results {
		if err := result.WriteText(os.Stdout); err != nil {
			t.Fatal(err)
		}
		if *strict && !result.Met() {
			t.Errorf("%s: a floor is not met", result.Title)
		}
	}
}

// One second at half of the rate spoils a run, as do later writes beside snapshots; and a
// run without any snapshot proves nothing.
func TestSnapshotsAreJudgedByTheSlowestSecond(t *testing.T) {
	second := func(ops uint64, p999 float64) load.Second {
		return load.Second{Ops: ops, P999: p999 * 1000,
			Latencies: []load.Bucket{{Micros: p999 * 1000, Count: uint32(ops)}}}
	}
	for name, plot := range map[string]struct {
		seconds []load.Second
		written []bool
		met     bool
	}{
		"even":   {[]load.Second{second(100, 5), second(95, 9)}, []bool{false, true}, true},
		"slow":   {[]load.Second{second(100, 5), second(50, 5)}, []bool{false, true}, false},
		"late":   {[]load.Second{second(100, 5), second(95, 11)}, []bool{false, true}, false},
		"none":   {[]load.Second{second(100, 5), second(95, 5)}, []bool{false, false}, false},
		"always": {[]load.Second{second(100, 5), second(95, 5)}, []bool{true, true}, false},
	} {
		r := &LiveResult{Title: name, Report: &load.Report{Timeline: plot.seconds},
			Written: plot.written}
		var out strings.Builder
		if err := r.WriteText(&out); err != nil {
			t.Fatal(err)
		}
		if r.Met() != plot.met || strings.Contains(out.String(), "NOT MET") == plot.met {
			t.Errorf("%s: met %v\n%s", name, r.Met(), out.String())
		}
	}
}

// The second of an instant is counted from the begin of the window; what comes closely
// behind a snapshot counts to it.
func TestInstantsFallIntoTheirSeconds(t *testing.T) {
	report := &load.Report{Began: 5_000, Timeline: make([]load.Second, 3)}
	at := func(ms int64) time.Time { return time.UnixMilli(ms) }
	got := fmt.Sprint(writtenIn(report, []time.Time{at(4_000), at(6_000), at(6_499), at(9_000)}))
	if got != "[false true false]" {
		t.Error(got)
	}
	if got := fmt.Sprint(writtenIn(report, []time.Time{at(5_600)})); got != "[true true false]" {
		t.Error(got)
	}
}
