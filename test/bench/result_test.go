package bench

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// Five times the rate is met by exactly five times, and the worst start counts, not the
// typical one. Without Java only what needs none of it is judged.
func TestGoalsAreJudgedByMediansAndByTheWorst(t *testing.T) {
	result := &Result{Samples: map[string]samples{
		sideJava: {writeRate: {90, 100, 500}, thirtyP99: {3}, startTime: {2300}},
		sideZoo: {writeRate: {500, 500, 10}, thirtyP99: {1.1}, startTime: {100, 151},
			aloneWriteCPU: {5}, aloneWriteRate: {7}, writeMemory: {3}, snapshotSlowest: {84}},
	}}
	want := map[name]string{writeRate: "met", thirtyP99: "NOT MET", startTime: "NOT MET",
		aloneWriteCPU: "met", aloneWriteRate: "", writeMemory: "", snapshotSlowest: "NOT MET"}
	for _, row := range result.rows() {
		if row.verdict() != want[row.Name] {
			t.Errorf("%s: got %q, want %q", row.Name, row.verdict(), want[row.Name])
		}
		delete(want, row.Name)
	}
	if len(want) > 0 || result.Met() {
		t.Errorf("not judged: %v; met all in all: %v", want, result.Met())
	}
}

// The words of a goal are made of it.
func TestGoalsAreToldInWords(t *testing.T) {
	want := map[name]string{writeRate: "5 x Java", thirtyRate: "2.5 x Java",
		thirtyP99: "1/3 of Java", aloneWriteCPU: "at most 5 us/op",
		snapshotSlowest: "at least 85 %", writeMemory: ""}
	for _, f := range figures {
		if words, asked := want[f.name]; asked && f.asked() != words {
			t.Errorf("%s asks %q, not %q", f.name, f.asked(), words)
		}
	}
}

// Every figure is given by some step, and every step gives figures that have a row.
func TestEveryRowIsMeasuredSomewhere(t *testing.T) {
	given := map[name]bool{otherCPUs: true}
	for _, p := range slices.Concat(plays, hourPlays) {
		for _, s := range p.steps {
			for _, row := range s.rows {
				given[row] = true
			}
		}
	}
	for _, f := range figures {
		if !given[f.name] {
			t.Errorf("nobody measures %s", f.name)
		}
		delete(given, f.name)
	}
	if len(given) > 0 {
		t.Errorf("these have no row: %v", given)
	}
}

// A run of one row starts only the servers that give it, on the sides that have it.
func TestRowsAreChosen(t *testing.T) {
	for _, plot := range []struct {
		rows, side string
		round      int
		steps      []int
	}{
		{"", sideJava, 0, []int{3, 2, 12, 2, 2, 2, 0}},
		{"", sideZoo, 1, []int{3, 2, 13, 2, 0, 0, 0}},
		{"", sideBare, 0, []int{3, 0, 7, 2, 0, 0, 0}},
		{"^watch_rate$", sideZoo, 0, []int{0, 0, 2, 0, 0, 0, 0}},
		{"^watch_rate$", sideBare, 0, []int{0, 0, 0, 0, 0, 0, 0}},
		{"^start$", sideZoo, 0, []int{0, 0, 1, 1, 0, 0, 0}},
		{"^snapshot", sideZoo, 0, []int{0, 0, 0, 0, 0, 0, 1}},
	} {
		l := newLab(Settings{})
		if plot.rows != "" {
			l.Rows = regexp.MustCompile(plot.rows)
		}
		var steps []int
		for _, p := range plays {
			steps = append(steps, len(p.wanted(l, plot.side, plot.round)))
		}
		if !slices.Equal(steps, plot.steps) {
			t.Errorf("%q, %s, round %d: %v steps, want %v", plot.rows, plot.side, plot.round,
				steps, plot.steps)
		}
	}
}

// Whoever compiles beside a measurement is told that it is worth nothing.
func TestNoiseIsConfessed(t *testing.T) {
	for cpus, want := range map[float64]bool{0.05: false, 1.2: true} {
		result := &Result{Samples: map[string]samples{sideZoo: {otherCPUs: {0.01, cpus}}}}
		if got := strings.Contains(textOf(t, result, Record{}), "compare nothing"); got != want {
			t.Errorf("with others using %g CPUs, confessed: %v", cpus, got)
		}
	}
}

