package bench

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// Result is the outcome of a run.
type Result struct {
	Settings Settings
	Disk     Disk
	// Samples are those of each side.
	Samples map[string]samples
	// Versions are what the servers of each side call themselves.
	Versions map[string]string
}

// row is a figure with its values. A side that was not measured has none.
type row struct {
	Name    name      `json:"name"`
	Title   string    `json:"title"`
	Unit    string    `json:"unit"`
	Digits  int       `json:"digits"`
	Better  direction `json:"better"`
	Java    *float64  `json:"java,omitempty"`
	Zoo     *float64  `json:"zoo,omitempty"`
	Bare    *float64  `json:"bare,omitempty"`
	Goal    string    `json:"goal,omitempty"`
	Met     *bool     `json:"met,omitempty"`
	JavaAll []float64 `json:"java_samples,omitempty"`
	ZooAll  []float64 `json:"zoo_samples,omitempty"`
	BareAll []float64 `json:"bare_samples,omitempty"`
}

// titles are what stands in the titles of figures.
func (s *Settings) titles() *strings.Replacer {
	load := func(connections int) string {
		return fmt.Sprintf("%d x %d", connections, s.Outstanding)
	}
	return strings.NewReplacer("%s", load(s.Connections), "%a", load(s.AloneConnections),
		"%c", thousands(s.Creates), "%n", thousands(s.Names), "%w", thousands(s.Watchers),
		"%i", thousands(s.Idle), "%z", thousands(s.Znodes), "%h", hours(s.Hour))
}

// thousands groups the digits of a number.
func thousands(n int) string {
	text := strconv.Itoa(n)
	for at := len(text) - 3; at > 0; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}

func hours(d time.Duration) string {
	if d == time.Hour {
		return "an hour"
	}
	return d.String()
}

// rows are the figures that any side has.
func (r *Result) rows() []row {
	titles := r.Settings.titles()
	var rows []row
	for _, f := range figures {
		out := row{
			Name: f.name, Title: titles.Replace(f.title), Unit: f.unit, Digits: f.digits,
			Better: f.better, Goal: f.asked(),
			JavaAll: r.Samples[sideJava][f.name], ZooAll: r.Samples[sideZoo][f.name],
			BareAll: r.Samples[sideBare][f.name],
		}
		out.Java, out.Zoo = chosen(f, out.JavaAll), chosen(f, out.ZooAll)
		out.Bare = chosen(f, out.BareAll)
		if met, known := f.judge(out.Java, out.Zoo); known {
			out.Met = &met
		}
		if out.Java != nil || out.Zoo != nil || out.Bare != nil {
			rows = append(rows, out)
		}
	}
	return rows
}

func chosen(f figure, values []float64) *float64 {
	if len(values) == 0 {
		return nil
	}
	value := f.choose(values)
	return &value
}

// Met tells whether every goal that could be judged was met.
func (r *Result) Met() bool {
	for _, row := range r.rows() {
		if row.Met != nil && !*row.Met {
			return false
		}
	}
	return true
}

// noiseMax is what others may use, in CPUs, without spoiling a measurement.
const noiseMax = 0.15

// loudest is what others have used at most, in CPUs, as far as known.
func (r *Result) loudest() (cpus float64) {
	for _, side := range r.Samples {
		for _, used := range side[otherCPUs] {
			cpus = max(cpus, used)
		}
	}
	return cpus
}

// quiet tells whether all sides had the machine for themselves.
func (r *Result) quiet() bool { return r.loudest() <= noiseMax }

// WriteText writes the table for people, beside the results of earlier runs.
func (r *Result) WriteText(w io.Writer, machine Machine, earlier Record) error {
	s := r.Settings
	fmt.Fprintf(w, "\n%s\n%v\n%d rounds of %v each after %v; values of %d bytes unless said\n\n",
		r.Disk, machine, s.Rounds, s.Duration, s.Warmup, valueBytes)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "WORK\tUNIT\tJAVA\tZOO\tBARE\tZOO/JAVA\tZOO/BARE\tGOAL\t\tZOO SINCE\t")
	elsewhere := false
	for _, row := range r.rows() {
		change, comparable := earlier.change(row, machine)
		elsewhere = elsewhere || !comparable
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n", row.Title, row.Unit,
			row.number(row.Java), row.number(row.Zoo), row.number(row.Bare),
			row.ratio(row.Java), row.ratio(row.Bare), row.Goal, row.verdict(), change)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(w, "\nZOO SINCE is the change against the committed results, if they are of "+
		"the same machine.\nWithin %d %% it is noise.\n", noisePercent)
	if elsewhere {
		fmt.Fprintln(w, "Some of them are of another machine.")
	}
	if !r.quiet() {
		fmt.Fprintln(w, "The machine was busy with other things: these figures compare nothing.")
	}
	return nil
}

func (r *row) number(value *float64) string {
	if value == nil {
		return "-"
	}
	return fmt.Sprintf("%.*f", r.Digits, *value)
}

// ratio is zoo's value to that of another side.
func (r *row) ratio(other *float64) string {
	if other == nil || r.Zoo == nil || *other == 0 {
		return "-"
	}
	ratio := *r.Zoo / *other
	if ratio < 0.1 {
		return fmt.Sprintf("%.3f", ratio)
	}
	return fmt.Sprintf("%.2f", ratio)
}

func (r *row) verdict() string {
	switch {
	case r.Met == nil:
		return ""
	case *r.Met:
		return "met"
	}
	return "NOT MET"
}
