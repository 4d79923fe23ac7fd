package traces

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	collector "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"
)

// fakeCollector answers requests as the test says, and counts.
type fakeCollector struct {
	t *testing.T
	// answer gives the answer to the n-th request, from 1 on.
	answer func(n int, r *http.Request) (*http.Response, error)
	asked  int
	// spans counts those of the requests that were taken.
	spans      int
	sent, lost int
	failures   []string
}

func (f *fakeCollector) RoundTrip(r *http.Request) (*http.Response, error) {
	f.asked++
	response, err := f.answer(f.asked, r)
	if err == nil && response.StatusCode == http.StatusOK {
		f.spans += f.count(r)
	}
	return response, err
}

func (f *fakeCollector) count(r *http.Request) (n int) {
	f.t.Helper()
	packed, err := gzip.NewReader(r.Body)
	if err != nil {
		f.t.Fatal(err)
	}
	body, err := io.ReadAll(packed)
	if err != nil {
		f.t.Fatal(err)
	}
	var message collector.ExportTraceServiceRequest
	if err := proto.Unmarshal(body, &message); err != nil {
		f.t.Fatal(err)
	}
	for _, resource := range message.ResourceSpans {
		for _, scope := range resource.ScopeSpans {
			n += len(scope.Spans)
		}
	}
	return n
}

func (f *fakeCollector) exporter(change func(*Config)) *Exporter {
	cfg := Config{
		Endpoint: "http://collector/v1/traces", Transport: f,
		Sent: func(n int) { f.sent += n }, Lost: func(n int) { f.lost += n },
		Failed: func(err error) { f.failures = append(f.failures, err.Error()) },
	}
	if change != nil {
		change(&cfg)
	}
	return New(cfg)
}

func answered(status int, body []byte, header ...string) (*http.Response, error) {
	r := &http.Response{StatusCode: status, Status: http.StatusText(status),
		Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(body))}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return r, nil
}

func ok(int, *http.Request) (*http.Response, error) { return answered(http.StatusOK, nil) }

// two is a record of two spans.
func two() *Record {
	r := &Record{Key: 1}
	r.Stages[Read] = Interval{From: time.Unix(1, 0), To: time.Unix(2, 0)}
	return r
}

// later waits until so much time has passed in the test, and nothing is left to do.
func later(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// The plot: the collector is overloaded, then its gateway is, then it takes the spans. They
// are sent again with growing pauses, or the longer one that it asks for, and counted once.
func TestWhatMayPassIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeCollector{t: t}
		began := time.Now()
		var at []time.Duration
		f.answer = func(n int, r *http.Request) (*http.Response, error) {
			at = append(at, time.Since(began))
			switch n {
			case 1:
				return nil, errors.New("connection refused")
			case 2:
				return answered(http.StatusTooManyRequests, nil, "Retry-After", "7")
			case 3:
				return answered(http.StatusServiceUnavailable, nil)
			}
			return answered(http.StatusOK, nil)
		}
		x := f.exporter(nil)
		go x.Run()
		x.Add(two())
		later(time.Minute)
		x.Close()
		synctest.Wait()
		const s = time.Second
		if want := []time.Duration{1 * s, 2 * s, 9 * s, 13 * s}; !slices.Equal(at, want) {
			t.Fatalf("attempts at %v, want %v", at, want)
		}
		if f.spans != 2 || f.sent != 2 || f.lost != 0 || len(f.failures) != 3 {
			t.Errorf("%d taken, %d sent, %d lost, failures %q",
				f.spans, f.sent, f.lost, f.failures)
		}
	})
}

// The plot: one batch is refused for good, another one in part.
func TestWhatIsRefusedIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		part, err := proto.Marshal(&collector.ExportTraceServiceResponse{
			PartialSuccess: &collector.ExportTracePartialSuccess{RejectedSpans: 1}})
		if err != nil {
			t.Fatal(err)
		}
		f := &fakeCollector{t: t, answer: func(n int, _ *http.Request) (*http.Response, error) {
			if n == 1 {
				return answered(http.StatusUnauthorized, nil)
			}
			return answered(http.StatusOK, part)
		}}
		x := f.exporter(nil)
		go x.Run()
		x.Add(two())
		later(time.Minute)
		x.Add(two())
		later(time.Minute)
		x.Close()
		synctest.Wait()
		if f.asked != 2 || f.sent != 1 || f.lost != 3 || len(f.failures) != 1 {
			t.Errorf("%d requests, %d sent, %d lost, failures %q",
				f.asked, f.sent, f.lost, f.failures)
		}
	})
}

// The plot: the collector takes the request and says nothing, while more is told than has
// room. Nobody waits, what is too much is counted at once, and the end comes within a second.
func TestASlowCollectorCostsSpansAndNoTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeCollector{t: t, answer: func(_ int, r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}}
		x := f.exporter(nil)
		go x.Run()
		began := time.Now()
		for range 2 * batchMax {
			x.Add(two())
		}
		synctest.Wait() // The first batch is on its way.
		for range recordsMax {
			x.Add(two())
		}
		if f.lost != 2*batchMax || time.Since(began) != 0 {
			t.Errorf("%d spans lost, after %v", f.lost, time.Since(began))
		}
		x.Close()
		later(2 * closeMax)
		if took := time.Since(began); f.sent != 0 || f.lost != 2*(2*batchMax+recordsMax) {
			t.Errorf("after %v %d are sent, %d lost", took, f.sent, f.lost)
		}
		x.Add(two())
		if f.lost != 2*(2*batchMax+recordsMax)+2 {
			t.Error("what came after the end is not counted")
		}
	})
}

// The plot: the server ends before a batch is full.
func TestTheEndSendsWhatIsThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeCollector{t: t, answer: ok}
		x := f.exporter(nil)
		go x.Run()
		for range batchMax + 1 {
			x.Add(two())
		}
		x.Close()
		synctest.Wait()
		if f.asked != 2 || f.spans != 2*(batchMax+1) || f.lost != 0 {
			t.Errorf("%d requests with %d spans, %d lost", f.asked, f.spans, f.lost)
		}
	})
}

// The plot: an operator renews the token in the file, and then breaks it.
func TestTheHeadersAreReadForEachRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		name := filepath.Join(t.TempDir(), "headers")
		write := func(text string) {
			if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		var tokens []string
		f := &fakeCollector{t: t, answer: func(_ int, r *http.Request) (*http.Response, error) {
			tokens = append(tokens, r.Header.Get("Api-Key")+" "+r.Header.Get("Content-Type"))
			return answered(http.StatusOK, nil)
		}}
		x := f.exporter(func(c *Config) { c.HeadersFile = name })
		go x.Run()
		for _, text := range []string{"# a comment\n\napi-key: one\n", "api-key: two",
			"Content-Type: text/plain", "secret"} {
			write(text)
			x.Add(two())
			later(time.Minute)
		}
		x.Close()
		synctest.Wait()
		const kind = " application/x-protobuf"
		got := strings.Join(tokens, ",")
		if got != "one"+kind+",two"+kind+","+kind {
			t.Errorf("sent with %q", got)
		}
		all := strings.Join(f.failures, "\n")
		if len(f.failures) != attemptsMax || f.lost != 2 || !strings.Contains(all, "line 1") ||
			strings.Contains(all, "secret") {
			t.Errorf("%d lost, failures %s", f.lost, all)
		}
	})
}