// The table shows how far from Java's server and from the bare one zoo is; where one has
// nothing to say it has a dash.
func TestSidesStandBesideEachOther(t *testing.T) {
	result := &Result{Samples: map[string]samples{
		sideJava: {writeRate: {100}, killGap: {600}, aloneStartTime: {406, 645}},
		sideZoo:  {writeRate: {400}, killGap: {30}},
		sideBare: {writeRate: {800}},
	}}
	text := textOf(t, result, Record{})
	for _, want := range []string{" 100 400 800 4.00 0.50 5 x Java NOT MET - ",
		" ms 600 30 - 0.050 - at most 50 ms met - ", " ms 645 - - - - at most 50 ms - "} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if strings.Contains(text, "getData") {
		t.Errorf("a row that nobody measured:\n%s", text)
	}
}

// textOf is the table with single spaces.
func textOf(t *testing.T, r *Result, earlier Record) string {
	t.Helper()
	var out strings.Builder
	if err := r.WriteText(&out, Machine{CPU: "fast"}, earlier); err != nil {
		t.Fatal(err)
	}
	return strings.Join(strings.Fields(out.String()), " ")
}

func value(v float64) *float64 { return &v }

// A change counts as one beyond noise, and its sign alone does not tell whether it is good.
func TestChangesAreTold(t *testing.T) {
	old := func(figure name, machine string, v float64) Record {
		return Record{Runs: []Run{{Machine: Machine{CPU: machine},
			Rows: []row{{Name: figure, Title: "t", Zoo: value(v)}}}}}
	}
	for _, plot := range []struct {
		earlier Record
		better  direction
		now     float64
		want    string
	}{
		{old(writeRate, "fast", 100), more, 105, "+5 %"},
		{old(writeRate, "fast", 100), more, 150, "+50 % better"},
		{old(writeRate, "fast", 100), more, 80, "-20 % WORSE"},
		{old(writeRate, "fast", 100), less, 150, "+50 % WORSE"},
		{old(writeRate, "fast", 100), less, 50, "-50 % better"},
		{old(writeRate, "slow", 100), more, 150, "-"},
		{old(readRate, "fast", 100), more, 150, "-"},
		{Record{}, more, 150, "-"},
	} {
		now := row{Name: writeRate, Title: "t", Better: plot.better, Zoo: value(plot.now)}
		got, comparable := plot.earlier.change(now, Machine{CPU: "fast"})
		another := len(plot.earlier.Runs) > 0 && plot.earlier.Runs[0].Machine.CPU == "slow"
		if got != plot.want || comparable == another {
			t.Errorf("%+v: %q, comparable %v", plot, got, comparable)
		}
	}
	other := row{Name: writeRate, Title: "another work", Zoo: value(1)}
	if got, _ := old(writeRate, "fast", 2).change(other, Machine{CPU: "fast"}); got != "-" {
		t.Errorf("another work was compared: %q", got)
	}
}

// A run of a few rows takes them over from the run before, which keeps the others; a run
// whose rows are all measured anew is gone.
func TestRecordsKeepTheNewestOfEachRow(t *testing.T) {
	run := func(zoo string, names ...name) Run {
		r := Run{Zoo: zoo}
		for _, n := range names {
			r.Rows = append(r.Rows, row{Name: n})
		}
		return r
	}
	rec := Record{}.with(run("1", writeRate, readRate, otherCPUs)).with(run("2", hourPause)).
		with(run("3", writeRate, hourPause))
	var got []string
	for _, r := range rec.Runs {
		for _, row := range r.Rows {
			got = append(got, r.Zoo+" "+string(row.Name))
		}
	}
	want := []string{"3 write_rate", "3 hour_pause", "1 read_rate", "1 others"}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if rec = rec.with(run("4", readRate)); len(rec.Runs) != 2 {
		t.Errorf("%d runs, though the first has no rows any more", len(rec.Runs))
	}
}

