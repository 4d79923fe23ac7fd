package command

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"zoo"
)

// Client is one client connection.
type Client struct {
	// Address is host:port.
	Address string
	// Secure says that it speaks TLS.
	Secure bool
	// Ops are the directions in which the server waits for the socket, as
	// Java's selector has them: 1 to read, 4 to write.
	Ops            int
	Queued         int
	Received, Sent uint64
	// Session is zero before the handshake is answered; what follows is known
	// of a session only.
	Session zoo.SessionID
	// Since is when the connection was accepted.
	Since time.Time
	// Timeout is the session's, in milliseconds.
	Timeout int32
	Last    LastReply
	Latency Latency
}

// LastReply is about the last request of a connection that was answered.
type LastReply struct {
	// Op is the short name of the operation; empty for none.
	Op string
	// Cxid is the last one of a client's own requests; -1 for none. Zxid is
	// what was applied then.
	Cxid int32
	Zxid zoo.Zxid
	// At is on the server's monotonic clock; Took is the latency.
	At, Took time.Duration
}

// brief is how stat shows a connection, without the closing parenthesis.
func (c *Client) brief() string {
	return fmt.Sprintf(" /%s[%x](queued=%d,recved=%d,sent=%d",
		c.Address, c.Ops, c.Queued, c.Received, c.Sent)
}

// full is how cons shows it.
func (c *Client) full() string {
	if c.Session == 0 {
		return c.brief() + ")\n"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s,sid=0x%x,lop=%s,est=%d,to=%d", c.brief(), uint64(c.Session),
		cmp.Or(c.Last.Op, "NA"), c.Since.UnixMilli(), c.Timeout)
	if c.Last.Cxid >= 0 {
		fmt.Fprintf(&b, ",lcxid=0x%x", c.Last.Cxid)
	}
	l := &c.Latency
	fmt.Fprintf(&b, ",lzxid=0x%x,lresp=%d,llat=%d,minlat=%d,avglat=%d,maxlat=%d)\n",
		uint64(c.Last.Zxid), c.Last.At.Milliseconds(), c.Last.Took.Milliseconds(),
		l.Shortest.Milliseconds(), l.Mean().Milliseconds(), l.Greatest.Milliseconds())
	return b.String()
}

// connections answers cons.
func (a *Answerer) connections(*Overview) string {
	var b strings.Builder
	for _, c := range a.Source.Clients() {
		b.WriteString(c.full())
	}
	b.WriteString("\n")
	return b.String()
}

// Sessions is what dump shows.
type Sessions struct {
	// Buckets are the sessions by the instant at which they expire, if they are
	// tracked here: by a leader or a standalone server. Otherwise Global holds
	// the sessions of the ensemble.
	Buckets []Bucket
	Tracked bool
	Global  []GlobalSession
	// Local are the sessions that only this server knows, HasLocal tells that it
	// may have such.
	Local    []Bucket
	HasLocal bool
	// Ephemerals are the sessions that have ephemeral znodes.
	Ephemerals []EphemeralPaths
	// Connections are the connections by the instant at which they are closed
	// unless the client is heard of.
	Connections []ConnBucket
}

// Bucket is sessions that expire at one instant.
type Bucket struct {
	Expires  time.Time
	Sessions []zoo.SessionID
}

// GlobalSession is a session that somebody else tracks.
type GlobalSession struct {
	ID            zoo.SessionID
	TimeoutMillis int32
}

// EphemeralPaths are the ephemeral znodes of a session.
type EphemeralPaths struct {
	Session zoo.SessionID
	Paths   []string
}

// ConnBucket is connections that are closed at one instant.
type ConnBucket struct {
	Expires time.Time
	Conns   []Client
}

// dump answers dump.
func (a *Answerer) dump(*Overview) string {
	s := a.Source.Sessions()
	var b strings.Builder
	b.WriteString("SessionTracker dump:\n")
	s.writeTrackers(&b)
	fmt.Fprintf(&b, "ephemeral nodes dump:\nSessions with Ephemerals (%d):\n", len(s.Ephemerals))
	for _, e := range s.Ephemerals {
		fmt.Fprintf(&b, "0x%x:\n", uint64(e.Session))
		for _, path := range e.Paths {
			b.WriteString("\t" + path + "\n")
		}
	}
	s.writeConns(&b)
	return b.String()
}

