package sim

import (
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
)

// The environment of the tests: how many seeds TestSeeds or TestNight plays and the first
// of them, the one that TestReplay tells with which planted bug, the length of each in
// steps, and whether TestTable writes.
const (
	envSeeds   = "ZOO_SIM_SEEDS"
	envSeed    = "ZOO_SIM_SEED"
	envPlanted = "ZOO_SIM_PLANTED"
	envFirst   = "ZOO_SIM_FIRST"
	envSteps   = "ZOO_SIM_STEPS"
	envNight   = "ZOO_SIM_NIGHT"
	envTable   = "ZOO_SIM_TABLE"
	// envKind says what TestReplay and TestNight play besides faults; see kinds.
	envKind = "ZOO_SIM_KIND"
)

const seedsDefault = 1000

// kinds are the plays that have something to do besides the storm.
var kinds = map[string]Options{
	"": {}, "members": {Reconfigures: true}, "restarts": {Restarts: true},
	"oracle": {Oracle: true}, "unlogged": {Unlogged: true},
	"drains": {Drains: true}, "unlogged-members": {Unlogged: true, Reconfigures: true},
	"ports": {Ports: true},
}

func kindFromEnv(t testing.TB) Options {
	t.Helper()
	o, ok := kinds[os.Getenv(envKind)]
	if !ok {
		t.Fatalf("%s: there is no kind %q", envKind, os.Getenv(envKind))
	}
	return o
}

