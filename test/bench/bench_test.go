package bench

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"zoo/test/ensemble"
)

// The flags of make bench; each is also one of go test ./test/bench.
var (
	rounds      = flag.Int("rounds", 3, "rounds, in which the sides take turns")
	duration    = flag.Duration("duration", 10*time.Second, "time that each load is measured")
	warmup      = flag.Duration("warmup", 3*time.Second, "time before it")
	connections = flag.Int("connections", 60, "connections of the saturating loads")
	aloneConns  = flag.Int("alone-connections", 50, "the same on one server")
	outstanding = flag.Int("outstanding", 100, "requests in flight on each of them")
	kills       = flag.Int("kills", 2, "kills of the leader in each round")
	killConns   = flag.Int("kill-connections", 60, "connections while the leader is killed")
	killDepth   = flag.Int("kill-outstanding", 1, "requests in flight on each of them")
	heap        = flag.String("java-heap", "1g", "-Xmx of Java's servers")
	sides       = flag.String("sides", "java,zoo,bare", "sides to measure")
	dir         = flag.String("dir", "", "where the data goes; on a disk, not in memory")
	binary      = flag.String("binary", "", "zoo program to measure; empty builds one")
	bareBinary  = flag.String("bare", "", "program of test/bench/floor; empty builds one")
	jsonFile    = flag.String("report", "", "also write every sample to this JSON file")
	strict      = flag.Bool("strict", false, "fail when a floor is not met")
)

// The whole table takes minutes and the machine for itself, so make test leaves it
// out and make bench asks for it.
func TestFiguresBesideJava(t *testing.T) {
	if os.Getenv("ZOO_BENCH") == "" {
		t.Skip("make bench measures; ZOO_BENCH is not set")
	}
	result, err := Measure(t.Context(), settings(t, strings.Split(*sides, ",")))
	if err != nil {
		t.Fatal(err)
	}
	if err := result.WriteText(os.Stdout); err != nil {
		t.Fatal(err)
	}
	writeJSON(t, result)
	if *strict && !result.Met() {
		t.Fatal("a floor is not met")
	}
}

func settings(t *testing.T, wanted []string) Settings {
	t.Helper()
	s := Settings{
		Binary: *binary, Bare: *bareBinary, Rounds: *rounds, Warmup: *warmup, Duration: *duration,
		Connections: *connections, AloneConnections: *aloneConns, Outstanding: *outstanding,
		Kills: *kills, KillConnections: *killConns, KillOutstanding: *killDepth,
		JavaHeap: *heap, Sides: installedSides(wanted),
		Say: func(line string) { fmt.Println(line) },
	}
	var err error
	if s.Dir, err = os.MkdirTemp(*dir, "zoo-figures-"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log("configurations, data and logs are left in", s.Dir)
			return
		}
		os.RemoveAll(s.Dir)
	})
	if s.Binary == "" {
		if s.Binary, err = ensemble.Build(t.Context(), s.Dir); err != nil {
			t.Fatal(err)
		}
	}
	if s.Bare == "" && slices.Contains(s.Sides, sideBare) {
		if s.Bare, err = buildBare(t.Context(), s.Dir); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// wholeSides are the sides whose servers do all that a server does.
func wholeSides() []string {
	wanted := strings.Split(*sides, ",")
	return slices.DeleteFunc(wanted, func(side string) bool { return side == sideBare })
}

// installedSides leaves Java out, loudly, where it is not installed: the figures of
// zoo alone are still worth having.
func installedSides(wanted []string) []string {
	err := ensemble.FindJava()
	if err == nil {
		return wanted
	}
	fmt.Printf("\n** LEFT OUT: Java's ZooKeeper: %v; install Debian's zookeeper\n\n", err)
	return slices.DeleteFunc(wanted, func(side string) bool { return side == sideJava })
}

func writeJSON(t *testing.T, result *Result) {
	t.Helper()
	if *jsonFile == "" {
		return
	}
	file, err := os.Create(*jsonFile)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := result.WriteJSON(file); err != nil {
		t.Fatal(err)
	}
}

// Twice the rate is met by exactly twice, and the worst start counts, not the
// typical one.
func TestFloorsAreJudgedByMediansAndByTheWorst(t *testing.T) {
	result := &Result{
		Settings: Settings{Connections: 60, Outstanding: 100},
		Samples: map[string]samples{
			sideJava: {writeRate: {90, 100, 500}, singleP50: {1, 2}, startTime: {2300}},
			sideZoo:  {writeRate: {200, 200, 10}, singleP50: {1.6}, startTime: {400, 1001}},
		},
	}
	verdicts := map[name]string{}
	for _, row := range result.rows() {
		verdicts[row.Name] = row.verdict()
	}
	want := map[name]string{writeRate: "met", singleP50: "NOT MET", startTime: "NOT MET",
		writeCPU: "", writeMemory: "", readRate: "", readCPU: "", singleP99: "", killGap: "",
		otherCPUs: "", aloneWriteRate: "", aloneWriteCPU: "", aloneReadRate: "", aloneReadCPU: "",
		singleP999: ""}
	for figure, verdict := range want {
		if verdicts[figure] != verdict {
			t.Errorf("%s: got %q, want %q", figure, verdicts[figure], verdict)
		}
	}
	if result.Met() {
		t.Error("all in all it counts as met")
	}
}

// Whoever compiles beside a measurement is told that it is worth nothing.
func TestNoiseIsConfessed(t *testing.T) {
	for cpus, want := range map[float64]bool{0.05: false, 1.2: true} {
		result := &Result{Samples: map[string]samples{sideZoo: {otherCPUs: {0.01, cpus}}}}
		var out strings.Builder
		if err := result.WriteText(&out); err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(out.String(), "compare nothing"); got != want {
			t.Errorf("with others using %g CPUs, confessed: %v", cpus, got)
		}
	}
}

// The table shows how far from Java's server and from the bare one zoo is; where the bare
// one has nothing to say it has a dash.
func TestBareStandsBesideTheOthers(t *testing.T) {
	result := &Result{
		Settings: Settings{Connections: 60, Outstanding: 100},
		Samples: map[string]samples{
			sideJava: {writeRate: {100}, killGap: {600}},
			sideZoo:  {writeRate: {400}, killGap: {30}},
			sideBare: {writeRate: {800}},
		},
	}
	var out strings.Builder
	if err := result.WriteText(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{" 100 400 800 4.00 0.50 ", " ms 600 30 - 0.05 - "} {
		if !strings.Contains(strings.Join(strings.Fields(out.String()), " "), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}

// A table of a run with one side still prints, with dashes for the other.
func TestTableOfOneSide(t *testing.T) {
	result := &Result{Samples: map[string]samples{sideJava: {killGap: {406, 645}}}}
	var out strings.Builder
	if err := result.WriteText(&out); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(out.String()) {
		if fields := strings.Fields(line); len(fields) > 4 && fields[0] == "leader" {
			got := strings.Join(fields[len(fields)-5:], " ")
			if got != "645 - - - -" {
				t.Errorf("the row ends %q", got)
			}
			return
		}
	}
	t.Errorf("no row for the leader in\n%s", out.String())
}