// dateLayout is how Java writes a date.
const dateLayout = "Mon Jan 02 15:04:05 MST 2006"

// writeTrackers writes the local sessions before the others, as Java does.
func (s *Sessions) writeTrackers(b *strings.Builder) {
	if s.HasLocal {
		b.WriteString("Local ")
		writeBuckets(b, s.Local)
	}
	switch {
	case !s.Tracked:
		s.writeGlobal(b)
		return
	case s.HasLocal:
		b.WriteString("Global ")
	}
	writeBuckets(b, s.Buckets)
}

func writeBuckets(b *strings.Builder, buckets []Bucket) {
	n := 0
	for _, bucket := range buckets {
		n += len(bucket.Sessions)
	}
	fmt.Fprintf(b, "Session Sets (%d)/(%d):\n", len(buckets), n)
	for _, bucket := range buckets {
		fmt.Fprintf(b, "%d expire at %s:\n", len(bucket.Sessions),
			bucket.Expires.Format(dateLayout))
		for _, id := range bucket.Sessions {
			fmt.Fprintf(b, "\t0x%x\n", uint64(id))
		}
	}
}

func (s *Sessions) writeGlobal(b *strings.Builder) {
	fmt.Fprintf(b, "Global Sessions(%d):\n", len(s.Global))
	for _, g := range s.Global {
		fmt.Fprintf(b, "0x%x\t%dms\n", uint64(g.ID), g.TimeoutMillis)
	}
}

func (s *Sessions) writeConns(b *strings.Builder) {
	n := 0
	for _, bucket := range s.Connections {
		n += len(bucket.Conns)
	}
	fmt.Fprintf(b, "Connections dump:\nConnections Sets (%d)/(%d):\n", len(s.Connections), n)
	for _, bucket := range s.Connections {
		fmt.Fprintf(b, "%d expire at %s:\n", len(bucket.Conns), bucket.Expires.Format(dateLayout))
		for _, c := range bucket.Conns {
			fmt.Fprintf(b, "\tip: /%s sessionId: 0x%x\n", c.Address, uint64(c.Session))
		}
	}
}

// Watch is one watch in the table of data watches.
type Watch struct {
	Path    string
	Session zoo.SessionID
}

// watches answers wchs.
func (a *Answerer) watches(o *Overview) string {
	return fmt.Sprintf("%d connections watching %d paths\nTotal watches:%d\n",
		o.Watches.Connections, o.Watches.Paths, o.Watches.Total)
}

// watchesByClient answers wchc.
func (a *Answerer) watchesByClient(*Overview) string {
	list := a.Source.DataWatches()
	slices.SortFunc(list, func(v, w Watch) int {
		return cmp.Or(cmp.Compare(v.Session, w.Session), cmp.Compare(v.Path, w.Path))
	})
	list = slices.Compact(list)
	var b strings.Builder
	for i, w := range list {
		if i == 0 || list[i-1].Session != w.Session {
			fmt.Fprintf(&b, "0x%x\n", uint64(w.Session))
		}
		b.WriteString("\t" + w.Path + "\n")
	}
	b.WriteString("\n")
	return b.String()
}

// watchesByPath answers wchp.
func (a *Answerer) watchesByPath(*Overview) string {
	list := a.Source.DataWatches()
	slices.SortFunc(list, func(v, w Watch) int {
		return cmp.Or(cmp.Compare(v.Path, w.Path), cmp.Compare(v.Session, w.Session))
	})
	list = slices.Compact(list)
	var b strings.Builder
	for i, w := range list {
		if i == 0 || list[i-1].Path != w.Path {
			b.WriteString(w.Path + "\n")
		}
		fmt.Fprintf(&b, "\t0x%x\n", uint64(w.Session))
	}
	b.WriteString("\n")
	return b.String()
}
