package admin

import (
	"net/http"
	"runtime/metrics"
	"time"

	counted "zoo/internal/ops/metrics"
)

// figuresNamed are the metrics in figures beside those that mntr asks for: what a chart is
// drawn of. The answer is asked for every second or two, so that it is short.
var figuresNamed = []string{"read_latency_seconds", "update_latency_seconds",
	"propagation_latency_seconds", "commit_seconds", "fsync_seconds", "sync_batch_transactions",
	"snapshot_seconds", "connection_rejected", "connection_drop_count", "stale_sessions_expired",
	"throttled_ops", "auth_failed_count", "snapshot_error_count", "digest_mismatches_count",
	"looking_count", "commit_count", "disk_free_bytes", "drained"}

// spread is a histogram, for whoever takes the difference of two of them: how many
// observations there were above 2^((i-1)/8) and not above 2^(i/8), for i from First on.
type spread struct {
	First  int      `json:"first"`
	Counts []uint64 `json:"counts"`
	// Zero counts those up to 2^-20, Count all, Sum what they come to.
	Zero  uint64  `json:"zero"`
	Count uint64  `json:"count"`
	Sum   float64 `json:"sum"`
}

// spreadOf leaves out the empty buckets at both ends.
func spreadOf(d *counted.Distribution) spread {
	first, end := 0, len(d.Counts)
	for end > 0 && d.Counts[end-1] == 0 {
		end--
	}
	for first < end && d.Counts[first] == 0 {
		first++
	}
	return spread{First: counted.IndexMin + first, Counts: d.Counts[first:end], Zero: d.Zero,
		Count: d.Count, Sum: d.Sum}
}

// memoryUse is that of the process, in bytes.
type memoryUse struct {
	// Mapped is what the system has given, Heap what objects take, dead ones included, Goal
	// the heap at which the next collection of the garbage ends.
	Mapped uint64 `json:"mapped_bytes"`
	Heap   uint64 `json:"heap_bytes"`
	Goal   uint64 `json:"goal_bytes"`
}

func memoryNow() memoryUse {
	samples := []metrics.Sample{{Name: "/memory/classes/total:bytes"},
		{Name: "/memory/classes/heap/released:bytes"},
		{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/gc/heap/goal:bytes"}}
	metrics.Read(samples)
	value := func(i int) uint64 {
		if samples[i].Value.Kind() != metrics.KindUint64 {
			return 0
		}
		return samples[i].Value.Uint64()
	}
	return memoryUse{Mapped: value(0) - value(1), Heap: value(2), Goal: value(3)}
}

// figures gives what is drawn over time, at one moment. mntr's figures are missing while
// the server does not serve.
func figures(s *Server, _ http.ResponseWriter, _ *http.Request) (answer, outcome) {
	p := s.data.Place()
	asked, counts, spreads := map[string]any{}, map[string]float64{}, map[string]spread{}
	s.answers.Figures(func(name string, value any) {
		if n, ok := value.(counted.Number); ok {
			value = figure(n)
		}
		asked[name] = value
	})
	s.answers.Metrics.Named(figuresNamed, func(f *counted.Family) {
		for _, m := range f.Members {
			if m.Distribution != nil {
				spreads[f.Name] = spreadOf(m.Distribution)
				continue
			}
			counts[f.Name] = m.Value
		}
	})
	return answer{}.with("at_ms", time.Now().UnixMilli()).with("server", int64(p.Server)).
		with("state", p.State).with("leader", int64(p.Leader)).with("epoch", int64(p.Epoch)).
		with("zxid", showZxid(p.Applied)).with("spare_voters", p.Spare).
		with("figures", asked).with("counted", counts).with("spreads", spreads).
		with("memory", memoryNow()), open
}
