package server

import (
	"cmp"
	"compress/gzip"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	collector "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/slim/otlp/common/v1"
	trace "go.opentelemetry.io/proto/slim/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"zoo"
	"zoo/internal/config"
	"zoo/internal/core/replica"
	"zoo/internal/disk/vfs"
	"zoo/internal/ops/traces"
	"zoo/internal/wire"
)

// spanCollector is an OpenTelemetry collector on a port of its own.
type spanCollector struct {
	*httptest.Server
	t *testing.T

	mu    sync.Mutex
	spans []*trace.Span
	// told counts the requests of each service.instance.id.
	told map[string]int
}

func startCollector(t *testing.T) *spanCollector {
	c := &spanCollector{t: t, told: map[string]int{}}
	c.Server = httptest.NewServer(http.HandlerFunc(c.take))
	t.Cleanup(c.Close)
	return c
}

func (c *spanCollector) take(w http.ResponseWriter, r *http.Request) {
	var message collector.ExportTraceServiceRequest
	packed, err := gzip.NewReader(r.Body)
	var body []byte
	if err == nil {
		body, err = io.ReadAll(packed)
	}
	if err == nil {
		err = proto.Unmarshal(body, &message)
	}
	if err != nil || r.URL.Path != "/v1/traces" {
		c.t.Errorf("%v in a request for %s", err, r.URL)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, resource := range message.ResourceSpans {
		c.told[attribute(resource.Resource.Attributes, "service.instance.id")]++
		for _, scope := range resource.ScopeSpans {
			c.spans = append(c.spans, scope.Spans...)
		}
	}
}

func (c *spanCollector) tell(share float64) func(*Config) {
	return func(cfg *Config) {
		cfg.Traces = TracesConfig{
			Endpoint: c.URL + "/v1/traces", Share: share, Service: "zookeeper"}
	}
}

// attribute is the text of an attribute, empty for none.
func attribute(list []*common.KeyValue, key string) string {
	for _, a := range list {
		if a.Key != key {
			continue
		}
		if number, ok := a.Value.Value.(*common.AnyValue_IntValue); ok {
			return fmt.Sprint(number.IntValue)
		}
		return a.Value.GetStringValue()
	}
	return ""
}

// whole finds the span of a request.
func (c *spanCollector) whole(op, path string) *trace.Span {
	c.t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	var found *trace.Span
	for _, s := range c.spans {
		if s.Name == op && attribute(s.Attributes, "zookeeper.path") == path {
			if found != nil {
				c.t.Errorf("two spans of %s %s", op, path)
			}
			found = s
		}
	}
	if found == nil {
		c.t.Fatalf("no span of %s %s", op, path)
	}
	return found
}

// below lists the children of a span in the order of their beginning.
func (c *spanCollector) below(parent *trace.Span) (list []*trace.Span) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.spans {
		if string(s.TraceId) == string(parent.TraceId) &&
			string(s.ParentSpanId) == string(parent.SpanId) {
			list = append(list, s)
		}
	}
	slices.SortStableFunc(list, func(a, b *trace.Span) int {
		return cmp.Compare(a.StartTimeUnixNano, b.StartTimeUnixNano)
	})
	return list
}

// drawn shows the stages of a span, and those of other servers' parts in lines of their own.
func (c *spanCollector) drawn(parent *trace.Span) string {
	var own []string
	var others []string
	for _, s := range c.below(parent) {
		if parts := c.below(s); len(parts) > 0 {
			others = append(others, s.Name+": "+c.drawn(s))
			continue
		}
		own = append(own, s.Name)
	}
	slices.Sort(others)
	return strings.Join(append([]string{strings.Join(own, " ")}, others...), "\n")
}

