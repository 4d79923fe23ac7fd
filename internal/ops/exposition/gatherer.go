package exposition

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"

	dto "github.com/prometheus/client_model/go"

	"zoo/internal/ops/command"
	"zoo/internal/ops/metrics"
)

// gatherer turns a server's metrics into Prometheus's.
type gatherer struct{ answers *command.Answerer }

// Gather is one scrape: families by name, members by key.
func (g *gatherer) Gather() ([]*dto.MetricFamily, error) {
	var list []*dto.MetricFamily
	g.answers.Figures(func(name string, value any) {
		if v, isNumber := number(value); isNumber {
			list = append(list, figure(name, v))
		}
	})
	g.answers.Metrics.Families(func(f *metrics.Family) {
		if len(f.Members) > 0 {
			list = append(list, family(f))
		}
	})
	list = append(list, g.build())
	slices.SortFunc(list, func(a, b *dto.MetricFamily) int {
		return cmp.Compare(a.GetName(), b.GetName())
	})
	return list, nil
}

// build tells which program this is; its value is always 1.
func (g *gatherer) build() *dto.MetricFamily {
	m := &dto.Metric{Gauge: &dto.Gauge{Value: of(1.0)}}
	label(m, "version", g.answers.Build.String())
	return &dto.MetricFamily{Name: of("zoo_build_info"), Type: dto.MetricType_GAUGE.Enum(),
		Help:   of("The version of the server, as mntr tells it; always 1."),
		Metric: []*dto.Metric{m}}
}

// number is a figure's value, if it is one.
func number(value any) (v float64, isNumber bool) {
	switch n := value.(type) {
	case int:
		return float64(n), true
	case int64:
		return float64(n), true
	case uint64:
		return float64(n), true
	case metrics.Number:
		return n.Float(), true
	}
	return 0, false
}

// figure is a gauge, as all of ZooKeeper's are that are asked for.
func figure(name string, v float64) *dto.MetricFamily {
	return &dto.MetricFamily{Name: of(name), Help: of(command.FigureHelp(name)),
		Type:   dto.MetricType_GAUGE.Enum(),
		Metric: []*dto.Metric{{Gauge: &dto.Gauge{Value: of(v)}}}}
}

func family(f *metrics.Family) *dto.MetricFamily {
	shown := &dto.MetricFamily{Name: of(f.Name), Help: of(f.Help), Type: kindOf(f.Kind).Enum()}
	for _, of := range distinct(f.Members) {
		m := member(f.Kind, &of)
		if f.Label != "" {
			label(m, f.Label, of.Key)
		}
		shown.Metric = append(shown.Metric, m)
	}
	return shown
}

// distinct are the members by their keys as they can be shown, each once: one key that is no
// text, or two that look alike, would keep Prometheus from all metrics, and clients choose
// some of them.
func distinct(members []metrics.Member) []metrics.Member {
	for i, m := range members {
		if !utf8.ValidString(m.Key) {
			members[i].Key = strconv.Quote(m.Key)
		}
	}
	slices.SortFunc(members, func(a, b metrics.Member) int { return cmp.Compare(a.Key, b.Key) })
	return slices.CompactFunc(members, func(a, b metrics.Member) bool { return a.Key == b.Key })
}

func kindOf(kind metrics.Kind) dto.MetricType {
	switch kind {
	case metrics.KindCounter:
		return dto.MetricType_COUNTER
	case metrics.Basic, metrics.Advanced:
		return dto.MetricType_SUMMARY
	case metrics.Buckets:
		return dto.MetricType_HISTOGRAM
	}
	return dto.MetricType_GAUGE
}

func member(kind metrics.Kind, m *metrics.Member) *dto.Metric {
	switch kind {
	case metrics.KindCounter:
		return &dto.Metric{Counter: &dto.Counter{Value: of(m.Value)}}
	case metrics.Basic, metrics.Advanced:
		return &dto.Metric{Summary: summary(m)}
	case metrics.Buckets:
		return &dto.Metric{Histogram: histogram(m.Distribution)}
	}
	return &dto.Metric{Gauge: &dto.Gauge{Value: of(m.Value)}}
}

func label(m *dto.Metric, name, value string) {
	m.Label = append(m.Label, &dto.LabelPair{Name: of(name), Value: of(value)})
}

func summary(m *metrics.Member) *dto.Summary {
	s := &dto.Summary{SampleCount: of(m.Count), SampleSum: of(m.Sum)}
	for _, q := range m.Quantiles {
		s.Quantile = append(s.Quantile, &dto.Quantile{Quantile: of(q.Share), Value: of(q.Value)})
	}
	return s
}

// The powers of two at which a histogram has classic buckets: from 61 µs to 256 s, and from
// 1 to 65,536.
var powers = map[metrics.Unit]struct{ first, last int }{
	metrics.Nanoseconds: {-14, 8},
	metrics.Things:      {0, 16},
}

func histogram(d *metrics.Distribution) *dto.Histogram {
	h := &dto.Histogram{
		SampleCount: of(d.Count), SampleSum: of(d.Sum),
		Schema: of(int32(metrics.Schema)), ZeroThreshold: of(metrics.ZeroThreshold),
		ZeroCount: of(d.Zero),
	}
	between := powers[d.Unit]
	for power := between.first; power <= between.last; power++ {
		h.Bucket = append(h.Bucket, &dto.Bucket{UpperBound: of(math.Exp2(float64(power))),
			CumulativeCount: of(d.UpTo(power))})
	}
	spans(h, d.Counts)
	return h
}

// spans writes the buckets that are not empty, each as its difference from the one before.
// The offset of a span counts the empty ones between, that of the first from index 0. A
// histogram without observations has one empty span, which tells that it is native.
func spans(h *dto.Histogram, counts []uint64) {
	last, next := int64(0), 0 // next is the index behind the last bucket
	for i, count := range counts {
		if count == 0 {
			continue
		}
		index := i + metrics.IndexMin
		if n := len(h.PositiveSpan); n > 0 && index == next {
			*h.PositiveSpan[n-1].Length++
		} else {
			h.PositiveSpan = append(h.PositiveSpan,
				&dto.BucketSpan{Offset: of(int32(index - next)), Length: of(uint32(1))})
		}
		h.PositiveDelta = append(h.PositiveDelta, int64(count)-last)
		last, next = int64(count), index+1
	}
	if len(h.PositiveSpan) == 0 {
		h.PositiveSpan = []*dto.BucketSpan{{Offset: of(int32(0)), Length: of(uint32(0))}}
	}
}

// of is where a value lies: fields of protobuf are pointers.
func of[T any](v T) *T { return &v }
