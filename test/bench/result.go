package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"strings"
	"text/tabwriter"
)

// Result is the outcome of a run.
type Result struct {
	Settings Settings
	Disk     Disk
	// Samples are those of each side.
	Samples map[string]samples
}

// row is a figure with its values. A side that was not measured has none.
type row struct {
	Name    name      `json:"name"`
	Title   string    `json:"title"`
	Unit    string    `json:"unit"`
	Java    *float64  `json:"java,omitempty"`
	Zoo     *float64  `json:"zoo,omitempty"`
	Bare    *float64  `json:"bare,omitempty"`
	Floor   string    `json:"floor,omitempty"`
	Met     *bool     `json:"met,omitempty"`
	JavaAll []float64 `json:"java_samples,omitempty"`
	ZooAll  []float64 `json:"zoo_samples,omitempty"`
	BareAll []float64 `json:"bare_samples,omitempty"`

	digits int
}

func (r *Result) rows() []row {
	load := fmt.Sprintf("%d x %d", r.Settings.Connections, r.Settings.Outstanding)
	alone := fmt.Sprintf("%d x %d", r.Settings.AloneConnections, r.Settings.Outstanding)
	titles := strings.NewReplacer("%s", load, "%a", alone)
	var rows []row
	for _, f := range figures {
		out := row{
			Name: f.name, Title: titles.Replace(f.title), Unit: f.unit,
			JavaAll: r.Samples[sideJava][f.name], ZooAll: r.Samples[sideZoo][f.name],
			BareAll: r.Samples[sideBare][f.name], digits: f.digits,
		}
		out.Java, out.Zoo = chosen(f, out.JavaAll), chosen(f, out.ZooAll)
		out.Bare = chosen(f, out.BareAll)
		if f.floor != nil && out.Java != nil && out.Zoo != nil {
			met, asked := f.floor(*out.Java, *out.Zoo)
			out.Met, out.Floor = &met, asked
		}
		rows = append(rows, out)
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

// Met tells whether every floor that could be judged was met.
func (r *Result) Met() bool {
	for _, row := range r.rows() {
		if row.Met != nil && !*row.Met {
			return false
		}
	}
	return true
}

// WriteText writes the table for people.
func (r *Result) WriteText(w io.Writer) error {
	s := r.Settings
	fmt.Fprintf(w, "\n%s\n%d CPUs shared with the load; %d rounds of %v each after %v; "+
		"values of %d bytes\n\n",
		r.Disk, runtime.NumCPU(), s.Rounds, s.Duration, s.Warmup, valueBytes)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "WORK\tUNIT\tJAVA\tZOO\tBARE\tZOO/JAVA\tZOO/BARE\tFLOOR\t")
	for _, row := range r.rows() {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", row.Title, row.Unit,
			row.number(row.Java), row.number(row.Zoo), row.number(row.Bare),
			row.ratio(row.Java), row.ratio(row.Bare), row.Floor, row.verdict())
	}
	if err := t.Flush(); err != nil || r.quiet() {
		return err
	}
	_, err := fmt.Fprintln(w,
		"\nThe machine was busy with other things: these figures compare nothing.")
	return err
}

// noiseMax is what others may use, in CPUs, without spoiling a measurement.
const noiseMax = 0.15

// quiet tells whether all sides had the machine for themselves, as far as known.
func (r *Result) quiet() bool {
	for _, side := range r.Samples {
		for _, cpus := range side[otherCPUs] {
			if cpus > noiseMax {
				return false
			}
		}
	}
	return true
}

func (r *row) number(value *float64) string {
	if value == nil {
		return "-"
	}
	return fmt.Sprintf("%.*f", r.digits, *value)
}

// ratio is zoo's value to that of another side.
func (r *row) ratio(other *float64) string {
	if other == nil || r.Zoo == nil || *other == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", *r.Zoo / *other)
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

// WriteJSON writes the same with every sample.
func (r *Result) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(struct {
		Disk    Disk  `json:"disk"`
		CPUs    int   `json:"cpus"`
		Rounds  int   `json:"rounds"`
		Quiet   bool  `json:"quiet"`
		Figures []row `json:"figures"`
	}{r.Disk, runtime.NumCPU(), r.Settings.Rounds, r.quiet(), r.rows()})
}
