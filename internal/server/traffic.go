package server

import (
	"cmp"
	"slices"
	"time"

	"zoo"
	"zoo/internal/ops/command"
	"zoo/internal/wire"
)

// traffic is what one connection, or all of them, did since the last reset.
type traffic struct {
	received, sent uint64
	// receivedBytes counts frames with their length; the other two count
	// without it.
	receivedBytes, replyBytes, eventBytes uint64
	sizes                                 frameSizes
	latency                               command.Latency
}

// frameSizes describes the frames that went out; no frame is empty, so that zero
// is none.
type frameSizes struct {
	last, smallest, greatest int
	// at is when the last reply was noted that last is about, more or less: it
	// only decides which connection's is the later one.
	at time.Duration
}

// note adds n replies that took as long as took.
func (t *traffic) note(n int, took time.Duration) {
	t.sent += uint64(n)
	t.countLatency(n, took)
}

func (t *traffic) countLatency(n int, took time.Duration) {
	l := &t.latency
	if l.Count == 0 || took < l.Shortest {
		l.Shortest = took
	}
	l.Greatest = max(l.Greatest, took)
	l.Count += uint64(n)
	l.Total += time.Duration(n) * took
}

// noteFrame adds the size of a frame that goes out.
func (t *traffic) noteFrame(size int) {
	s := &t.sizes
	s.last = size
	if size > s.greatest {
		s.greatest = size
	}
	if size < s.smallest || s.smallest == 0 {
		s.smallest = size
	}
}

// noteReply adds the size of a reply. Pings are not counted, as in Java.
func (t *traffic) noteReply(xid int32, size int) {
	t.noteFrame(size)
	if xid != wire.XidPing {
		t.replyBytes += uint64(size)
	}
}

// noteEvent adds a watch event.
func (t *traffic) noteEvent(size int) {
	t.sent++
	t.noteFrame(size)
	t.eventBytes += uint64(size)
}

// add adds another's figures.
func (t *traffic) add(other *traffic) {
	t.received += other.received
	t.sent += other.sent
	t.receivedBytes += other.receivedBytes
	t.replyBytes += other.replyBytes
	t.eventBytes += other.eventBytes
	t.sizes.add(&other.sizes)
	l, o := &t.latency, &other.latency
	if o.Count > 0 && (l.Count == 0 || o.Shortest < l.Shortest) {
		l.Shortest = o.Shortest
	}
	l.Greatest = max(l.Greatest, o.Greatest)
	l.Count += o.Count
	l.Total += o.Total
}

func (s *frameSizes) add(other *frameSizes) {
	if other.last == 0 {
		return
	}
	if s.last == 0 || other.at >= s.at {
		s.last, s.at = other.last, other.at
	}
	s.greatest = max(s.greatest, other.greatest)
	if s.smallest == 0 || other.smallest < s.smallest {
		s.smallest = other.smallest
	}
}

// bytes is for operators.
func (t *traffic) bytes() command.Bytes {
	return command.Bytes{
		Received: t.receivedBytes, Responses: t.replyBytes, Events: t.eventBytes,
		Last: cmp.Or(t.sizes.last, -1), Smallest: cmp.Or(t.sizes.smallest, -1),
		Greatest: cmp.Or(t.sizes.greatest, -1),
	}
}

// lastReply is about the last request of a connection that was answered.
type lastReply struct {
	op       wire.Op
	cxid     int32 // -1 is none since the last reset
	zxid     zoo.Zxid
	at, took time.Duration
}

// noteLast keeps what cons shows of a reply, under mu. The xid of a ping or the
// like is not the client's own.
func (c *conn) noteLast(r lastReply) {
	if r.cxid < 0 {
		r.cxid = c.last.cxid
	}
	c.last = r
	c.traffic.sizes.at = r.at
}

// traffic sums up what all connections did, and tells how many there are.
func (t *connTable) traffic() (sum traffic, conns int) {
	list := t.all()
	t.mu.Lock()
	sum = t.past
	t.mu.Unlock()
	for _, c := range list {
		c.mu.Lock()
		sum.add(&c.traffic)
		c.mu.Unlock()
	}
	return sum, len(list)
}

// resetServer forgets the sum, but not what each connection shows of itself.
func (t *connTable) resetServer() {
	t.mu.Lock()
	t.past = traffic{}
	t.mu.Unlock()
	for _, c := range t.all() {
		c.mu.Lock()
		shown := c.shownLocked()
		c.before, c.traffic = &shown, traffic{}
		c.mu.Unlock()
	}
}

// resetClients forgets what each connection shows of itself, but not the sum.
func (t *connTable) resetClients() {
	var sum traffic
	for _, c := range t.all() {
		c.mu.Lock()
		sum.add(&c.traffic)
		c.before, c.traffic = nil, traffic{}
		c.last = lastReply{cxid: -1, zxid: zoo.ZxidNone}
		c.mu.Unlock()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.past.add(&sum)
}

// shownLocked is what a connection did since its own last reset.
func (c *conn) shownLocked() traffic {
	shown := c.traffic
	if c.before != nil {
		shown.add(c.before)
	}
	return shown
}

// clients describes the connections for operators.
func (t *connTable) clients() []command.Client {
	list := t.all()
	clients := make([]command.Client, len(list))
	for i, c := range list {
		clients[i] = c.describe()
	}
	return clients
}

// The directions in which Java's selector would wait for a connection.
const (
	opRead  = 1
	opWrite = 4
)

func (c *conn) describe() command.Client {
	c.mu.Lock()
	defer c.mu.Unlock()
	shown := c.shownLocked()
	client := command.Client{
		Address: c.socket.RemoteAddr().String(), Queued: c.queue.len(),
		Received: shown.received, Sent: shown.sent, Latency: shown.latency,
		Session: c.session, Timeout: int32(c.timeout.Milliseconds()),
		Since: c.server.start.Add(c.accepted), Secure: c.sealed,
		Last: command.LastReply{
			Cxid: c.last.cxid, Zxid: c.last.zxid, At: c.last.at, Took: c.last.took,
		},
	}
	if info, ok := c.last.op.Info(); ok {
		client.Last.Op = info.Short
	}
	if !c.stalled && !c.asksWord {
		client.Ops = opRead
	}
	if c.out != nil || c.writing {
		client.Ops |= opWrite
	}
	return client
}

// connBucketWidth is how far apart the instants are by which dump sorts the
// connections, as in Java.
const connBucketWidth = 10 * time.Second

// connBuckets sorts the connections by when they are closed unless their client is
// heard of.
func (s *Server) connBuckets() []command.ConnBucket {
	byEnd := map[time.Duration][]command.Client{}
	for _, c := range s.conns.all() {
		end := c.end().Truncate(connBucketWidth) + connBucketWidth
		byEnd[end] = append(byEnd[end], c.describe())
	}
	var list []command.ConnBucket
	for end, clients := range byEnd {
		list = append(list, command.ConnBucket{Expires: s.wall(end), Conns: clients})
	}
	slices.SortFunc(list, func(a, b command.ConnBucket) int {
		return a.Expires.Compare(b.Expires)
	})
	return list
}

// end is when a connection of which nothing more is heard has no future.
func (c *conn) end() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.session == 0 {
		return c.accepted + c.server.cfg.SessionlessMax
	}
	return c.heardAt + c.timeout
}

// wall is an instant of the monotonic clock on the wall's.
func (s *Server) wall(at time.Duration) time.Time { return time.Now().Add(at - s.mono()) }
