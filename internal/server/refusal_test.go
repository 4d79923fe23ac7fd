package server

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"zoo"
	"zoo/internal/core/throttle"
	"zoo/internal/disk/vfs"
	"zoo/internal/ops/metrics"
	"zoo/internal/wire"
)

// limited starts a standalone server with limits.
func limited(t *testing.T, adjust func(*Config)) *running {
	disk := vfs.NewMem()
	cfg := standaloneConfig(disk)
	adjust(&cfg)
	return start(t, disk, cfg)
}

// refused waits until there were refusals for a reason, in the metric as well: some are
// counted once the connection is closed.
func (r *running) refused(why refusal) {
	r.t.Helper()
	until(r.t, func() bool { return r.meters.conns.refusals.Of(why.key).Count() > 0 })
}

func TestConnectionsAreBoundedForAnAddressAndInAll(t *testing.T) {
	s := limited(t, func(c *Config) { c.ConnsPerHostMax = 1 })
	s.connect()
	s.dial().ended()
	s.refused(refusedConnsPerHost)

	s = limited(t, func(c *Config) { c.ConnsMax = 2 })
	first := s.connect()
	s.connect()
	s.dial().ended()
	s.refused(refusedConns)
	first.call(1, wire.OpPing, nil, zoo.CodeOK)
}

// The plot: the bucket has the tokens of one new session. The second client is sent
// away; an old session costs less than is there.
func TestHandshakesThatComeTooFastAreSentAway(t *testing.T) {
	s := limited(t, func(c *Config) {
		c.Admission = AdmissionConfig{
			Config: throttle.Config{
				Tokens: 4, FillTime: time.Hour, FillCount: 1, FreezeTime: -1,
			},
			GlobalCost: 3, RenewalCost: 1,
		}
	})
	first := s.connect()
	second := s.dial()
	second.sendFrame(newSession().AppendTo(nil))
	second.ended()
	s.refused(refusedRate)
	again := s.dial()
	again.handshake(first.resume())
	again.call(1, wire.OpPing, nil, zoo.CodeOK)
}

func TestAConnectionWithoutAHandshakeIsClosedInTime(t *testing.T) {
	s := limited(t, func(c *Config) { c.SessionlessMax = time.Millisecond })
	s.dial().ended()
	slow := s.dial()
	slow.write([]byte{0})
	slow.ended()
	s.refused(refusedSessionless)
}

func TestLargeRequestsInProcessAreBoundedTogether(t *testing.T) {
	s := limited(t, func(c *Config) {
		c.Large = LargeConfig{ThresholdBytes: 1000, SumBytesMax: 3000}
	})
	c := s.connect()
	for i := range int32(5) {
		// One after the other they fit, as often as you like.
		c.create("/"+string(rune('a'+i)), strings.Repeat("x", 2000))
	}
	c.pipeline(request(9, wire.OpCreate, create("/z", strings.Repeat("x", 4000))))
	c.ended()
	s.refused(refusedLarge)
	if sum := s.large.sum.Load(); sum != 0 {
		t.Errorf("%d bytes are in process when nothing is", sum)
	}
}

// The plot: one request may be in process at a time, so that those behind it wait for
// their turn. All are answered, in order, and so are another client's.
func TestRequestsWaitForRoomInThePipeline(t *testing.T) {
	s := limited(t, func(c *Config) { c.Stall.RequestsMax = 1 })
	c, other := s.connect(), s.connect()
	const n = 20
	var requests [][]byte
	for i := range int32(n) {
		path := "/" + string(rune('a'+i))
		requests = append(requests, request(1+i, wire.OpCreate, create(path, "")),
			request(100+i, wire.OpExists, &wire.ExistsRequest{Path: path}))
	}
	c.pipeline(requests...)
	other.create("/other", "")
	for i := range int32(n) {
		c.reply(1+i, zoo.CodeOK)
		c.reply(100+i, zoo.CodeOK)
	}
	if s.meters.requests.stalls.Count() == 0 {
		t.Error("nobody waited")
	}
	if left := s.inflight.Load(); left != 0 {
		t.Errorf("%d requests are in process when all are answered", left)
	}
}

