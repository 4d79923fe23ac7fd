package curves

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"zoo/test/ensemble"
)

// The flags of make curves; each is also one of go test ./test/bench/curves.
var (
	chosen   = flag.String("curves", "", "curves to measure, by name; empty is all")
	points   = flag.String("points", "", "points of each of them; empty is its own")
	wide     = flag.Bool("wide", false, "also measure the points that take minutes")
	sides    = flag.String("sides", sideZoo, "sides to measure: zoo, java")
	duration = flag.Duration("duration", 3*time.Second, "time that each load is measured")
	dir      = flag.String("dir", "", "where the data goes; on a disk, not in memory")
	program  = flag.String("binary", "", "zoo program to measure; empty builds one")
	write    = flag.Bool("write", false, "write the page and the plots anew")
)

// All curves take half an hour and the machine for themselves, so make test leaves them out
// and make curves asks for them. A point that cannot be measured costs only itself.
func TestCurvesAreMeasured(t *testing.T) {
	if os.Getenv("ZOO_CURVES") == "" {
		t.Skip("make curves measures; ZOO_CURVES is not set")
	}
	if *program == "" {
		built, err := ensemble.Build(t.Context(), t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		*program = built
	}
	for i := range curves {
		c := &curves[i]
		if *chosen != "" && !slices.Contains(strings.Split(*chosen, ","), c.name) {
			continue
		}
		t.Run(c.name, func(t *testing.T) { measureCurve(t, c) })
	}
}

func measureCurve(t *testing.T, c *curve) {
	t.Helper()
	table, err := c.read()
	if err != nil {
		t.Fatal(err)
	}
	for _, side := range strings.Split(*sides, ",") {
		if side == sideJava {
			ensemble.LeaveOut(t, "Java's ZooKeeper", ensemble.FindJava())
		}
		for _, at := range wantedPoints(t, c) {
			begun := time.Now()
			got, err := measurePoint(t, c, side, at)
			if err != nil {
				t.Errorf("%s, %s at %d: %v", c.name, side, at, err)
				continue
			}
			r := row{side, at, got}
			table.put(r)
			if err := table.write(); err != nil {
				t.Fatal(err)
			}
			t.Logf("%s %d: %s (%v)", side, at, inWords(c, r), time.Since(begun).Round(time.Second))
		}
	}
}

func inWords(c *curve, r row) string {
	var texts []string
	for _, column := range c.columns() {
		texts = append(texts, column+" "+r.text(column))
	}
	return strings.Join(texts, ", ")
}

func wantedPoints(t *testing.T, c *curve) []int {
	t.Helper()
	if *points == "" && *wide {
		return append(slices.Clone(c.points), c.wide...)
	}
	if *points == "" {
		return c.points
	}
	var wanted []int
	for text := range strings.SplitSeq(*points, ",") {
		at, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		wanted = append(wanted, at)
	}
	return wanted
}

func measurePoint(t *testing.T, c *curve, side string, at int) (got figures, err error) {
	t.Helper()
	limit := pointLimit
	if slices.Contains(c.wide, at) {
		limit = widePointLimit
	}
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	s := &spot{at: at, side: side, binary: *program, duration: *duration}
	if s.dir, err = os.MkdirTemp(*dir, "zoo-curve-"); err != nil {
		return nil, err
	}
	quiet, unheard := listen()
	got, err = c.measure(ctx, s)
	if err := errors.Join(err, s.close()); err != nil {
		return nil, err
	}
	if unheard == nil {
		got[otherCPUs], err = quiet.heard()
	}
	return got, err
}

// What this process does itself is no noise, and what nobody has measured is none.
func TestNoiseIsWhatOthersUse(t *testing.T) {
	n, err := listen()
	if errors.Is(err, errors.ErrUnsupported) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if cpus, err := n.heard(); err != nil || cpus < 0 {
		t.Errorf("%v CPUs (%v)", cpus, err)
	}
	n = &noise{begun: time.Now().Add(-time.Second)}
	now, err := listen()
	if err != nil {
		t.Fatal(err)
	}
	n.busy, n.own = now.busy-2*time.Second, now.own
	if cpus, err := n.heard(); err != nil || cpus < 1.5 || cpus > 4 {
		t.Errorf("of 2 s in one of 1 s it heard %v (%v)", cpus, err)
	}
}

// The page and the plots are what the tables and the words make. With -write they are
// written anew.
func TestPageIsWhatTablesAndWordsMake(t *testing.T) {
	text, err := written(curves)
	if err != nil {
		t.Fatal(err)
	}
	same(t, page, []byte(text))
	for i := range curves {
		table, err := curves[i].read()
		if err != nil {
			t.Fatal(err)
		}
		if len(table.rows) == 0 {
			t.Errorf("%s was never measured", curves[i].name)
			continue
		}
		same(t, curves[i].tableFile(), table.encode())
		same(t, curves[i].plotFile(), table.plot())
	}
}

func same(t *testing.T, name string, want []byte) {
	t.Helper()
	if *write {
		if err := os.WriteFile(name, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what it is made of; -run Page -write mends that", name)
	}
}

// Every column has a panel and every curve its own files, so nothing is overwritten.
func TestCurvesHaveNamesOfTheirOwn(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range curves {
		if seen[c.name] || c.measure == nil || len(c.points) == 0 {
			t.Errorf("%q is there twice, or measures nothing", c.name)
		}
		seen[c.name] = true
		columns := slices.Sorted(slices.Values(c.columns()))
		if len(slices.Compact(columns)) != len(c.columns()) {
			t.Errorf("%s has a column twice", c.name)
		}
	}
}

var sample = &curve{name: "sample", title: "A <sample>", across: "things",
	panels: []panel{{"rate", []string{"a", "b"}}, {"cost", []string{"c"}}}}

// A run that measures one point leaves the others as they were, and what one side cannot
// give stays empty.
func TestAPointReplacesOnlyItself(t *testing.T) {
	text := "side,sample,a,gone,c\nzoo,1,10,7,0.5\nzoo,100,20,7,\njava,1,5,7,3\n"
	table, err := parseTable(sample, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	table.put(row{sideZoo, 100, figures{"a": 123456.7, "b": 0.0123456, "c": 0}})
	table.put(row{sideZoo, 10, figures{"a": 12.34}})
	want := "side,sample,a,b,c,other_cpus\nzoo,1,10,,0.5,\nzoo,10,12.3,,,\n" +
		"zoo,100,123457,0.0123,0,\njava,1,5,,3,\n"
	if got := string(table.encode()); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	again, err := parseTable(sample, table.encode())
	if err != nil || string(again.encode()) != want {
		t.Errorf("read back it is not the same (%v)", err)
	}
}

// A table with a word for a figure is refused, not taken for one with a gap.
func TestABadTableIsRefused(t *testing.T) {
	for _, text := range []string{"side,sample,a\nzoo,many,1\n", "side,sample,a\nzoo,1,much\n",
		"side,sample,a\nzoo,1\n"} {
		if _, err := parseTable(sample, []byte(text)); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}

// A plot is well-formed, has a line for each column that has points, and no values that are
// no numbers, whatever is missing.
func TestAPlotIsWellFormed(t *testing.T) {
	for _, text := range []string{"side,sample,a,b,c\nzoo,0,1,0,5\nzoo,10,20,30,\nzoo,20,1,2,\n",
		"side,sample,a,b,c\nzoo,1,,,\n", "", "side,sample,a\nzoo,1,2\njava,1,3\njava,9,4\n"} {
		table, err := parseTable(sample, []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		drawn := string(table.plot())
		if strings.Contains(drawn, "NaN") || strings.Contains(drawn, "Inf") {
			t.Errorf("no number in the plot of %q", text)
		}
		decoder := xml.NewDecoder(strings.NewReader(drawn))
		for err == nil {
			_, err = decoder.Token()
		}
		if !errors.Is(err, io.EOF) {
			t.Errorf("the plot of %q: %v", text, err)
		}
	}
}
