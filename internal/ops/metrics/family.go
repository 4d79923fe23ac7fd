package metrics

import (
	"math"
	"slices"
)

// Family is one metric with all that it has to show, for who wants it in parts rather than
// in ZooKeeper's lines.
type Family struct {
	Name, Help string
	Kind       Kind
	// Label is the name of what tells the members apart; empty if there is one only.
	Label   string
	Members []Member
}

// Member is a metric, or that of one key.
type Member struct {
	Key string
	// Value is a counter's or gauge's.
	Value float64
	// Count, Sum and Quantiles are a summary's.
	Count     uint64
	Sum       float64
	Quantiles []Quantile
	// Distribution is a histogram's.
	Distribution *Distribution
}

// Quantile is what a share of the observations do not exceed; NaN while there is none.
type Quantile struct{ Share, Value float64 }

// keyLabel is how ZooKeeper's exporter names the key of a keyed metric.
const keyLabel = "key"

// Families shows all metrics, in the order in which they were made.
func (s *Set) Families(show func(*Family)) {
	for _, r := range s.list() {
		show(r.family())
	}
}

// Named shows the metrics with these names, in the order in which they were made: for who
// asks every second, and not for all.
func (s *Set) Named(names []string, show func(*Family)) {
	for _, r := range s.list() {
		if slices.Contains(names, r.name) {
			show(r.family())
		}
	}
}

func (r *row) family() *Family {
	f := &Family{Name: r.name, Help: r.help, Kind: r.kind, Label: r.label}
	r.metric.members(func(m Member) { f.Members = append(f.Members, m) })
	return f
}

func (c *Counter) members(show func(Member)) { show(Member{Value: float64(c.Count())}) }

func (g gauge) members(show func(Member)) { show(Member{Value: g().Float()}) }

func (g gaugeSet) members(show func(Member)) {
	g(func(key string, value float64) { show(Member{Key: key, Value: value}) })
}

func (k *keyed[M]) members(show func(Member)) {
	for key, of := range *k.byKey.Load() {
		of.members(func(m Member) {
			m.Key = key
			show(m)
		})
	}
}

// shares are the quantiles of a summary; those of an Advanced one are ZooKeeper's and the
// ones that its words show.
var (
	sharesBasic    = [...]float64{0.5}
	sharesAdvanced = [...]float64{0.5, 0.9, 0.95, 0.99, 0.999}
)

func (s *Summary) members(show func(Member)) {
	m := Member{Count: s.count.Load(), Sum: float64(s.sum.Load())}
	switch {
	case s.advanced:
		m.Quantiles = s.spread.Load().quantiles(m.Count)
	case s.times != nil:
		times := s.times.Distribution()
		for _, share := range sharesBasic {
			m.Quantiles = append(m.Quantiles, Quantile{share, times.at(share) * 1000})
		}
	}
	show(m)
}

// quantiles are those of an Advanced summary with so many observations.
func (s *spread) quantiles(count uint64) (list []Quantile) {
	for _, share := range sharesAdvanced {
		q := Quantile{share, math.NaN()}
		if count > 0 {
			q.Value = float64(s.at(share))
		}
		list = append(list, q)
	}
	return list
}