// The plot: as before, but nothing is worth waiting for. The client is told, in the
// order of its requests, and its connection stays.
func TestARequestThatWaitedTooLongIsThrottled(t *testing.T) {
	s := limited(t, func(c *Config) { c.Stall = StallConfig{RequestsMax: 1, WaitMax: 1} })
	c := s.connect()
	c.pipeline(request(1, wire.OpCreate, create("/a", "")),
		request(2, wire.OpCreate, create("/b", "")),
		request(3, wire.OpExists, &wire.ExistsRequest{Path: "/a"}))
	c.reply(1, zoo.CodeOK)
	c.reply(2, zoo.CodeThrottledOp)
	c.reply(3, zoo.CodeOK)
	c.call(4, wire.OpExists, &wire.ExistsRequest{Path: "/b"}, zoo.CodeNoNode)
	s.refused(refusedWait)
	if s.meters.requests.throttled.Count() != 1 {
		t.Error("not counted")
	}
}

// The plot: a request waits longer than its session may be silent. Nobody waits for
// its reply any more, so it is dropped, and its connection with it.
func TestARequestOlderThanItsSessionsTimeoutIsDropped(t *testing.T) {
	var gate sync.Mutex
	disk := vfs.NewMem()
	cfg := standaloneConfig(disk)
	cfg.Stall = StallConfig{RequestsMax: 1, LatencyMax: true, Pause: 10 * time.Millisecond}
	cfg.SessionTimeoutMin = time.Millisecond
	cfg.Store.FS = vfs.NewFaulty(disk, func(_ int, op vfs.Op) error {
		if op.Kind == vfs.OpSync {
			gate.Lock()
			defer gate.Unlock()
		}
		return nil
	})
	s := start(t, disk, cfg)
	hello := newSession()
	hello.TimeOut = 1000 // the session must not end on a machine that is busy
	c := s.dial()
	c.handshake(hello)
	gate.Lock()
	c.pipeline(request(1, wire.OpCreate, create("/a", "")),
		request(2, wire.OpCreate, create("/b", "")))
	// The reader that waits keeps the session alive; the disk comes back late.
	time.AfterFunc(time.Duration(hello.TimeOut+300)*time.Millisecond, gate.Unlock)
	c.reply(1, zoo.CodeOK)
	c.ended()
	s.refused(refusedStale)
	watcher := s.connect()
	watcher.call(1, wire.OpExists, &wire.ExistsRequest{Path: "/b"}, zoo.CodeNoNode)
}

// A flood of refusals is one line in the log, and then how many there were.
func TestRefusalsAreLoggedNowAndThen(t *testing.T) {
	var text bytes.Buffer
	var now time.Duration
	r := &refusals{
		log:  slog.New(slog.NewTextHandler(&text, nil)),
		mono: func() time.Duration { return now }, logged: map[string]*refusalLog{},
		counter: metrics.NewSet().CounterSet("refusals", ""),
	}
	for range 100 {
		r.note(refusedConns, "client", "somebody")
	}
	if n := strings.Count(text.String(), "maxCnxns"); n != 1 {
		t.Fatalf("%d lines:\n%s", n, &text)
	}
	now = refusalLogPause
	r.note(refusedConns, "client", "another")
	if !strings.Contains(text.String(), "alike_since_last_line=99") {
		t.Fatalf("the second line does not count:\n%s", &text)
	}
	if n := r.counter.Of(refusedConns.key).Count(); n != 101 {
		t.Fatalf("%d were counted", n)
	}
	text.Reset()
	r.note(refusedTLS, "error", errors.New(strings.Repeat("x", 100_000)))
	if text.Len() > 2*shownMax {
		t.Fatalf("a line of %d bytes", text.Len())
	}
}
