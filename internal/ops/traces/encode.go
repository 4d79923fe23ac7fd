package traces

import (
	"fmt"
	"strconv"

	common "go.opentelemetry.io/proto/slim/otlp/common/v1"
	resource "go.opentelemetry.io/proto/slim/otlp/resource/v1"
	trace "go.opentelemetry.io/proto/slim/otlp/trace/v1"

	"zoo"
)

// encoder makes OTLP's messages of records.
type encoder struct {
	cfg      *Config
	resource *resource.Resource
	scope    *common.InstrumentationScope
	state    string
}

func newEncoder(cfg *Config) *encoder {
	server := strconv.FormatInt(int64(cfg.Server), 10)
	return &encoder{
		cfg: cfg, state: cfg.Sampler.state(),
		resource: &resource.Resource{Attributes: []*common.KeyValue{
			text("service.name", cfg.Service), text("service.version", cfg.Version),
			text("service.instance.id", server), text("host.name", cfg.Host),
		}},
		scope: &common.InstrumentationScope{Name: "zoo", Version: cfg.Version},
	}
}

func (e *encoder) message(records []Record) *trace.ResourceSpans {
	var spans []*trace.Span
	for i := range records {
		spans = append(spans, e.spans(&records[i])...)
	}
	return &trace.ResourceSpans{Resource: e.resource, ScopeSpans: []*trace.ScopeSpans{
		{Scope: e.scope, Spans: spans}}}
}

// The flags of a span: W3C's for a trace that is sampled, and whose id is as good as random;
// and OTLP's that say whether the parent is another server's.
const (
	flagsTrace    = 0x03
	flagsLocal    = flagsTrace | uint32(trace.SpanFlags_SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK)
	flagsOfRemote = flagsLocal | uint32(trace.SpanFlags_SPAN_FLAGS_CONTEXT_IS_REMOTE_MASK)
)

// spans are those of one record: the request or this member's part of it, and the stages as
// its children.
func (e *encoder) spans(r *Record) []*trace.Span {
	id, top := traceOf(r.Key, r.Zxid), Request
	if !r.Whole {
		top = Member
	}
	parent := e.span(id, top, r.whole())
	if r.Whole {
		e.describeRequest(parent, r)
	} else {
		e.describeMember(parent, r)
		parent.ParentSpanId, parent.Flags = id.span(Request, e.cfg.Server), flagsOfRemote
	}
	spans := []*trace.Span{parent}
	for stage, interval := range r.Stages {
		if !interval.some() {
			continue
		}
		child := e.span(id, Stage(stage), interval)
		child.ParentSpanId = parent.SpanId
		spans = append(spans, child)
	}
	return spans
}

func (e *encoder) span(id traceID, stage Stage, i Interval) *trace.Span {
	return &trace.Span{
		TraceId: id.bytes(), SpanId: id.span(stage, e.cfg.Server), TraceState: e.state,
		Flags: flagsLocal, Name: names[stage], Kind: trace.Span_SPAN_KIND_INTERNAL,
		StartTimeUnixNano: uint64(i.From.UnixNano()), EndTimeUnixNano: uint64(i.To.UnixNano()),
	}
}

func (e *encoder) describeRequest(s *trace.Span, r *Record) {
	s.Name, s.Kind = r.Op.String(), trace.Span_SPAN_KIND_SERVER
	s.Attributes = e.attributes(r)
	if r.Code != zoo.CodeOK {
		s.Attributes = append(s.Attributes, number("zookeeper.code", int64(r.Code)),
			text("zookeeper.error", r.Code.Error()))
	}
	if r.Code < 0 && r.Code > codeOfClients {
		s.Status = &trace.Status{Code: trace.Status_STATUS_CODE_ERROR, Message: r.Code.Error()}
	}
}

// codeOfClients is where the codes end that tell of a failure of the system, and those begin
// that answer what was asked: NoNode is no error of a server.
const codeOfClients zoo.Code = -100

func (e *encoder) describeMember(s *trace.Span, r *Record) {
	s.Name, s.Attributes = r.Role, e.attributes(r)
}

func (e *encoder) attributes(r *Record) []*common.KeyValue {
	list := []*common.KeyValue{
		text("zookeeper.operation", r.Op.String()),
		text("zookeeper.session", fmt.Sprintf("0x%x", uint64(r.Session))),
		number("zookeeper.xid", int64(r.Xid)),
		text("zookeeper.zxid", fmt.Sprintf("0x%x", uint64(r.Zxid))),
		number("zookeeper.server", int64(e.cfg.Server)),
	}
	if r.Role != "" {
		list = append(list, text("zookeeper.role", r.Role))
	}
	if r.Path != "" && !e.cfg.PathsOmitted {
		list = append(list, text("zookeeper.path", clipped(r.Path)))
	}
	return list
}

func text(key, value string) *common.KeyValue {
	return &common.KeyValue{Key: key, Value: &common.AnyValue{
		Value: &common.AnyValue_StringValue{StringValue: value}}}
}

func number(key string, value int64) *common.KeyValue {
	return &common.KeyValue{Key: key, Value: &common.AnyValue{
		Value: &common.AnyValue_IntValue{IntValue: value}}}
}
