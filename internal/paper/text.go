package paper

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"text/tabwriter"
)

var titles = map[Experiment]string{
	Table1:  "Table 1: operations a second at the extremes of a saturated ensemble",
	Figure5: "Figure 5: operations a second over the share of reads",
	Table2:  "Table 2: creates a second, each worker with one under way",
	Figure8: "Figure 8: operations a second through failures",
}

// WriteText writes the results for people.
func (r *Results) WriteText(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	gap := ""
	for _, e := range Experiments {
		if points := r.of(e); len(points) > 0 {
			fmt.Fprintf(t, "%s%s\n\n", gap, titles[e])
			writeGrid(t, e, points)
			gap = "\n"
		}
	}
	for _, e := range r.through() {
		fmt.Fprintf(t, "%s%s, %v\n\n", gap, titles[Figure8], e)
		r.writeThrough(t, e)
		gap = "\n"
	}
	return t.Flush()
}

// atOf names a point; Table 1 and Figure 5 count reads, Table 2 workers.
func atOf(e Experiment, at int) string {
	if e == Table2 && at == 1 {
		return "1 worker"
	}
	if e == Table2 {
		return fmt.Sprintf("%d workers", at)
	}
	return fmt.Sprintf("%d %% reads", at)
}

// writeGrid has a row for each point across and a column for each ensemble.
func writeGrid(w io.Writer, e Experiment, points []Point) {
	all := ensembles(points)
	fmt.Fprint(w, "\t")
	for _, ensemble := range all {
		fmt.Fprintf(w, "%v\t", ensemble)
	}
	fmt.Fprintln(w)
	var failures uint64
	for _, at := range ats(points) {
		fmt.Fprintf(w, "%s\t", atOf(e, at))
		for _, ensemble := range all {
			text := "-"
			for _, p := range points {
				if p.At == at && p.Ensemble == ensemble {
					text = fmt.Sprintf("%.0f", p.Rate)
					failures += p.Failures
				}
			}
			fmt.Fprintf(w, "%s\t", text)
		}
		fmt.Fprintln(w)
	}
	if failures > 0 {
		fmt.Fprintf(w, "\n%d requests failed\n", failures)
	}
}

// writeThrough has a row from each event to the next.
func (r *Results) writeThrough(w io.Writer, e Ensemble) {
	fmt.Fprintln(w, "s\tmark\tmean\tleast\t  what")
	at, mark, what := 0.0, "", "all serve"
	for _, h := range r.Happenings {
		if h.Ensemble != e {
			continue
		}
		r.writeStretch(w, e, stretch{at, h.At, mark, what})
		at, mark = h.At, h.Mark
		what = fmt.Sprintf("%s: %s", h.Kind, cmp.Or(h.Error, h.Server))
	}
	r.writeStretch(w, e, stretch{at, math.Inf(1), mark, what})
}

// stretch is the time between two events.
type stretch struct {
	from, until float64
	mark, what  string
}

// writeStretch tells of the seconds that begin in it.
func (r *Results) writeStretch(w io.Writer, e Ensemble, s stretch) {
	var sum, least, n uint64
	least = math.MaxUint64
	for _, second := range r.Seconds {
		at := float64(second.At)
		if second.Ensemble == e && at >= math.Floor(s.from) && at < math.Floor(s.until) {
			sum, least, n = sum+second.Ops, min(least, second.Ops), n+1
		}
	}
	if n == 0 {
		fmt.Fprintf(w, "%.1f\t%s\t-\t-\t  %s\n", s.from, s.mark, s.what)
		return
	}
	fmt.Fprintf(w, "%.1f\t%s\t%d\t%d\t  %s\n", s.from, s.mark, sum/n, least, s.what)
}
