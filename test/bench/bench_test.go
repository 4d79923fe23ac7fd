package bench

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"zoo/test/ensemble"
)

// The flags of make bench; each is also one of go test ./test/bench.
var (
	rounds      = flag.Int("rounds", 2, "rounds, in which the sides take turns")
	duration    = flag.Duration("duration", 6*time.Second, "time that each load is measured")
	warmup      = flag.Duration("warmup", 3*time.Second, "time before it")
	connections = flag.Int("connections", 60, "connections of the saturating loads")
	aloneConns  = flag.Int("alone-connections", 50, "the same on one server")
	outstanding = flag.Int("outstanding", 100, "requests in flight on each of them")
	kills       = flag.Int("kills", 2, "kills of the leader in each round")
	killConns   = flag.Int("kill-connections", 60, "connections while the leader is killed")
	killDepth   = flag.Int("kill-outstanding", 1, "requests in flight on each of them")
	creates     = flag.Int("creates", 300_000, "znodes of the load that only creates")
	names       = flag.Int("names", 10_000, "children that are listed")
	watchers    = flag.Int("watchers", 6_000, "watchers of one znode")
	idle        = flag.Int("idle", 15_000, "sessions that do nothing")
	znodes      = flag.Int("znodes", 1_000_000, "znodes of a large tree")
	recoveries  = flag.Int("recoveries", 3, "kills of its server")
	hour        = flag.Duration("hour", time.Hour, "time of the long load")
	heap        = flag.String("java-heap", "1g", "-Xmx of Java's servers")
	sides       = flag.String("sides", "java,zoo,bare", "sides to measure")
	rows        = flag.String("rows", "", "`regexp` of the names of rows to measure; empty is all")
	dir         = flag.String("dir", "", "where the data goes; on a disk, not in memory")
	binary      = flag.String("binary", "", "zoo program to measure; empty builds one")
	bareBinary  = flag.String("bare", "", "program of test/bench/floor; empty builds one")
	write       = flag.Bool("write", false, "write what is committed of the results")
	strict      = flag.Bool("strict", false, "fail when a goal is not met")
)

// Where the results are, seen from here.
const (
	recordFile   = "results/latest.json"
	markdownFile = "../../docs/benchmarks.md"
)

// The whole table takes minutes and the machine for itself, so make test leaves it
// out and make bench asks for it.
func TestFiguresBesideJava(t *testing.T) {
	measureAndReport(t, "make bench", plays, *rounds)
}

// An hour of writes and reads on a large tree, for make bench-hour: what happens seldom.
func TestAnHourOfWrites(t *testing.T) {
	if os.Getenv("ZOO_BENCH") != "hour" {
		t.Skip("make bench-hour measures; ZOO_BENCH is not hour")
	}
	measureAndReport(t, "make bench-hour", hourPlays, 1)
}

func measureAndReport(t *testing.T, command string, plays []play, rounds int) {
	t.Helper()
	if os.Getenv("ZOO_BENCH") == "" {
		t.Skip(command + " measures; ZOO_BENCH is not set")
	}
	s := settings(t, strings.Split(*sides, ","))
	s.Rounds = rounds
	result, failed := Measure(t.Context(), s, plays)
	if result == nil {
		t.Fatal(failed)
	}
	earlier, err := ReadRecord(recordFile)
	if err != nil {
		t.Fatal(err)
	}
	run := result.run(t, command)
	if err := result.WriteText(os.Stdout, run.Machine, earlier); err != nil {
		t.Fatal(err)
	}
	if *write {
		writeRecord(t, earlier.with(run))
	}
	if failed != nil {
		t.Fatalf("not all was measured: %v", failed)
	}
	if *strict && !result.Met() {
		t.Fatal("a goal is not met")
	}
}

// run is the result with what is known about it.
func (r *Result) run(t *testing.T, command string) Run {
	t.Helper()
	s := r.Settings
	return Run{
		Date: time.Now().UTC().Truncate(time.Second), Command: command + flagsGiven(),
		Machine: thisMachine(r.Disk), Disk: r.Disk,
		Zoo: revision(t), Java: r.Versions[sideJava], Go: runtime.Version(),
		Rounds: s.Rounds, Warmup: s.Warmup.String(), Duration: s.Duration.String(),
		Others: r.loudest(), Quiet: r.quiet(), Rows: r.rows(),
	}
}

// flagsGiven are our own flags of the command line, as make takes them, without the paths
// of one machine.
func flagsGiven() string {
	var given []string
	paths := []string{"dir", "binary", "bare"}
	flag.Visit(func(f *flag.Flag) {
		switch {
		case strings.HasPrefix(f.Name, "test.") || slices.Contains(paths, f.Name):
		case f.Name == "rows":
			given = append(given, fmt.Sprintf("-rows %q", f.Value.String()))
		case f.Value.String() == "true":
			given = append(given, "-"+f.Name)
		default:
			given = append(given, "-"+f.Name+" "+f.Value.String())
		}
	})
	if len(given) == 0 {
		return ""
	}
	return " BENCH='" + strings.Join(given, " ") + "'"
}

// revision is what is measured, if git knows it.
func revision(t *testing.T) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "git", "describe", "--tags", "--always",
		"--dirty").Output()
	if err != nil {
		return "of no known revision"
	}
	return strings.TrimSpace(string(out))
}

// writeRecord writes what is committed.
func writeRecord(t *testing.T, rec Record) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(recordFile), 0o755); err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	err := errors.Join(rec.write(recordFile), writePage(&text, rec),
		os.WriteFile(markdownFile, []byte(text.String()), 0o600))
	if err != nil {
		t.Fatal(err)
	}
}

func settings(t *testing.T, wanted []string) Settings {
	t.Helper()
	s := Settings{
		Binary: *binary, Bare: *bareBinary, Rounds: *rounds, Warmup: *warmup, Duration: *duration,
		Connections: *connections, AloneConnections: *aloneConns, Outstanding: *outstanding,
		Kills: *kills, KillConnections: *killConns, KillOutstanding: *killDepth,
		Creates: *creates, Names: *names, Watchers: *watchers, Idle: *idle, Znodes: *znodes,
		Recoveries: *recoveries, Hour: *hour, JavaHeap: *heap, Sides: installedSides(wanted),
		Live: Live{Znodes: *znodes, Connections: *liveConns, Outstanding: *liveDepth,
			Warmup: *liveWarmup, Duration: *liveDuration},
		Say: func(line string) { fmt.Println(line) },
	}
	var err error
	if *rows != "" {
		if s.Rows, err = regexp.Compile(*rows); err != nil {
			t.Fatal(err)
		}
	}
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
