package bench

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"zoo/internal/paper"
)

// The flags of make bench-paper.
var (
	paperVoters = flag.String("paper-voters", "3,5,7", "sizes of the paper's ensembles")
	paperOnly   = flag.String("paper-experiments", "table1,figure5,table2,figure8",
		"experiments of the paper")
	paperConns = flag.Int("paper-connections", 250, "connections of the paper's clients")
	paperStep  = flag.Duration("paper-step", 15*time.Second, "time between two failures")
)

func paperOptions() paper.Options {
	opts := paper.Options{Shares: []int{0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100},
		Workers: []int{1, 10, 20}, Connections: *paperConns, Outstanding: *outstanding,
		SizeBytes: valueBytes, Warmup: *warmup, Duration: *duration, Step: *paperStep,
		SessionTimeout: 10 * time.Second}
	for name := range strings.SplitSeq(*paperOnly, ",") {
		opts.Experiments = append(opts.Experiments, paper.Experiment(name))
	}
	return opts
}

// The whole takes forty minutes and the machine for itself, so make bench-paper asks for it.
func TestThePaperIsRepeated(t *testing.T) {
	if os.Getenv("ZOO_BENCH") != "paper" {
		t.Skip("make bench-paper measures; ZOO_BENCH is not paper")
	}
	s := settings(t, wholeSides())
	disk, err := probeDisk(s.Dir)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(s.Dir, "paper")
	if *write {
		dir = paperDir
	}
	all, err := paper.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	versions := map[string]string{}
	for text := range strings.SplitSeq(*paperVoters, ",") {
		voters, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		for _, side := range s.Sides {
			r := &Repeat{Settings: s, Side: side, Voters: voters, Options: paperOptions()}
			versions[side] = repeat(t, r, all)
			if err := all.Write(dir); err != nil { // what comes later may fail
				t.Fatal(err)
			}
		}
	}
	if err := all.WriteText(os.Stdout); err != nil {
		t.Fatal(err)
	}
	if *write {
		about := s.about("make bench-paper"+flagsGiven(), revision(t), versions, disk)
		writePaperPage(t, about)
	}
}

// repeat adds what one ensemble gives, and tells what its servers call themselves.
func repeat(t *testing.T, r *Repeat, all *paper.Results) (version string) {
	t.Helper()
	results, version, err := r.Measure(t.Context())
	if err != nil {
		t.Errorf("%s, %d servers: %v", r.Side, r.Voters, err)
	}
	all.Merge(results)
	return version
}

// writePaperPage writes what is committed besides the tables and plots.
func writePaperPage(t *testing.T, about string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(paperDir, paperAbout), []byte(about), 0o600); err != nil {
		t.Fatal(err)
	}
	rec, err := ReadRecord(recordFile)
	if err != nil {
		t.Fatal(err)
	}
	writeRecord(t, rec)
}

// All of the paper's experiments go through with a small ensemble, in little time: every point
// has a rate, and while servers are killed the others answer. How much is not judged.
func TestAnEnsembleGoesThroughThePaper(t *testing.T) {
	s := settings(t, []string{sideZoo})
	opts := paper.Options{Experiments: paper.Experiments, Shares: []int{0, 50, 100},
		Workers: []int{1, 3}, Connections: 6, Outstanding: 4, SizeBytes: 100,
		Duration: 300 * time.Millisecond, Step: 1500 * time.Millisecond,
		SessionTimeout: 10 * time.Second}
	r := &Repeat{Settings: s, Side: sideZoo, Voters: 3, Options: opts}
	results, version, err := r.Measure(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if version == "" || len(results.Points) != 2+3+2 || len(results.Seconds) != 18 {
		t.Errorf("%q, %d points, %d seconds", version, len(results.Points), len(results.Seconds))
	}
	for _, p := range results.Points {
		if p.Rate <= 0 || p.Servers != 3 || p.P99 < p.P50 || p.Failures > 0 {
			t.Errorf("%+v", p)
		}
	}
	// A busy machine may be late, and the load is over before the last events.
	kinds := []paper.Kind{paper.FailFollower, paper.Heal}
	if len(results.Happenings) < 2 || results.Happenings[0].Kind != kinds[0] ||
		results.Happenings[1].Kind != kinds[1] ||
		results.Happenings[0].Server != results.Happenings[1].Server {
		t.Errorf("%+v", results.Happenings)
	}
	answered := func(s paper.Second) bool { return s.Ops > 0 }
	if !slices.ContainsFunc(results.Seconds[2:], answered) {
		t.Errorf("nothing was answered once a server had failed: %+v", results.Seconds)
	}
}

// The page tells of the experiments only when they have been repeated, and then with the command
// that makes them.
func TestThePageHasThePaperWhenItWasRepeated(t *testing.T) {
	dir := t.TempDir()
	var page strings.Builder
	if err := writePaper(&page, dir); err != nil || page.Len() > 0 {
		t.Fatalf("%v: %s", err, page.String())
	}
	results := &paper.Results{Points: []paper.Point{{Ensemble: paper.Ensemble{Side: "zoo",
		Servers: 5}, Experiment: paper.Figure5, At: 50, Rate: 1000}}}
	s := &Settings{}
	about := s.about("make bench-paper", "v1", map[string]string{sideJava: "3.9.5"}, Disk{})
	err := errors.Join(results.Write(dir),
		os.WriteFile(filepath.Join(dir, paperAbout), []byte(about), 0o600), writePaper(&page, dir))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"\n    make bench-paper\n", "zoo v1; Java's server 3.9.5.\n",
		"zoo, 5 servers\n  50 % reads            1000", "![figure5](paper/figure5.svg)"} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("no %q in\n%s", want, page.String())
		}
	}
	if strings.Contains(page.String(), "figure8") {
		t.Errorf("figure8 was not measured:\n%s", page.String())
	}
}