// expectOrder fails unless the children of a span lie in it, each of them begins where one
// before it ends, or another one that does begins.
func (c *spanCollector) expectOrder(parent *trace.Span) {
	c.t.Helper()
	at := map[uint64]bool{parent.StartTimeUnixNano: true}
	for _, s := range c.below(parent) {
		if len(c.below(s)) > 0 { // another server's
			if s.StartTimeUnixNano < parent.StartTimeUnixNano {
				c.t.Errorf("%s begins before the request", s.Name)
			}
			c.expectOrder(s)
			continue
		}
		if !at[s.StartTimeUnixNano] || s.EndTimeUnixNano < s.StartTimeUnixNano ||
			s.EndTimeUnixNano > parent.EndTimeUnixNano {
			c.t.Errorf("%s of %s goes from %d to %d, in %d to %d", s.Name, parent.Name,
				s.StartTimeUnixNano, s.EndTimeUnixNano,
				parent.StartTimeUnixNano, parent.EndTimeUnixNano)
		}
		at[s.EndTimeUnixNano] = true
	}
}

func (c *spanCollector) expectTrace(op, path, want string) *trace.Span {
	c.t.Helper()
	s := c.whole(op, path)
	if got := c.drawn(s); got != want {
		c.t.Errorf("the trace of %s %s is\n%s\nwant\n%s", op, path, got, want)
	}
	c.expectOrder(s)
	return s
}

// tracedEnsemble is an ensemble of three voters and an observer that tells a collector all, with a
// client of each server.
func tracedEnsemble(t *testing.T) (*ensemble, *spanCollector, map[zoo.ServerID]*client) {
	e, spans := newEnsemble(t, 3, 1), startCollector(t)
	e.adjust = spans.tell(1)
	for id := range e.ports {
		e.start(id)
	}
	clients := map[zoo.ServerID]*client{}
	for id := range e.ports {
		clients[id] = e.session(id)
	}
	return e, spans, clients
}

// settle waits until all servers have a znode, and ends them.
func (e *ensemble) settle(clients map[zoo.ServerID]*client, path string) {
	for id := range e.ports {
		e.expect(clients[id], path, "")
	}
	for _, s := range e.servers {
		if err := s.stop(); err != nil {
			e.t.Error(err)
		}
	}
}

// The stages of a write at servers that do not have the client.
const (
	atOther    = "\nfollower: sync quorum apply"
	atLeader   = "\nleader: queue propose sync quorum apply"
	atObserver = "\nobserver: sync apply"
)

