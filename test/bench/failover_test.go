package bench

import (
	"flag"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"zoo/internal/load"
)

// The flags of the measurement of lost leaders.
var (
	losses     = flag.Int("losses", 20, "times that each ensemble loses its leader in each way")
	lossVoters = flag.String("voters", "3,5", "sizes of the ensembles that lose leaders")
	lossWays   = flag.String("ways", "killed,hung", "ways to lose a leader")
	lossTick   = flag.Duration("loss-tick", 200*time.Millisecond, "tickTime of these ensembles")
)

// Leaders are killed and hang, many times, and every time the worst-off connection of a
// survivor counts.
func TestALostLeaderIsReplacedSoon(t *testing.T) {
	if os.Getenv("ZOO_BENCH") == "" {
		t.Skip("make bench measures; ZOO_BENCH is not set")
	}
	f := &Failover{Settings: settings(t, wholeSides()), Losses: *losses,
		Ways: strings.Split(*lossWays, ","), TickTime: *lossTick}
	for _, text := range strings.Split(*lossVoters, ",") {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		f.Voters = append(f.Voters, n)
	}
	all, err := f.Measure(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := WriteLosses(os.Stdout, all); err != nil {
		t.Fatal(err)
	}
	for _, loss := range all {
		if *strict && loss.Side == sideZoo && !loss.Met() {
			t.Errorf("leader %s, %d servers: the limit is not met", loss.Way, loss.Voters)
		}
	}
}

// A leader is lost a second after the window has begun. What the lost server's own connections
// saw does not count, nor what was over before, or begins much later.
func TestOnlyWhatTheLossHasAPartInIsItsGap(t *testing.T) {
	const second = 1_000_000
	report := &load.Report{Began: 5_000, Servers: []load.ServerView{
		{Address: "lost", Silences: []load.Silence{{At: second, Length: 900_000}}},
		{Address: "a", Silences: []load.Silence{
			{At: second - 2_000, Length: 40_000}, {At: second - 91_000, Length: 90_000}}},
		{Address: "b", Silences: []load.Silence{
			{At: second + 300_000, Length: 70_000}, {At: 2*second + 1, Length: 80_000}}},
	}}
	gap, other := survivorsGaps(report, "lost", time.UnixMilli(6_000))
	if want := (load.Silence{At: 300_000, Length: 70_000}); gap != want || other != 90_000 {
		t.Errorf("the gap is %+v, and %g us at another time", gap, other)
	}
}

// One slow replacement of many is enough to break the limit.
func TestLossesAreJudgedByTheWorst(t *testing.T) {
	for worst, want := range map[float64]string{99: " met", 101: "NOT MET"} {
		var out strings.Builder
		loss := &Loss{Side: sideZoo, Way: lossKill, Voters: 3, Gaps: []float64{30, worst, 40},
			Limit: killGapMax}
		if err := WriteLosses(&out, []*Loss{loss}); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), want) {
			t.Errorf("want %q in\n%s", want, out.String())
		}
	}
}
