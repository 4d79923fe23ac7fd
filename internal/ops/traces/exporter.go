package traces

import (
	"context"
	"crypto/tls"
	"net/http"
	"sync"
	"time"

	"zoo"
)

// The bounds of what waits for the collector.
const (
	// recordsMax is how many records wait; one is a part of a KiB, and up to a dozen spans.
	recordsMax = 4096
	// batchMax is how many of them are told at once, gatherTime for how long they are
	// gathered.
	batchMax   = 256
	gatherTime = time.Second
	// closeMax is how long the last ones may take when the server ends.
	closeMax = time.Second
)

// Config says where the records go, and what is told with them.
type Config struct {
	// Endpoint is the collector's URL, with the path.
	Endpoint string
	// HeadersFile has lines of NAME: VALUE that go with each request; empty for none. It is
	// read anew for each, so that a token may change.
	HeadersFile string
	// TLS is for https; nil takes the system's certificates.
	TLS *tls.Config
	// Transport replaces the connections, for tests; nil for none.
	Transport http.RoundTripper

	// Service, Version, Host and Server say who tells.
	Service, Version, Host string
	Server                 zoo.ServerID
	// Sampler decides what is traced.
	Sampler Sampler
	// PathsOmitted leaves the paths of znodes out.
	PathsOmitted bool

	// Sent counts spans that a collector has taken, Lost those that it has not. They are called
	// from anywhere, at any time. Failed hears of each attempt that failed, from Run.
	Sent, Lost func(spans int)
	Failed     func(err error)
}

// Exporter tells a collector. Its methods but Run may be called from anywhere.
type Exporter struct {
	cfg     Config
	encoder *encoder
	client  *http.Client
	wake    chan struct{}
	closing chan struct{}
	// ends is done when nothing may be sent any more.
	ends context.Context
	end  context.CancelFunc

	mu      sync.Mutex // guards what follows; never held over I/O
	waiting []Record
	closed  bool
}

// New makes an exporter. Its records are sent by Run.
func New(cfg Config) *Exporter {
	x := &Exporter{cfg: cfg, wake: make(chan struct{}, 1), closing: make(chan struct{})}
	x.ends, x.end = context.WithCancel(context.Background())
	x.encoder, x.client = newEncoder(&x.cfg), newClient(&x.cfg)
	return x
}

// Takes tells whether a request is to be traced.
func (x *Exporter) Takes(k Key) bool { return x.cfg.Sampler.Takes(k) }

// Add has a record sent. It never waits: without room the record is lost, and counted.
func (x *Exporter) Add(r *Record) {
	x.mu.Lock()
	if x.closed || len(x.waiting) >= recordsMax {
		x.mu.Unlock()
		x.cfg.Lost(r.spans())
		return
	}
	x.waiting = append(x.waiting, *r)
	n := len(x.waiting)
	x.mu.Unlock()
	if n == 1 || n == batchMax {
		select {
		case x.wake <- struct{}{}:
		default:
		}
	}
}

// Lose counts a request of which no record could be made.
func (x *Exporter) Lose() { x.cfg.Lost(1) }

// Close has Run send what there is and return, within closeMax.
func (x *Exporter) Close() {
	x.mu.Lock()
	defer x.mu.Unlock()
	if !x.closed {
		x.closed = true
		close(x.closing)
		time.AfterFunc(closeMax, x.end) // also of what is on its way now
	}
}

// Run sends until Close.
func (x *Exporter) Run() {
	defer x.client.CloseIdleConnections()
	defer x.end()
	for x.gather() {
		x.sendAll()
	}
	x.sendAll()
}

// gather waits until there is something to send, and some more; false is the end.
func (x *Exporter) gather() bool {
	select {
	case <-x.wake:
	case <-x.closing:
		return false
	}
	timer := time.NewTimer(gatherTime)
	defer timer.Stop()
	if x.full() {
		return true
	}
	select {
	case <-x.wake: // There is a batch.
	case <-timer.C:
	case <-x.closing:
		return false
	}
	return true
}

// full tells whether there is a batch.
func (x *Exporter) full() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return len(x.waiting) >= batchMax
}

func (x *Exporter) sendAll() {
	for batch := x.take(); len(batch) > 0; batch = x.take() {
		x.send(batch)
	}
}

// take takes the oldest records.
func (x *Exporter) take() []Record {
	x.mu.Lock()
	defer x.mu.Unlock()
	n := min(len(x.waiting), batchMax)
	batch := x.waiting[:n:n]
	if x.waiting = x.waiting[n:]; len(x.waiting) == 0 {
		x.waiting = nil
	}
	return batch
}