// The plot: a client of a follower creates a znode. That is one trace with the stages of all
// four servers, although they have not talked of it. So is one of a client of the leader.
func TestAWriteIsOneTraceAcrossServers(t *testing.T) {
	e, spans, clients := tracedEnsemble(t)
	leader := e.leader()
	follower := leader%3 + 1
	c := clients[follower]
	c.create("/a", "secret")
	clients[leader].create("/b", "")
	e.settle(clients, "/b")
	s := spans.expectTrace("create", "/a",
		"receive queue forward sync quorum apply reply"+atOther+atLeader+atObserver)
	for key, want := range map[string]string{
		"zookeeper.server": fmt.Sprint(follower), "zookeeper.role": "follower",
		"zookeeper.session": fmt.Sprintf("0x%x", uint64(c.opened.SessionID)),
		"zookeeper.xid":     "1000", "zookeeper.error": "",
	} {
		if got := attribute(s.Attributes, key); got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
	if strings.Contains(s.String(), "secret") {
		t.Error("the data of a znode is in the trace")
	}
	spans.expectTrace("create", "/b",
		"receive queue propose sync quorum apply reply"+atOther+atOther+atObserver)
}

// The plot: a client of a follower reads, looks for what is not there, reads behind a write,
// syncs, and deletes in vain; the leader ends a session that is silent.
func TestReadsAndRefusalsHaveTracesToo(t *testing.T) {
	e, spans, clients := tracedEnsemble(t)
	leader := e.leader()
	c := clients[leader%3+1]
	c.create("/a", "")
	c.call(2, wire.OpGetData, &wire.GetDataRequest{Path: "/a"}, zoo.CodeOK)
	c.call(3, wire.OpExists, &wire.ExistsRequest{Path: "/none"}, zoo.CodeNoNode)
	c.call(4, wire.OpDelete, &wire.DeleteRequest{Path: "/none", Version: -1}, zoo.CodeNoNode)
	c.call(5, wire.OpSync, &wire.SyncRequest{Path: "/s"}, zoo.CodeOK)
	c.pipeline(request(6, wire.OpCreate, create("/b", "")),
		request(7, wire.OpGetData, &wire.GetDataRequest{Path: "/b"}))
	c.reply(6, zoo.CodeOK)
	c.reply(7, zoo.CodeOK)
	doomed := e.session(leader)
	e.servers[leader].queue.push(replica.Expire{Session: doomed.opened.SessionID})
	doomed.ended()
	c.create("/c", "")
	e.settle(clients, "/c")
	spans.expectTrace("getData", "/a", "receive read reply")
	spans.expectTrace("getData", "/b", "queue reply")
	spans.expectTrace("sync", "/s", "receive queue quorum reply")
	missing := spans.expectTrace("exists", "/none", "receive read reply")
	if code := attribute(missing.Attributes, "zookeeper.error"); code != "no node (-101)" ||
		missing.Status != nil {
		t.Errorf("what is not there has the error %q and the status %v", code, missing.Status)
	}
	spans.expectFailed(4)
	spans.expectEnd(doomed.opened.SessionID, leader)
}

// expectFailed looks for a write that was refused: it is a transaction all the same.
func (c *spanCollector) expectFailed(xid int32) {
	c.t.Helper()
	for _, s := range c.spans {
		if s.Name != "delete" {
			continue
		}
		if code := attribute(s.Attributes, "zookeeper.error"); code != "no node (-101)" ||
			attribute(s.Attributes, "zookeeper.xid") != fmt.Sprint(xid) {
			c.t.Errorf("a delete that failed has the error %q", code)
		}
		if n := len(c.below(s)); n != 10 {
			c.t.Errorf("it has %d spans below it:\n%s", n, c.drawn(s))
		}
		return
	}
	c.t.Error("no span of a delete")
}

// expectEnd looks for the end of a session that nobody has asked for: it is the leader's.
func (c *spanCollector) expectEnd(session zoo.SessionID, leader zoo.ServerID) {
	c.t.Helper()
	for _, s := range c.spans {
		if s.Name == "closeSession" && len(s.ParentSpanId) == 0 &&
			attribute(s.Attributes, "zookeeper.session") == fmt.Sprintf("0x%x", uint64(session)) {
			if at := attribute(s.Attributes, "zookeeper.server"); at != fmt.Sprint(leader) {
				c.t.Errorf("server %s tells the end of a session, %d leads", at, leader)
			}
			return
		}
	}
	c.t.Errorf("no span of the end of session %v", session)
}

// The plot: a server alone traces half of all requests. Which ones follows from the session and
// the xid alone, so that another server would take the same.
func TestAShareOfTheRequestsIsTraced(t *testing.T) {
	spans := startCollector(t)
	disk := vfs.NewMem()
	cfg := standaloneConfig(disk)
	spans.tell(0.5)(&cfg)
	s := start(t, disk, cfg)
	c := s.connect()
	c.call(1, wire.OpCreate, create("/a", ""), zoo.CodeOK)
	const last = 200
	sampler, want := traces.NewSampler(0.5), []string{}
	for xid := int32(2); xid <= last; xid++ {
		if xid%2 == 0 {
			c.call(xid, wire.OpExists, &wire.ExistsRequest{Path: "/a"}, zoo.CodeOK)
		} else {
			c.call(xid, wire.OpSetData, &wire.SetDataRequest{Path: "/a", Version: -1}, zoo.CodeOK)
		}
		if sampler.Takes(traces.KeyOf(c.opened.SessionID, xid)) {
			want = append(want, fmt.Sprint(xid))
		}
	}
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	got := []string{}
	for _, span := range spans.spans {
		if span.Name == "exists" || span.Name == "setData" {
			got = append(got, attribute(span.Attributes, "zookeeper.xid"))
		}
	}
	slices.Sort(got) // They come from the reader and the loop.
	slices.Sort(want)
	if !slices.Equal(got, want) || len(got) < last/4 {
		t.Errorf("traced are %v, want %v", got, want)
	}
}

// The plot: the collector takes requests, and never answers. Clients get all their replies,
// what has no room is counted, and the server ends.
func TestACollectorThatHangsKeepsNobodyWaiting(t *testing.T) {
	end := make(chan struct{})
	hanging := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		<-end
	}))
	defer hanging.Close()
	defer close(end)
	disk := vfs.NewMem()
	cfg := standaloneConfig(disk)
	cfg.Traces = TracesConfig{Endpoint: hanging.URL, Share: 1}
	s := start(t, disk, cfg)
	c := s.connect()
	c.create("/a", "")
	for xid := int32(10); s.meters.requests.spansLost.Count() == 0; xid++ {
		var many [][]byte
		for range 1000 {
			many = append(many, request(xid, wire.OpExists, &wire.ExistsRequest{Path: "/a"}))
		}
		c.pipeline(many...)
		for range many {
			c.reply(xid, zoo.CodeOK)
		}
		c.call(1, wire.OpSetData, &wire.SetDataRequest{Path: "/a", Version: -1}, zoo.CodeOK)
	}
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	if n := s.meters.requests.spansSent.Count(); n != 0 {
		t.Errorf("%d spans were taken by nobody", n)
	}
}

// configuredBy is what settings come to.
func configuredBy(t *testing.T, settings ...string) (Config, error) {
	t.Helper()
	cfg, _, err := config.Load(config.Source{
		DataDir: t.TempDir(), ClientListen: "127.0.0.1:0", Properties: settings})
	if err != nil {
		t.Fatal(err)
	}
	return FromConfig(cfg)
}

func TestNothingIsTracedUnlessAsked(t *testing.T) {
	own, err := configuredBy(t, "traces.sampleRate=1")
	if err != nil {
		t.Fatal(err)
	}
	if s := Assemble(own, silent, BuildInfo{}); s.tracer != nil {
		t.Error("there is a tracer")
	}
}

// The plot: an operator names files that are not there, or are no such files, and then a
// collector with a certificate of its own authority, which wants a token.
func TestACollectorIsReachedByTLSWithAToken(t *testing.T) {
	told := make(chan string, 1)
	secured := httptest.NewTLSServer(http.HandlerFunc(
		func(_ http.ResponseWriter, r *http.Request) {
			select {
			case told <- r.Header.Get("Authorization"):
			default:
			}
		}))
	defer secured.Close()
	ca, headers := filepath.Join(t.TempDir(), "ca"), filepath.Join(t.TempDir(), "headers")
	settings := []string{"traces.endpoint=" + secured.URL, "traces.sampleRate=1",
		"traces.caFile=" + ca, "traces.headersFile=" + headers}
	certificate := pem.EncodeToMemory(
		&pem.Block{Type: "CERTIFICATE", Bytes: secured.Certificate().Raw})
	for _, step := range []struct{ file, text, refusal string }{
		{ca, "none", "headers: no such file"}, {headers, "token", "line 1 is not NAME: VALUE"},
		{headers, "Authorization: Bearer t", "has no certificate in PEM"},
		{ca, string(certificate), ""},
	} {
		if err := os.WriteFile(step.file, []byte(step.text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := configuredBy(t, settings...)
		if got := fmt.Sprint(err); !strings.Contains(got, cmp.Or(step.refusal, "<nil>")) {
			t.Errorf("refused with %s, want %q", got, step.refusal)
		}
	}
	own, _ := configuredBy(t, settings...)
	s := start(t, vfs.NewMem(), own)
	s.connect().create("/a", "")
	if token := <-told; token != "Bearer t" {
		t.Errorf("the token is %q", token)
	}
}
