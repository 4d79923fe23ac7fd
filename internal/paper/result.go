package paper

import (
	"cmp"
	"slices"
	"strconv"
)

// Experiment is one of the paper's.
type Experiment string

// The experiments.
const (
	Table1  Experiment = "table1"
	Figure5 Experiment = "figure5"
	Table2  Experiment = "table2"
	Figure8 Experiment = "figure8"
)

// Experiments are all of them, in the order of the paper.
var Experiments = []Experiment{Table1, Figure5, Table2, Figure8}

// Ensemble is whose results they are.
type Ensemble struct {
	// Side is what its servers are called, such as zoo; it may be empty.
	Side string
	// Servers is how many there are.
	Servers int
}

// String is such as zoo, 3 servers.
func (e Ensemble) String() string {
	text := strconv.Itoa(e.Servers) + " servers"
	if e.Side != "" {
		text = e.Side + ", " + text
	}
	return text
}

func (e Ensemble) compare(other Ensemble) int {
	return cmp.Or(cmp.Compare(e.Side, other.Side), cmp.Compare(e.Servers, other.Servers))
}

// Point is one measurement of steady load.
type Point struct {
	Ensemble
	Experiment Experiment
	// At is the share of reads in percent, or in Table 2 the number of workers.
	At int
	// Rate is operations that succeeded in a second, in Table 2 creates.
	Rate float64
	// P50 and P99 are latencies in milliseconds.
	P50, P99 float64
	// Failures were refused, or had no answer.
	Failures uint64
}

// Second is one of Figure 8.
type Second struct {
	Ensemble
	// At counts from 0, the start of the window; Ops succeeded in it.
	At  int
	Ops uint64
}

// Happening is an event of the plan as it came to pass.
type Happening struct {
	Ensemble
	// At is when it had been done, in seconds from the start of the window.
	At   float64
	Mark string
	Kind Kind
	// Server is whom it hit.
	Server string
	// Error is why it did not succeed, or empty.
	Error string
}

// Results are those of one ensemble or several.
type Results struct {
	Points     []Point
	Seconds    []Second
	Happenings []Happening
}

// Merge puts newer results in the place of those of the same ensemble and experiment.
func (r *Results) Merge(newer *Results) {
	r.Points = slices.DeleteFunc(r.Points, func(old Point) bool {
		return slices.ContainsFunc(newer.Points, func(p Point) bool {
			return p.Experiment == old.Experiment && p.Ensemble == old.Ensemble
		})
	})
	measured := func(e Ensemble) bool {
		return slices.ContainsFunc(newer.Seconds, func(s Second) bool { return s.Ensemble == e })
	}
	r.Seconds = slices.DeleteFunc(r.Seconds, func(s Second) bool { return measured(s.Ensemble) })
	r.Happenings = slices.DeleteFunc(r.Happenings, func(h Happening) bool {
		return measured(h.Ensemble)
	})
	r.Points = append(r.Points, newer.Points...)
	r.Seconds = append(r.Seconds, newer.Seconds...)
	r.Happenings = append(r.Happenings, newer.Happenings...)
	r.sort()
}

func (r *Results) sort() {
	slices.SortStableFunc(r.Points, func(a, b Point) int {
		return cmp.Or(cmp.Compare(slices.Index(Experiments, a.Experiment),
			slices.Index(Experiments, b.Experiment)), a.compare(b.Ensemble),
			cmp.Compare(a.At, b.At))
	})
	slices.SortStableFunc(r.Seconds, func(a, b Second) int {
		return cmp.Or(a.compare(b.Ensemble), cmp.Compare(a.At, b.At))
	})
	slices.SortStableFunc(r.Happenings, func(a, b Happening) int {
		return cmp.Or(a.compare(b.Ensemble), cmp.Compare(a.At, b.At))
	})
}

// of are the points of an experiment.
func (r *Results) of(e Experiment) (points []Point) {
	for _, p := range r.Points {
		if p.Experiment == e {
			points = append(points, p)
		}
	}
	return points
}

// ensembles are those of the points, and ats what they were measured at; each once, in order.
func ensembles(points []Point) (all []Ensemble) {
	for _, p := range points {
		if !slices.Contains(all, p.Ensemble) {
			all = append(all, p.Ensemble)
		}
	}
	return all
}

func ats(points []Point) (all []int) {
	for _, p := range points {
		all = append(all, p.At)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// through are the ensembles that have been through Figure 8.
func (r *Results) through() (all []Ensemble) {
	for _, s := range r.Seconds {
		if !slices.Contains(all, s.Ensemble) {
			all = append(all, s.Ensemble)
		}
	}
	return all
}
