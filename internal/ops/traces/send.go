package traces

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	collector "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	trace "go.opentelemetry.io/proto/slim/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

const (
	// attemptsMax is how often a batch is sent, attemptMax how long each may take.
	attemptsMax = 5
	attemptMax  = 10 * time.Second
	// pauseFirst lies between the first two attempts, and twice as much between the next. A
	// collector may ask for more, up to pauseMax.
	pauseFirst = time.Second
	pauseMax   = 30 * time.Second
	// answerBytesMax is how much of an answer is read.
	answerBytesMax = 64 << 10
)

// newClient makes the connections to the collector. It follows no redirection: the headers
// are for this one.
func newClient(cfg *Config) *http.Client {
	client := &http.Client{
		Transport: cfg.Transport, Timeout: attemptMax,
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}
	if cfg.Transport == nil {
		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.TLSClientConfig, transport.MaxIdleConns = cfg.TLS, 1
		client.Transport = transport
	}
	return client
}

// send sends records until they are taken, or refused for good, or it was tried too often.
func (x *Exporter) send(records []Record) {
	spans := 0
	for i := range records {
		spans += records[i].spans()
	}
	body, err := pack(x.encoder.message(records))
	for attempt := 1; err == nil; attempt++ {
		var refused int
		if refused, err = x.post(body); err == nil {
			refused = min(max(refused, 0), spans)
			x.cfg.Sent(spans - refused)
			x.lose(refused)
			return
		}
		x.cfg.Failed(err)
		err = x.pause(attempt, err)
	}
	x.lose(spans)
}

func (x *Exporter) lose(spans int) {
	if spans > 0 {
		x.cfg.Lost(spans)
	}
}

// pause waits before the next attempt; an error is that there is none. A server that ends
// does not wait.
func (x *Exporter) pause(attempt int, reason error) error {
	var later *laterError
	if !errors.As(reason, &later) || attempt == attemptsMax {
		return reason
	}
	timer := time.NewTimer(min(max(pauseFirst<<(attempt-1), later.after), pauseMax))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-x.closing:
		return reason
	}
}

// laterError is a failure that may pass.
type laterError struct {
	after  time.Duration // what the collector asks for
	reason error
}

func (e *laterError) Error() string { return e.reason.Error() }
func (e *laterError) Unwrap() error { return e.reason }

// pack makes the body of a request.
func pack(spans *trace.ResourceSpans) ([]byte, error) {
	message := &collector.ExportTraceServiceRequest{ResourceSpans: []*trace.ResourceSpans{spans}}
	plain, err := proto.Marshal(message)
	if err != nil {
		return nil, fmt.Errorf("encode spans: %w", err)
	}
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err = w.Write(plain)
	err = errors.Join(err, w.Close())
	return b.Bytes(), err
}

// post makes one attempt; refused is how many spans the collector did not want of those that
// it has taken.
func (x *Exporter) post(body []byte) (refused int, err error) {
	request, err := http.NewRequestWithContext(x.ends, http.MethodPost, x.cfg.Endpoint,
		bytes.NewReader(body))
	if err != nil {
		return 0, fmt.Errorf("send spans: %w", err)
	}
	if request.Header, err = x.header(); err != nil {
		return 0, err
	}
	response, err := x.client.Do(request)
	if errors.Is(err, context.Canceled) {
		return 0, err
	}
	if err != nil {
		return 0, &laterError{reason: err}
	}
	defer response.Body.Close()
	return judge(response)
}

func (x *Exporter) header() (http.Header, error) {
	h := http.Header{}
	if x.cfg.HeadersFile != "" {
		read, err := ReadHeaders(x.cfg.HeadersFile)
		if err != nil {
			return nil, &laterError{reason: err} // It may just be written anew.
		}
		h = read
	}
	h.Set("Content-Type", "application/x-protobuf")
	h.Set("Content-Encoding", "gzip")
	h.Set("User-Agent", "zoo/"+x.cfg.Version)
	return h, nil
}

// judge reads a collector's answer, as OTLP wants it: some failures may pass, the others are
// for good.
func judge(r *http.Response) (refused int, err error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, answerBytesMax))
	if err != nil {
		return 0, &laterError{reason: fmt.Errorf("read the collector's answer: %w", err)}
	}
	switch r.StatusCode {
	case http.StatusOK, http.StatusAccepted, http.StatusNoContent:
		var answer collector.ExportTraceServiceResponse
		if proto.Unmarshal(body, &answer) == nil {
			refused = int(answer.GetPartialSuccess().GetRejectedSpans())
		}
		return refused, nil
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable,
		http.StatusGatewayTimeout:
		seconds, _ := strconv.Atoi(r.Header.Get("Retry-After"))
		after := time.Duration(seconds) * time.Second
		return 0, &laterError{after: after, reason: statusError(r)}
	}
	return 0, statusError(r)
}

func statusError(r *http.Response) error {
	return fmt.Errorf("the collector answers %s", r.Status)
}

// ReadHeaders reads lines of NAME: VALUE. Empty ones, and those that begin with #, say nothing.
func ReadHeaders(file string) (http.Header, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("headers for the collector: %w", err)
	}
	h, number := http.Header{}, 0
	for line := range strings.Lines(string(text)) {
		number++
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		if !ok || !fits(name, value) {
			// The line may be a secret, and is not told.
			return nil, fmt.Errorf("%s: line %d is not NAME: VALUE", file, number)
		}
		h.Add(name, value)
	}
	return h, nil
}

// fits tells whether a header can be sent.
func fits(name, value string) bool {
	return name != "" && strings.TrimFunc(name, isToken) == "" &&
		!strings.ContainsFunc(value, isControl)
}

// isToken tells what HTTP's names are made of.
func isToken(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' ||
		strings.ContainsRune("!#$%&'*+-.^_`|~", r)
}

func isControl(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }
