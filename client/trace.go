package client

import (
	"context"
	"sync/atomic"
	"time"

	"zoo"
)

// Trace are hooks for those who measure: metrics, spans, slow calls. Each may be nil. They
// are called by goroutines that have other things to do, many at once, and must return
// soon; what they do changes nothing for the client. They must not call it.
type Trace struct {
	// Call hears of each call when it returns, with the context of its caller, so that a
	// span finds its parent. It is called by the caller's goroutine.
	Call func(context.Context, CallInfo)
	// Connect hears of each attempt to connect, Disconnect of each connection's end.
	Connect    func(ConnectInfo)
	Disconnect func(server Server, err error)
}

// CallInfo is what there is to know of a call that has returned.
type CallInfo struct {
	// Op is the protocol's name of the operation, such as getData; Path is as the caller
	// gave it, and empty where an operation has none, as a multi.
	Op, Path string
	// Began is when the call was made, and Took how long until it returned.
	Began time.Time
	Took  time.Duration
	// Err is what the caller got.
	Err error

	// The rest is known of calls that have ended before their context did.

	// Server is the address of the server that was asked; empty if none was.
	Server string
	// Waited is how much of Took the call waited for a connection or a place on it.
	Waited time.Duration
	// Zxid is the last transaction that the server had seen when it answered.
	Zxid zoo.Zxid
	// RequestBytes and ReplyBytes are the bodies' lengths, without their headers.
	RequestBytes, ReplyBytes int
}

// ConnectInfo is what there is to know of an attempt to connect.
type ConnectInfo struct {
	Server Server
	// Took is how long it took until the server had taken the session, or failed to.
	Took time.Duration
	// Session is the session's id, and ReadOnly that the server only reads for now.
	Session  zoo.SessionID
	ReadOnly bool
	// Err is nil if the server has taken the session.
	Err error
}

// connecting tells Trace of an attempt that began then.
func (c *Client) connecting(server Server, began time.Time, l *link, err error) {
	if c.opts.Trace.Connect == nil {
		return
	}
	info := ConnectInfo{Server: server, Took: time.Since(began), Err: err}
	if l != nil {
		info.Session, info.ReadOnly = c.SessionID(), l.readOnly
	}
	c.opts.Trace.Connect(info)
}

// disconnected tells Trace of a connection's end.
func (c *Client) disconnected(server Server, err error) {
	if c.opts.Trace.Disconnect != nil {
		c.opts.Trace.Disconnect(server, err)
	}
}

// info is what there is to know of a call that began then. While it is still open the
// goroutine that reads may write to it.
func (k *call) info(began time.Time, err error) CallInfo {
	info := CallInfo{Op: k.op.String(), Path: k.path, Began: began, Took: time.Since(began),
		Err: err}
	select {
	case <-k.done:
	default:
		return info
	}
	info.Zxid, info.RequestBytes, info.ReplyBytes = k.zxid, k.size, len(k.body)
	if k.link != nil {
		info.Server, info.Waited = k.link.server.Address, k.sent.Sub(began)
	}
	return info
}

// Stats are counts since the client was made, but for those of now.
type Stats struct {
	// Calls were begun; Unanswered are those of them that ended without a server's
	// answer since the connection or the session ended. Outstanding are open now.
	Calls, Unanswered uint64
	Outstanding       int
	// Connections are those on which a server has taken the session, and Attempts those
	// that failed.
	Connections, AttemptsFailed uint64
	// Events have come from servers; EventsWaiting are not delivered to watchers yet.
	Events        uint64
	EventsWaiting int
	// Watches are the paths that are watched now, once for each kind of watch.
	Watches int
	// BytesSent and BytesReceived are the protocol's, before encryption.
	BytesSent, BytesReceived uint64
}

// counters are what Stats counts.
type counters struct {
	calls, unanswered, connections, attemptsFailed, events, sent, received atomic.Uint64
}

// Stats tells what has happened so far, for metrics: it is cheap enough to be asked each
// second.
func (c *Client) Stats() Stats {
	s := Stats{Calls: c.counts.calls.Load(), Unanswered: c.counts.unanswered.Load(),
		Outstanding: len(c.slots), Connections: c.counts.connections.Load(),
		AttemptsFailed: c.counts.attemptsFailed.Load(), Events: c.counts.events.Load(),
		EventsWaiting: c.events.length(), BytesSent: c.counts.sent.Load(),
		BytesReceived: c.counts.received.Load()}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, paths := range c.watches {
		s.Watches += len(paths)
	}
	return s
}
