package server

import (
	"maps"
	"slices"
	"strings"

	"zoo/internal/core/tree"
)

// namespaceFigure is one figure of the quotas, summed up by namespace: the first
// component of their paths. As in ZooKeeper a figure that is not set counts -1. There
// are no more keys than quotas.
type namespaceFigure struct {
	name, help string
	of         func(q *tree.Quota) int64
}

var namespaceFigures = [...]namespaceFigure{
	{"quota_count_limit_per_namespace",
		"Znodes that quotas allow, by top znode; hard limits go before soft ones.",
		func(q *tree.Quota) int64 { return limitOf(q.CountHardLimit, q.CountLimit) }},
	{"quota_bytes_limit_per_namespace",
		"Bytes of data that quotas allow, by top znode; hard limits go before soft ones.",
		func(q *tree.Quota) int64 { return limitOf(q.BytesHardLimit, q.BytesLimit) }},
	{"quota_count_usage_per_namespace",
		"Znodes that quotas count, by top znode.",
		func(q *tree.Quota) int64 { return q.Count }},
	{"quota_bytes_usage_per_namespace",
		"Bytes of data that quotas count, by top znode.",
		func(q *tree.Quota) int64 { return q.Bytes }},
}

func limitOf(hard, soft int64) int64 {
	if hard >= 0 {
		return hard
	}
	return soft
}

// meterQuotas makes the metrics of quotas.
func (s *Server) meterQuotas() {
	for _, f := range namespaceFigures {
		s.meters.set.GaugeSet(f.name, f.help, func(show func(string, float64)) {
			sums := s.quotaSums(f.of)
			for _, key := range slices.Sorted(maps.Keys(sums)) {
				show(key, float64(sums[key]))
			}
		})
	}
	s.meters.set.TallySet("quota_exceeded_error_per_namespace",
		"Writes that a hard quota refused, by top znode.", s.eachQuotaRefusal)
}

// quotaSums sums up one figure of all quotas by namespace.
func (s *Server) quotaSums(figure func(q *tree.Quota) int64) map[string]int64 {
	sums := map[string]int64{}
	s.readTree(s.treeMu.RLocker(), func(t *tree.Tree, next func() bool) {
		t.WalkQuotas(func(q tree.Quota, complete bool) bool {
			if complete {
				sums[strings.Clone(topOf(q.Path))] += figure(&q)
			}
			return next()
		})
	})
	return sums
}

// eachQuotaRefusal asks the loop: refusals are counted where transactions are made.
func (s *Server) eachQuotaRefusal(show func(key string, count uint64)) {
	if !s.pulse.looping.Load() {
		return
	}
	refused, _ := ask(s, func() map[string]uint64 { return s.loop.replica.QuotaRefusals() })
	for _, key := range slices.Sorted(maps.Keys(refused)) {
		show(key, refused[key])
	}
}
