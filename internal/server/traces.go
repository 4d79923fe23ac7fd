package server

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"zoo"
	"zoo/internal/config"
	"zoo/internal/core/replica"
	"zoo/internal/ops/traces"
	"zoo/internal/wire"
)

// TracesConfig is which requests are told to an OpenTelemetry collector.
type TracesConfig struct {
	// Endpoint is the collector's URL, with the path; empty for none.
	Endpoint string
	// HeadersFile has headers for it, a NAME: VALUE on each line; empty for none.
	HeadersFile string
	// TLS is how it is reached by https; nil takes the system's certificates.
	TLS *tls.Config
	// Transport replaces the connections, for tests.
	Transport http.RoundTripper
	// Share of the requests is traced, from 0 to 1.
	Share float64
	// Service is who the server says that it is.
	Service string
	// PathsOmitted leaves the paths of znodes out.
	PathsOmitted bool
}

// takeTraces takes who is told of requests. The files are looked at now, while somebody looks.
func (own *Config) takeTraces(c *config.Traces) error {
	own.Traces = TracesConfig{Endpoint: c.Endpoint, HeadersFile: c.HeadersFile,
		Share: c.Share, Service: c.Service, PathsOmitted: c.PathsOmitted}
	if c.Endpoint == "" {
		return nil
	}
	if c.HeadersFile != "" {
		if _, err := traces.ReadHeaders(c.HeadersFile); err != nil {
			return fmt.Errorf("traces.headersFile: %w", err)
		}
	}
	if c.CAFile == "" {
		return nil
	}
	text, err := os.ReadFile(c.CAFile)
	if err != nil {
		return fmt.Errorf("traces.caFile: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		return fmt.Errorf("traces.caFile: %s has no certificate in PEM", c.CAFile)
	}
	own.Traces.TLS = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	return nil
}

// newTracer tells the collector; nil if there is none.
func (s *Server) newTracer() *traces.Exporter {
	cfg := s.cfg.Traces
	if cfg.Endpoint == "" {
		return nil
	}
	host, _ := os.Hostname()
	m := &s.meters.requests
	return traces.New(traces.Config{
		Endpoint: cfg.Endpoint, HeadersFile: cfg.HeadersFile, TLS: cfg.TLS,
		Transport: cfg.Transport, Service: cfg.Service, Version: s.build.Version, Host: host,
		Server: s.cfg.ID, Sampler: traces.NewSampler(cfg.Share), PathsOmitted: cfg.PathsOmitted,
		Sent:   func(spans int) { m.spansSent.Add(uint64(spans)) },
		Lost:   func(spans int) { m.spansLost.Add(uint64(spans)) },
		Failed: s.traceFailures(),
	})
}

// tracesLogPause lies between two lines of the log for a collector that does not take what it
// is told.
const tracesLogPause = time.Minute

func (s *Server) traceFailures() func(error) {
	said := -tracesLogPause
	return func(err error) {
		s.meters.requests.traceErrors.Inc()
		if now := s.mono(); now-said >= tracesLogPause {
			s.log.Warn("traces are not taken", "error", err)
			said = now
		}
	}
}

// beginTraces starts the exporter; end has it send what is there. It is none of the tasks:
// nothing else of the server waits for it.
func (s *Server) beginTraces() (end func()) {
	if s.tracer == nil {
		return func() {}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer s.catch("traces")
		s.tracer.Run()
	}()
	return func() {
		s.tracer.Close()
		<-done
	}
}

// underWayMax bounds the sampled requests of which the loop waits for the outcome.
const underWayMax = 4096

// tracing is what the loop knows of sampled requests. It is the loop's.
type tracing struct {
	// underWay are those that it has taken. At a leader those of its learners are there, too.
	underWay map[traces.Key]underWay
	// applied are those whose reply is still to be written.
	applied []traced
}

// underWay is a request on its way to its outcome.
type underWay struct {
	key     traces.Key
	session zoo.SessionID
	xid     int32
	// here tells that the client is here, and not at a learner.
	here bool
	// read is when it arrived, left when the loop could have taken it, taken when it did.
	read, left, taken time.Duration
}

// traced is what is known of a request here, in the end all.
type traced struct {
	traces.Record
	// at are the stages, on the clock of this process.
	at [traces.Reply + 1]struct{ from, to time.Duration }
}

// pass notes a stage; one that did not begin, as far as is known, is none.
func (t *traced) pass(stage traces.Stage, from, to time.Duration) {
	if from != 0 && to != 0 {
		t.at[stage].from, t.at[stage].to = from, max(from, to)
	}
}

// trace hands a record over. The wall's clock is asked for it each time: it may be set.
func (s *Server) trace(t *traced) {
	now := time.Now()
	mono := now.Sub(s.start)
	now = now.Round(0)
	for stage, i := range t.at {
		if i.from != 0 {
			from, to := now.Add(i.from-mono), now.Add(i.to-mono)
			t.Stages[stage] = traces.Interval{From: from, To: to}
		}
	}
	s.tracer.Add(&t.Record)
}

// The reader's side.

// sample tells whether a request is traced. What a client's library asks for by itself has
// fixed numbers below zero, which would always be taken or never.
func (t *turn) sample(xid int32) (traces.Key, bool) {
	key := traces.KeyOf(t.conn.session, xid)
	return key, t.conn.server.tracer.Takes(key) && xid >= 0
}

// traceSubmitted notes a request of the batch, if it is sampled.
func (t *turn) traceSubmitted(xid int32) {
	if key, ok := t.sample(xid); ok {
		t.sampled = append(t.sampled, underWay{
			key: key, session: t.conn.session, xid: xid, here: true, read: t.now})
	}
}

// leaveSampled tells the loop which requests of the batch that comes next are sampled.
func (t *turn) leaveSampled() {
	s, list := t.conn.server, t.sampled
	left := s.mono()
	for i := range list {
		list[i].left = left
	}
	t.sampled = nil
	s.queue.put(func() { s.loop.expectTraced(list) })
}

// readsTracedMax bounds the sampled reads that wait for their replies to be written.
const readsTracedMax = 64

// answerTraced answers a read that is sampled.
func (t *turn) answerTraced(key traces.Key, row *operation, xid int32, body []byte) {
	began := t.conn.server.mono()
	t.answerNow(row, xid, body)
	r := traced{Record: traces.Record{
		Key: key, Session: t.conn.session, Xid: xid, Zxid: t.exec.zxid, Op: t.last,
		Path: strings.Clone(znodeOf(nil, body)), Code: t.exec.code, Whole: true,
	}}
	r.pass(traces.Receive, t.now, began)
	r.pass(traces.Read, began, t.conn.server.mono())
	if t.traced = append(t.traced, r); len(t.traced) == readsTracedMax {
		t.traceReads()
	}
}

// traceReads ends the traces of the reads whose replies are written now.
func (t *turn) traceReads() {
	s := t.conn.server
	now := s.mono()
	for i := range t.traced {
		r := &t.traced[i]
		r.pass(traces.Reply, r.at[traces.Read].to, now)
		s.trace(r)
	}
	t.traced = nil
}

// forwardedHeadBytes is what a forwarded request begins with: session, cxid and type.
const forwardedHeadBytes = 16

// traceForwarded notes the requests of a learner that are sampled. A sync is its own affair.
func (s *Server) traceForwarded(packets []wire.QuorumPacket) {
	var list []underWay
	for i := range packets {
		p := &packets[i]
		if p.Type != wire.PacketRequest || len(p.Data) < forwardedHeadBytes {
			continue
		}
		session := zoo.SessionID(binary.BigEndian.Uint64(p.Data))
		xid := int32(binary.BigEndian.Uint32(p.Data[8:]))
		op := wire.Op(int32(binary.BigEndian.Uint32(p.Data[12:])))
		if key := traces.KeyOf(session, xid); s.tracer.Takes(key) && op != wire.OpSync {
			list = append(list, underWay{key: key, session: session, xid: xid, left: s.mono()})
		}
	}
	if len(list) > 0 {
		s.queue.put(func() { s.loop.expectForwardedTraced(list) })
	}
}

// The loop's side.

func (l *loop) expectForwardedTraced(list []underWay) {
	if l.status.State == replica.Leading { // A follower that serves observers hands them on.
		l.expectTraced(list)
	}
}

// expectTraced notes requests that are taken in this turn.
func (l *loop) expectTraced(list []underWay) {
	t := &l.tracing
	if t.underWay == nil {
		t.underWay = map[traces.Key]underWay{}
	}
	for _, u := range list {
		if len(t.underWay) >= underWayMax {
			l.forgetTraced()
		}
		u.taken = l.now.Mono
		t.underWay[u.key] = u
	}
}

// forgetTraced makes room: of those whose client or learner has gone nobody will hear.
func (l *loop) forgetTraced() {
	for range l.tracing.underWay {
		l.server.tracer.Lose()
	}
	clear(l.tracing.underWay)
}

// traceOutcome takes note of an outcome, if it is of a request that is sampled. By then the
// reply is made, and the watchers are told.
func (l *loop) traceOutcome(o *replica.Outcome) {
	switch {
	case o.Result != nil:
		h := &o.Result.Header
		if key := traces.KeyOf(h.Session, h.Cxid); l.server.tracer.Takes(key) {
			l.traceTransaction(key, o)
		}
	case len(l.tracing.underWay) > 0 && l.conns[o.Conn] != nil:
		key := traces.KeyOf(l.conns[o.Conn].session, o.Xid)
		if u, known := l.tracing.underWay[key]; known && u.here {
			delete(l.tracing.underWay, key)
			l.traceUntransacted(&u, o)
		}
	}
}

// traceUntransacted notes what is answered without a transaction: a sync, or a refusal. The
// leader's answer is all that it has waited for.
func (l *loop) traceUntransacted(u *underWay, o *replica.Outcome) {
	t := l.newTraced(u, l.exec.tree.Zxid())
	now := l.server.mono()
	t.Op, t.Code, t.Path, t.Whole = o.Op, o.Code, o.Path, true
	t.pass(traces.Quorum, u.taken, now)
	t.pass(traces.Reply, now, now)
	l.tracing.applied = append(l.tracing.applied, t)
}

// newTraced begins with the stages before the history.
func (l *loop) newTraced(u *underWay, zxid zoo.Zxid) traced {
	t := traced{Record: traces.Record{Key: u.key, Session: u.session, Xid: u.xid, Zxid: zxid}}
	if l.server.peers != nil {
		t.Role = l.status.State.String()
	}
	t.pass(traces.Receive, u.read, u.left)
	t.pass(traces.Queue, u.left, u.taken)
	return t
}

// traceTransaction notes one that was applied. While the server is brought up to date it does
// not: that is history.
func (l *loop) traceTransaction(key traces.Key, o *replica.Outcome) {
	u, known := l.tracing.underWay[key]
	delete(l.tracing.underWay, key)
	if !l.status.Serving {
		return
	}
	h := &o.Result.Header
	u.key, u.session, u.xid = key, h.Session, h.Cxid
	if c := l.conns[o.Conn]; o.Opened != nil && c != nil {
		u.here, u.taken = true, c.asked
	}
	t := l.newTraced(&u, h.Zxid)
	t.Op, t.Code, t.Path = o.Op, o.Result.Code, strings.Clone(znodeOf(o, nil))
	// Of what nobody has asked for the whole is told where it was made.
	t.Whole = u.here || !known && h.Cxid == 0 && l.makes()
	l.passHistory(&t, &u)
	l.tracing.applied = append(l.tracing.applied, t)
}

// makes tells whether this server makes the transactions.
func (l *loop) makes() bool {
	return l.status.State == replica.Leading || l.status.State == replica.Standalone
}

// passHistory notes the stages from the history to the tree.
func (l *loop) passHistory(t *traced, u *underWay) {
	now, p := l.server.mono(), l.tides.passage(t.Zxid)
	before := traces.Propose
	if !l.makes() {
		before = traces.Forward
	}
	t.pass(before, u.taken, p.logged)
	t.pass(traces.Sync, p.logged, p.durable)
	if l.status.State != replica.Observing { // It hears of what is committed only.
		t.pass(traces.Quorum, p.logged, p.committed)
	}
	t.pass(traces.Apply, p.ready(), now)
	if u.here {
		t.pass(traces.Reply, now, now)
	}
}

// traceWaited notes a read that has waited for a write before it.
func (l *loop) traceWaited(c *conn, q *queued) {
	key := traces.KeyOf(c.session, q.xid)
	if q.xid < 0 || !l.server.tracer.Takes(key) {
		return
	}
	now := l.server.mono()
	t := traced{Record: traces.Record{
		Key: key, Session: c.session, Xid: q.xid, Zxid: l.exec.zxid, Op: q.op,
		Path: strings.Clone(znodeOf(nil, q.body)), Code: l.exec.code, Whole: true,
	}}
	t.pass(traces.Queue, q.since, now)
	t.pass(traces.Reply, now, now)
	l.tracing.applied = append(l.tracing.applied, t)
}

// traceApplied ends the traces of what was applied, now that the replies are written, or handed
// over to be written if they are many.
func (l *loop) traceApplied() {
	now := l.server.mono()
	list := l.tracing.applied
	for i := range list {
		if reply := &list[i].at[traces.Reply]; reply.from != 0 {
			reply.to = now
		}
		l.server.trace(&list[i])
	}
	clear(list)
	l.tracing.applied = list[:0]
}

// nowTraced is the instant of what this turn has done. Whoever traces wants it exactly: from
// the turn's begin on a transaction is made.
func (l *loop) nowTraced() time.Duration {
	if l.server.tracer == nil {
		return l.now.Mono
	}
	return l.server.mono()
}