func fromEnv(t testing.TB, name string, fallback int) int {
	text := os.Getenv(name)
	if text == "" {
		return fallback
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// playAll plays seeds on all processors. Each is played by one goroutine.
func playAll(first, count int, options Options, each func(Report)) {
	var next atomic.Int64
	var wait sync.WaitGroup
	var mu sync.Mutex
	for range runtime.GOMAXPROCS(0) {
		wait.Go(func() {
			for i := int(next.Add(1)) - 1; i < count; i = int(next.Add(1)) - 1 {
				r := Run(uint64(first+i), options)
				mu.Lock()
				each(r)
				mu.Unlock()
			}
		})
	}
	wait.Wait()
}

func TestSeeds(t *testing.T) {
	t.Parallel()
	count := fromEnv(t, envSeeds, seedsDefault)
	if testing.Short() && count > 100 {
		count = 100
	}
	failed := 0
	var total Stats
	options := Options{Steps: fromEnv(t, envSteps, 0)}
	playAll(fromEnv(t, envFirst, 1), count, options, func(r Report) {
		total.add(&r.Stats)
		if r.Violation == nil {
			return
		}
		failed++
		if failed <= 10 {
			t.Errorf("seed %d, step %d: %v\nreplay: make sim SEED=%d", r.Seed, r.Steps,
				r.Violation, r.Seed)
		}
	})
	if failed > 0 {
		t.Errorf("%d of %d seeds failed", failed, count)
	}
	t.Logf("%d seeds: %+v", count, total)
	if failed == 0 && count >= seedsDefault {
		total.demandVariety(t)
	}
}

// nightSeeds is what make sim-night plays, nightReport the seeds between two lines.
const (
	nightSeeds  = 200_000
	nightReport = 5_000
)

// TestNight plays many seeds, and tells now and then how far it is.
func TestNight(t *testing.T) {
	if os.Getenv(envNight) == "" {
		t.Skipf("set %s to play %d seeds", envNight, nightSeeds)
	}
	var total Stats
	var steps, played, failed int
	first, count := fromEnv(t, envFirst, 1), fromEnv(t, envSeeds, nightSeeds)
	options := kindFromEnv(t)
	options.Steps = fromEnv(t, envSteps, 0)
	for played < count {
		n := min(nightReport, count-played)
		playAll(first+played, n, options, func(r Report) {
			total.add(&r.Stats)
			steps += r.Steps
			if r.Violation != nil {
				failed++
				t.Errorf("seed %d, step %d: %v\nreplay: make sim SEED=%d KIND=%s", r.Seed, r.Steps,
					r.Violation, r.Seed, os.Getenv(envKind))
			}
		})
		played += n
		t.Logf("seeds %d to %d: steps=%d elections=%d crashes=%d kills=%d partitions=%d "+
			"commits=%d violations=%d", first, first+played-1, steps, total.Leaders,
			total.Crashes, total.Kills, total.Partitions, total.Commits, failed)
	}
	t.Logf("%d seeds: %+v", played, total)
}

func (s *Stats) add(o *Stats) {
	s.Commits += o.Commits
	s.Acks += o.Acks
	s.Reads += o.Reads
	s.Syncs += o.Syncs
	s.Turns += o.Turns
	s.Leaders += o.Leaders
	s.Crashes += o.Crashes
	s.Kills += o.Kills
	s.DiskFails += o.DiskFails
	s.Diffs += o.Diffs
	s.Truncs += o.Truncs
	s.Snaps += o.Snaps
	s.Reloads += o.Reloads
	s.Snapshots += o.Snapshots
	s.SessionsClosed += o.SessionsClosed
	s.Expired += o.Expired
	s.Partitions += o.Partitions
	s.Pauses += o.Pauses
	s.Spared += o.Spared
	s.Recalled += o.Recalled
	s.Cuts += o.Cuts
	s.Moves += o.Moves
	s.Stalls += o.Stalls
	s.Refused += o.Refused
	s.Purges += o.Purges
	s.Uncut += o.Uncut
	s.Ports += o.Ports
	s.NewDisks += o.NewDisks
	s.Lags += o.Lags
	s.SyncTroubles += o.SyncTroubles
	s.Repeats += o.Repeats
	s.Exhausted += o.Exhausted
	s.Reconfigs += o.Reconfigs
	s.Handovers += o.Handovers
	s.Transfers += o.Transfers
	s.Mastered += o.Mastered
	s.addKinds(o)
}

// addKinds adds what some kinds of plays alone have.
func (s *Stats) addKinds(o *Stats) {
	s.Restarts += o.Restarts
	s.Grants += o.Grants
	s.Drains += o.Drains
	s.Shut += o.Shut
	s.Parted += o.Parted
	s.SentAway += o.SentAway
}

// demandVariety fails if the seeds avoided what they are there for.
func (s *Stats) demandVariety(t *testing.T) {
	t.Helper()
	for what, n := range map[string]int{
		"commits": s.Commits, "replies": s.Acks, "reads": s.Reads, "syncs": s.Syncs,
		"turns":   s.Turns,
		"leaders": s.Leaders, "crashes": s.Crashes, "kills": s.Kills,
		"disk errors": s.DiskFails, "DIFF": s.Diffs, "TRUNC": s.Truncs, "SNAP": s.Snaps,
		"snapshots": s.Snapshots, "closed sessions": s.SessionsClosed,
		"expired sessions": s.Expired, "partitions": s.Partitions, "pauses": s.Pauses,
		"cut links": s.Cuts, "moved sessions": s.Moves,
		"silent disks": s.Stalls, "writes refused for want of space": s.Refused,
		"broken quorum ports": s.Ports, "new disks": s.NewDisks, "slow links": s.Lags,
		"troubled synchronisations": s.SyncTroubles, "repeated proposals": s.Repeats,
		"used-up epochs": s.Exhausted,
		"purges":         s.Purges, "cuts that cannot be made": s.Uncut,
		"observers of followers": s.Mastered,
	} {
		if n == 0 {
			t.Errorf("no seed had any %s", what)
		}
	}
}

// TestReplay tells one seed, step by step.
func TestReplay(t *testing.T) {
	if os.Getenv(envSeed) == "" {
		t.Skipf("set %s to the seed to tell", envSeed)
	}
	options := kindFromEnv(t)
	if p := planted(t, os.Getenv(envPlanted)); p != nil {
		options = p.options()
	}
	options.Trace, options.Steps = os.Stdout, fromEnv(t, envSteps, 0)
	r := Run(uint64(fromEnv(t, envSeed, 1)), options)
	if r.Violation != nil {
		t.Errorf("seed %d: %v", r.Seed, r.Violation)
	}
	t.Logf("seed %d: %d steps, %v, hash %016x, %+v", r.Seed, r.Steps, r.Time, r.Hash, r.Stats)
}

func TestSameSeedHasSameTrace(t *testing.T) {
	t.Parallel()
	for seed := uint64(1); seed <= 50; seed++ {
		once, twice := Run(seed, Options{}), Run(seed, Options{})
		if once.Hash != twice.Hash || once.Steps != twice.Steps {
			t.Fatalf("seed %d: hash %x after %d steps, then %x after %d", seed,
				once.Hash, once.Steps, twice.Hash, twice.Steps)
		}
	}
}

func BenchmarkSeed(b *testing.B) {
	steps := 0
	for i := 0; b.Loop(); i++ {
		r := Run(uint64(i+1), Options{})
		steps += r.Steps
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(steps), "ns/step")
}

// playKind plays a share of the seeds in one of the kinds. It sums up what they have been
// through, and tells how many they were.
func playKind(t *testing.T, kind string, share int) (Stats, int) {
	t.Helper()
	options := kinds[kind]
	count := seedsDefault / share * fromEnv(t, envSeeds, seedsDefault) / seedsDefault
	if testing.Short() {
		count = min(count, 100)
	}
	options.Steps = fromEnv(t, envSteps, 0)
	failed := 0
	var total Stats
	playAll(fromEnv(t, envFirst, 1), count, options, func(r Report) {
		total.add(&r.Stats)
		if r.Violation == nil {
			return
		}
		if failed++; failed <= 10 {
			t.Errorf("seed %d, step %d: %v\nreplay: make sim SEED=%d KIND=%s", r.Seed, r.Steps,
				r.Violation, r.Seed, kind)
		}
	})
	if failed > 0 {
		t.Errorf("%d of %d seeds failed", failed, count)
	}
	t.Logf("%d seeds: %+v", count, total)
	return total, count
}
