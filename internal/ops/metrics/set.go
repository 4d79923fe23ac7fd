package metrics

import (
	"sync"

	"zoo/internal/check/invariant"
)

// Set is all metrics of one server, in the order in which they were made. A nil
// Set makes nil metrics.
type Set struct {
	mu   sync.Mutex // guards rows and names; never held while a metric is read
	rows []row
	// names keeps one name from being given twice.
	names map[string]bool
}

// row is one metric, with or without keys.
type row struct {
	name, help string
	kind       Kind
	metric     metric
}

// metric is what every kind of metric can do.
type metric interface {
	// each shows the metric's readings.
	each(show func(Reading))
	// reset begins anew.
	reset()
}

// Kind says how a metric's readings are to be understood.
type Kind uint8

// The kinds.
const (
	KindCounter Kind = iota // only grows, until it is reset
	KindGauge               // a state as it is now
	Basic                   // a summary without percentiles
	Advanced                // a summary with percentiles
)

// Value is one reading together with the metric that it belongs to.
type Value struct {
	// Name and Help are the metric's own, without key and part.
	Name, Help string
	Kind       Kind
	Reading
}

// Reading is one number of a metric.
type Reading struct {
	// Key is the member of a keyed metric; empty for a metric without keys.
	Key string
	// Part is what a summary's number is: avg, min, max, cnt, sum, p50, p95,
	// p99 or p999. It is empty for counters and gauges.
	Part string
	Number
}

// NewSet makes a set without metrics.
func NewSet() *Set { return &Set{names: make(map[string]bool)} }

// Each shows all readings, each under the name that ZooKeeper gives it: the
// metric's, with the key in front (a_quota_count), and the part of a summary in
// front of that (avg_a_write_per_namespace).
func (s *Set) Each(show func(name string, value Value)) {
	for _, r := range s.list() {
		r.metric.each(func(reading Reading) {
			v := Value{Name: r.name, Help: r.help, Kind: r.kind, Reading: reading}
			show(v.fullName(), v)
		})
	}
}

func (v *Value) fullName() string {
	name := v.Name
	if v.Key != "" {
		name = v.Key + "_" + name
	}
	if v.Part != "" {
		name = v.Part + "_" + name
	}
	return name
}

// Reset begins all counters and summaries anew, as the word srst does. Gauges show
// what is, and stay.
func (s *Set) Reset() {
	for _, r := range s.list() {
		r.metric.reset()
	}
}

func (s *Set) list() []row {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rows[:len(s.rows):len(s.rows)]
}

func (s *Set) add(r row) {
	s.mu.Lock()
	defer s.mu.Unlock()
	invariant.Holds(!s.names[r.name], "two metrics are named %s", r.name)
	s.names[r.name] = true
	s.rows = append(s.rows, r)
}

// Counter makes a counter.
func (s *Set) Counter(name, help string) *Counter {
	if s == nil {
		return nil
	}
	c := &Counter{}
	s.add(row{name, help, KindCounter, c})
	return c
}

// Tally makes a counter that somebody else keeps, and also resets.
func (s *Set) Tally(name, help string, read func() uint64) {
	if s != nil {
		s.add(row{name, help, KindCounter, gauge(func() Number { return Whole(int64(read())) })})
	}
}

// Gauge makes a gauge that is shown as a whole number. read may be called from any
// goroutine.
func (s *Set) Gauge(name, help string, read func() float64) {
	if s != nil {
		s.add(row{name, help, KindGauge, gauge(func() Number { return Whole(int64(read())) })})
	}
}

// Fraction makes a gauge that is shown with its fraction.
func (s *Set) Fraction(name, help string, read func() float64) {
	if s != nil {
		s.add(row{name, help, KindGauge, gauge(func() Number { return Fraction(read()) })})
	}
}

// Summary makes a summary; the kind is Basic or Advanced.
func (s *Set) Summary(name, help string, kind Kind) *Summary {
	if s == nil {
		return nil
	}
	m := newSummary(kind)
	s.add(row{name, help, kind, m})
	return m
}

// CounterSet makes counters that are told apart by a key.
func (s *Set) CounterSet(name, help string) *CounterSet {
	if s == nil {
		return nil
	}
	set := &CounterSet{keyed: newKeyed(func(string) *Counter { return &Counter{} })}
	s.add(row{name, help, KindCounter, set})
	return set
}

// SummarySet makes summaries that are told apart by a key.
func (s *Set) SummarySet(name, help string, kind Kind) *SummarySet {
	if s == nil {
		return nil
	}
	set := &SummarySet{keyed: newKeyed(func(key string) *Summary {
		m := newSummary(kind)
		m.key = key
		return m
	})}
	s.add(row{name, help, kind, set})
	return set
}

// GaugeSet makes gauges that are told apart by a key. read names all there are, and
// is responsible for their number being bounded.
func (s *Set) GaugeSet(name, help string, read func(show func(key string, value float64))) {
	if s != nil {
		s.add(row{name, help, KindGauge, gaugeSet(read)})
	}
}

// TallySet makes counters, told apart by a key, that somebody else keeps, bounds and
// also resets.
func (s *Set) TallySet(name, help string, read func(show func(key string, count uint64))) {
	if s == nil {
		return
	}
	s.add(row{name, help, KindCounter, gaugeSet(func(show func(key string, value float64)) {
		read(func(key string, count uint64) { show(key, float64(count)) })
	})})
}
