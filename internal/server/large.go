package server

import (
	"sync/atomic"

	"zoo/internal/ops/audit"
)

// LargeConfig bounds what large requests in process may take together
// (zookeeper.largeRequestThreshold, zookeeper.largeRequestMaxBytes).
type LargeConfig struct {
	// ThresholdBytes is from where on a request counts; 0 counts none.
	ThresholdBytes int
	// SumBytesMax bounds their sum.
	SumBytesMax int64
}

// largeRequests is the sum of the large requests that are queued.
type largeRequests struct {
	cfg LargeConfig
	sum atomic.Int64
}

func (l *largeRequests) counts(bytes int) bool {
	return l.cfg.ThresholdBytes > 0 && bytes > l.cfg.ThresholdBytes
}

// take counts a request in; false if it does not fit any more.
func (l *largeRequests) take(bytes int) bool {
	if !l.counts(bytes) {
		return true
	}
	if l.sum.Add(int64(bytes)) <= l.cfg.SumBytesMax {
		return true
	}
	l.sum.Add(-int64(bytes))
	return false
}

func (l *largeRequests) give(bytes int) {
	if l.counts(bytes) {
		l.sum.Add(-int64(bytes))
	}
}

// popLocked drops the oldest request of the queue.
func (c *conn) popLocked() {
	c.server.large.give(c.queue.first().bytes)
	c.queue.pop()
}

// dropQueueLocked forgets all requests.
func (c *conn) dropQueueLocked() {
	for i := range c.queue.all[c.queue.at:] {
		q := &c.queue.all[c.queue.at+i]
		c.server.large.give(q.bytes)
		if q.asked != nil {
			c.server.auditLog.Note(audit.Entry{Asked: q.asked, Unknown: true})
		}
	}
	c.queue = requestQueue{}
}