// exampleRecord is a small one with all that a record has.
func exampleRecord() Record {
	result := &Result{
		Settings: Settings{Connections: 60, Outstanding: 100, Watchers: 6000, Rounds: 2},
		Samples: map[string]samples{
			sideJava: {writeRate: {100}, watchersLast: {126}},
			sideZoo:  {writeRate: {480, 520}, watchersLast: {50}, otherCPUs: {0.02}},
			sideBare: {writeRate: {1000}},
		},
	}
	return Record{Runs: []Run{
		{Date: time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC), Command: "make bench",
			Machine: Machine{CPU: "fast", CPUs: 2, System: "linux/amd64", FileSystem: "ext4"},
			Disk:    Disk{FileSystem: "ext4", SyncP50: 0.1, SyncMax: 3}, Zoo: "v2", Java: "3.9.5",
			Go: "go1.26", Rounds: 2, Warmup: "3s", Duration: "6s", Others: 0.02, Quiet: true,
			Rows: result.rows()},
		{Date: time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC), Command: "make bench-hour",
			Others: 1,
			Rows: []row{{Name: hourPause, Title: "an hour", Unit: "ms", Zoo: value(7)},
				{Name: otherCPUs, Zoo: value(1)}}},
		{Date: time.Date(2026, 10, 1, 12, 0, 0, 0, time.UTC), Command: "make bench", Quiet: true,
			Rows: []row{{Name: startTime, Unit: "ms", Zoo: value(7)}}},
	}}
}

// What is written is read again.
func TestRecordsAreKept(t *testing.T) {
	file := filepath.Join(t.TempDir(), "latest.json")
	if rec, err := ReadRecord(file); err != nil || len(rec.Runs) > 0 {
		t.Fatalf("without a file: %v, %v", rec, err)
	}
	rec := exampleRecord()
	if err := rec.write(file); err != nil {
		t.Fatal(err)
	}
	got, err := ReadRecord(file)
	if err != nil || !reflect.DeepEqual(got, rec) {
		t.Errorf("%v\ngot  %+v\nwant %+v", err, got, rec)
	}
	if err := os.WriteFile(file, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadRecord(file); err == nil {
		t.Error("half a file was read")
	}
}

// The page shows each run with its command, its rows, and how far it can be trusted.
func TestThePageShowsTheRuns(t *testing.T) {
	var page strings.Builder
	if err := exampleRecord().WriteMarkdown(&page); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"## The newest run, 30 November 2026\n\n    make bench\n\n- zoo v2, built with go1.26; ",
		"2 CPUs shared with the load (fast), linux/amd64\n",
		"| setData, 60 x 100, rate | /s | 100 | 500 | 1000 | 5.00 | 0.50 | 5 x Java | met | 8 % |",
		"| 6,000 watchers of one znode, a change: last told | ms | 126.0 | 50.0 | - | 0.40 | - " +
			"| at most 40 ms | **not met** | - |\n",
		"- other processes used at most 0.02 CPUs meanwhile\n",
		"## Measured earlier, 1 November 2026\n\n    make bench-hour\n",
		"**other processes used up to 1.00 CPUs",
		"- what other processes used meanwhile was not measured\n",
	} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("no %q in\n%s", want, page.String())
		}
	}
}

// docs/benchmarks.md is what the committed results say, and nobody's wish.
func TestThePageIsThatOfTheCommittedResults(t *testing.T) {
	page, err := os.ReadFile(markdownFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	rec, err := ReadRecord(recordFile)
	if err != nil {
		t.Fatal(err)
	}
	var want strings.Builder
	if len(rec.Runs) > 0 {
		if err := writePage(&want, rec); err != nil {
			t.Fatal(err)
		}
	}
	if string(page) != want.String() {
		t.Error("docs/benchmarks.md is not that of test/bench/results/latest.json: " +
			"make bench BENCH=-write writes both")
	}
}

// Only the version counts, not when it was built.
func TestVersionsAreReadFromSrvr(t *testing.T) {
	answer := "Zookeeper version: 3.9.5-abc, built on 2026-01-01 00:00 UTC\nLatency min/avg"
	for _, answer := range []string{answer, "Zookeeper version: 3.9.5, built", "3.9.5"} {
		if got := versionOf(answer); got != "3.9.5" {
			t.Errorf("%q: got %q", answer, got)
		}
	}
}
