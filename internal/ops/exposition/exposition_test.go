package exposition

import (
	"errors"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"

	"zoo/internal/ops/command"
	"zoo/internal/ops/metrics"
)

// follower is a server that serves, as far as a scrape asks.
type follower struct{ command.Source }

func (follower) Overview() (command.Overview, bool) {
	return command.Overview{Mode: "follower", PeerState: "following - broadcast", Nodes: 6,
		QuorumSize: 3, Latency: command.Latency{Count: 2, Total: 5 * time.Millisecond}}, true
}

// looking is one that does not.
type looking struct{ command.Source }

func (looking) Overview() (o command.Overview, serving bool) { return o, false }

func observedSet() *metrics.Set {
	s := metrics.NewSet()
	s.Counter("snap_count", "Trees sent.").Add(3)
	s.CounterSet("refusals", "Turned away.").Of("tls").Add(2)
	s.SummarySet("read_per_namespace", "Bytes.", metrics.Basic).Of("app").Observe(7)
	timer := s.Timer("fsynctime", "fsync_seconds",
		"Time.", metrics.Basic)
	timer.ObserveN(2*time.Millisecond, 3)
	timer.Observe(time.Second)
	s.Timer("readlatency", "read_latency_seconds",
		"Time.", metrics.Advanced)
	s.States(metrics.State{Name: "server_state", Help: "State.", Label: "state"},
		func(show func(string, float64)) { show("follower", 1); show("leader", 0) })
	s.States(metrics.State{Name: "quorum_spare_voters", Help: "A leader's."},
		func(func(string, float64)) {})
	return s
}

// scrape asks as Prometheus does that accepts this.
func scrape(t *testing.T, of command.Source, process Process, accept string) *http.Response {
	t.Helper()
	a := &command.Answerer{Source: of, Metrics: observedSet()}
	h := NewHandler(a, process, slog.New(slog.DiscardHandler))
	r := httptest.NewRequest(http.MethodGet, Path, nil)
	r.Header.Set("Accept", accept)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	return w.Result()
}

func text(t *testing.T, of command.Source, process Process) string {
	t.Helper()
	all, err := io.ReadAll(scrape(t, of, process, "text/plain;version=0.0.4").Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(all)
}

// Dashboards and alerts that were made for Java's servers find what they look for.
func TestNamesAndKindsAreThoseOfJavasExporter(t *testing.T) {
	got := text(t, follower{}, ServerOnly)
	for _, want := range []string{
		"# TYPE snap_count counter\nsnap_count 3\n",
		"# TYPE znode_count gauge\nznode_count 6\n",
		"# TYPE avg_latency gauge\navg_latency 2.5\n",
		"quorum_size 3\n",
		"refusals{key=\"tls\"} 2\n",
		"# TYPE fsynctime summary\nfsynctime{quantile=\"0.5\"} ",
		"fsynctime_sum 1006\nfsynctime_count 4\n",
		"read_per_namespace_sum{key=\"app\"} 7\nread_per_namespace_count{key=\"app\"} 1\n",
		"readlatency{quantile=\"0.99\"} NaN\n",
		"server_state{state=\"follower\"} 1\n",
		"zoo_build_info{version=\"3.9.5-zoo",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q", want)
		}
	}
	for _, no := range []string{"go_", "process_", "quorum_spare_voters", "peer_state", "_total"} {
		if strings.Contains(got, "\n"+no) {
			t.Errorf("%s is told", no)
		}
	}
	if t.Failed() {
		t.Log(got)
	}
}

func TestTextHasClassicBucketsAtPowersOfTwo(t *testing.T) {
	got := text(t, follower{}, ServerOnly)
	for _, want := range []string{
		"# TYPE fsync_seconds histogram\n",
		"fsync_seconds_bucket{le=\"0.001953125\"} 0\n",
		"fsync_seconds_bucket{le=\"0.00390625\"} 3\n",
		"fsync_seconds_bucket{le=\"0.5\"} 3\n",
		"fsync_seconds_bucket{le=\"1\"} 4\n",
		"fsync_seconds_bucket{le=\"+Inf\"} 4\n",
		"fsync_seconds_count 4\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

func TestProtobufHasTheNativeHistogramAsWell(t *testing.T) {
	response := scrape(t, follower{}, ServerOnly, "application/vnd.google.protobuf;"+
		"proto=io.prometheus.client.MetricFamily;encoding=delimited")
	families := map[string]*dto.MetricFamily{}
	decoder := expfmt.NewDecoder(response.Body, expfmt.ResponseFormat(response.Header))
	for {
		f := new(dto.MetricFamily)
		err := decoder.Decode(f)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		families[f.GetName()] = f
	}
	h := families["fsync_seconds"].GetMetric()[0].GetHistogram()
	if h.GetSchema() != 3 || h.GetSampleCount() != 4 || len(h.GetBucket()) == 0 {
		t.Errorf("%v", h)
	}
	// A reader of the protocol adds up offsets and differences.
	index, count, at := int32(0), int64(0), map[float64]int64{}
	deltas := h.GetPositiveDelta()
	for _, span := range h.GetPositiveSpan() {
		index += span.GetOffset()
		for range span.GetLength() {
			count, deltas = count+deltas[0], deltas[1:]
			at[math.Exp2(float64(index)/8)] = count
			index++
		}
	}
	if len(at) != 2 || at[1] != 1 || at[math.Exp2(-71.0/8)] != 3 {
		t.Errorf("buckets by their upper bounds: %v", at)
	}
	empty := families["read_latency_seconds"].GetMetric()[0].GetHistogram()
	if len(empty.GetPositiveSpan()) != 1 || empty.GetZeroThreshold() == 0 {
		t.Errorf("what has seen nothing is not native: %v", empty)
	}
}

// An alert that nobody leads needs the servers that do not serve.
func TestAServerThatDoesNotServeIsScrapedAllTheSame(t *testing.T) {
	got := text(t, looking{}, WithProcess)
	for _, want := range []string{"snap_count 3\n", "server_state{", "go_goroutines ",
		"process_start_time_seconds "} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q", want)
		}
	}
	if strings.Contains(got, "znode_count") {
		t.Error("figures of a tree that nobody serves")
	}
}

// A client names a top znode with bytes that are no text, and others so that they look alike.
// Prometheus gets its metrics all the same.
func TestKeysThatAreNoTextAreShownQuoted(t *testing.T) {
	s := metrics.NewSet()
	set := s.CounterSet("writes", "Writes.")
	for _, key := range []string{"a\xff", `"a\xff"`, "ü", "b\"\n"} {
		set.Of(key).Inc()
	}
	h := NewHandler(&command.Answerer{Source: looking{}, Metrics: s}, ServerOnly,
		slog.New(slog.DiscardHandler))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, Path, nil))
	got := w.Body.String()
	if w.Code != http.StatusOK || strings.Count(got, `writes{key="\"a\\xff\""} 1`) != 1 ||
		!strings.Contains(got, `{key="ü"}`) || !strings.Contains(got, `{key="b\"\n"}`) {
		t.Errorf("status %d:\n%s", w.Code, got)
	}
}

func TestEveryFigureHasHelp(t *testing.T) {
	a := &command.Answerer{Source: leader{}}
	a.Figures(func(name string, value any) {
		if _, isNumber := number(value); isNumber && command.FigureHelp(name) == "" {
			t.Errorf("%s has no help", name)
		}
	})
}

type leader struct{ command.Source }

func (leader) Overview() (command.Overview, bool) {
	return command.Overview{Mode: "leader", QuorumSize: 3, ObserverMaster: 1,
		Leader: &command.Leader{}}, true
}
