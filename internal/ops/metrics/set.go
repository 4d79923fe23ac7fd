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
	// label is the name of what tells members apart; empty without keys.
	label string
	// unlisted rows are in Families only: mntr has no line for them.
	unlisted bool
}

// metric is what every kind of metric can do.
type metric interface {
	// each shows the metric's readings.
	each(show func(Reading))
	// members shows the same, one member for each key.
	members(show func(Member))
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
	Buckets                 // a histogram, which only Families shows
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
		if r.unlisted {
			continue
		}
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
	s.add(row{name: name, help: help, kind: KindCounter, metric: c})
	return c
}

// Tally makes a counter that somebody else keeps, and also resets.
func (s *Set) Tally(name, help string, read func() uint64) {
	if s != nil {
		s.add(row{name: name, help: help, kind: KindCounter,
			metric: gauge(func() Number { return Whole(int64(read())) })})
	}
}

// Gauge makes a gauge that is shown as a whole number. read may be called from any
// goroutine.
func (s *Set) Gauge(name, help string, read func() float64) {
	if s != nil {
		s.add(row{name: name, help: help, kind: KindGauge,
			metric: gauge(func() Number { return Whole(int64(read())) })})
	}
}

// Fraction makes a gauge that is shown with its fraction.
func (s *Set) Fraction(name, help string, read func() float64) {
	if s != nil {
		s.add(row{name: name, help: help, kind: KindGauge,
			metric: gauge(func() Number { return Fraction(read()) })})
	}
}

// Summary makes a summary; the kind is Basic or Advanced.
func (s *Set) Summary(name, help string, kind Kind) *Summary {
	if s == nil {
		return nil
	}
	m := newSummary(kind)
	s.add(row{name: name, help: help, kind: kind, metric: m})
	return m
}

// CounterSet makes counters that are told apart by a key.
func (s *Set) CounterSet(name, help string) *CounterSet {
	if s == nil {
		return nil
	}
	set := &CounterSet{keyed: newKeyed(func(string) *Counter { return &Counter{} })}
	s.add(row{name: name, help: help, kind: KindCounter, metric: set, label: keyLabel})
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
	s.add(row{name: name, help: help, kind: kind, metric: set, label: keyLabel})
	return set
}

// GaugeSet makes gauges that are told apart by a key. read names all there are, and
// is responsible for their number being bounded.
func (s *Set) GaugeSet(name, help string, read func(show func(key string, value float64))) {
	if s != nil {
		s.add(row{name: name, help: help, kind: KindGauge, metric: gaugeSet(read),
			label: keyLabel})
	}
}

// TallySet makes counters, told apart by a key, that somebody else keeps, bounds and
// also resets.
func (s *Set) TallySet(name, help string, read func(show func(key string, count uint64))) {
	if s == nil {
		return
	}
	counts := gaugeSet(func(show func(key string, value float64)) {
		read(func(key string, count uint64) { show(key, float64(count)) })
	})
	s.add(row{name: name, help: help, kind: KindCounter, metric: counts, label: keyLabel})
}

// State names gauges that mntr has no line for.
type State struct {
	Name, Help string
	// Label is the name of what tells them apart; empty for one that may be missing.
	Label string
}

// States makes gauges that only Families shows. read names all there are, none if there is
// nothing to tell, and is responsible for their number being bounded.
func (s *Set) States(of State, read func(show func(key string, value float64))) {
	if s != nil {
		s.add(row{name: of.Name, help: of.Help, kind: KindGauge, metric: gaugeSet(read),
			label: of.Label, unlisted: true})
	}
}

// Histogram makes a histogram; its name ends in its unit.
func (s *Set) Histogram(name, help string, unit Unit) *Histogram {
	if s == nil {
		return nil
	}
	h := &Histogram{unit: unit}
	s.add(row{name: name, help: help, kind: Buckets, metric: h, unlisted: true})
	return h
}

// Timer makes a summary of milliseconds, of the kind Basic or Advanced, under ZooKeeper's
// name, together with a histogram under a name that ends in _seconds.
func (s *Set) Timer(name, seconds, help string, kind Kind) *Timer {
	if s == nil {
		return nil
	}
	t := &Timer{summary: s.Summary(name, help+" In milliseconds.", kind),
		histogram: s.Histogram(seconds, help, Nanoseconds)}
	t.summary.times = t.histogram
	return t
}
