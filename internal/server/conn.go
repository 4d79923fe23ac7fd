package server

import (
	"net"
	"sync"
	"sync/atomic"
	"time"

	"zoo"
	"zoo/internal/core/acl"
	"zoo/internal/core/replica"
	"zoo/internal/net/sasl"
	"zoo/internal/ops/audit"
	"zoo/internal/wire"
)

// The bounds of one connection. Beyond the first two its socket is not read;
// beyond the third it is closed, because only a client that does not read its
// replies gets there.
const (
	queuedRequestsMax = 1024
	queuedBytesMax    = 8 << 20
	unsentBytesPause  = 1 << 20
	unsentBytesMax    = 64 << 20
)

// lingerMax is how long a connection that ends may take to take leave.
const lingerMax = 500 * time.Millisecond

// conn is one client connection. Its reader's goroutine runs its life.
type conn struct {
	id     replica.ConnID // immutable, like the next four
	server *Server
	host   string // the client's address without the port
	// accepted is when the connection was; asked is when the handshake had come,
	// set before the loop hears of the connection, zero before.
	accepted, asked time.Duration
	socket          *socket
	in              input // reader only
	// exchange is the client's SASL authentication, nil before it began; it keeps
	// no more than a mechanism needs. Reader only.
	exchange sasl.Exchange
	touched  atomic.Bool // heard of since the loop looked last
	sealed   bool        // the client speaks TLS; immutable
	// turns is raised by the reader at the begin and at the end of each turn, so that it
	// is odd within one; seenTurns is what the loop saw last. finishing has the reader
	// end the connection behind the answers to what it has read.
	turns     atomic.Uint32
	seenTurns uint32
	finishing atomic.Bool
	// readOnlyByte says that the client knows of the last byte of the
	// handshake. It is set before the loop hears of the connection.
	readOnlyByte bool
	// open is set once the handshake is answered, quiet when the last turn has ended with a
	// ping, which clients send that have nothing to say. Reader only.
	open, quiet bool
	// inflight counts submitted requests without an outcome. Only the reader
	// raises it, under mu; so a zero that the reader sees stays.
	inflight atomic.Int32

	mu sync.Mutex // guards what follows; never held over I/O
	// session is zero until the handshake is answered.
	session zoo.SessionID
	// timeout is the session's; heardAt is when the loop last knew that the
	// client was there.
	timeout, heardAt time.Duration
	// ids is replaced, never changed: requests in flight refer to it.
	ids []zoo.ID
	// barred refuses all requests until the client has authenticated.
	barred bool
	// extended allows the extensions, since the client has asked for them.
	extended bool
	// linear makes all reads linearizable, since the client has asked for that; syncCode
	// is what became of the last hidden sync.
	linear   bool
	syncCode zoo.Code
	queue    requestQueue
	out      *buffer // nil while empty
	// writing is set while one goroutine writes what it took out of out.
	writing bool
	// dirty is set while the loop's or a flusher's list holds the connection.
	dirty bool
	// ending refuses everything from now on; when what is in out was written
	// the connection is hung up.
	ending, hungUp bool
	// parted says that the loop has forgotten the connection already, watched that there
	// may be watches of it.
	parted, watched bool
	// room, of capacity one, tells a reader that waits of what it waits for; nil until it
	// has ever waited. See roomForLocked.
	room chan struct{}
	// stalled asks for a signal on room. awaits says that it is for the outcomes
	// of this connection's own requests: what its client sends is not read then.
	stalled, awaits bool
	traffic         traffic
	// before is what the connection did before the server's figures were reset;
	// nil for nothing.
	before *traffic
	last   lastReply
	// asksWord is set when it is no client but asks a four-letter word.
	asksWord bool
}

func newConn(s *Server, id replica.ConnID, nc net.Conn) *conn {
	c := &conn{
		id: id, server: s, host: hostOf(nc.RemoteAddr()), accepted: s.mono(),
		in: input{pool: s.inputs},
	}
	c.socket = newSocket(nc, &c.in)
	c.addIDs([]zoo.ID{acl.IPID(c.host)})
	return c
}

// hostOf is the address that the ip scheme knows a client by.
func hostOf(addr net.Addr) string {
	if tcp, ok := addr.(*net.TCPAddr); ok {
		return tcp.AddrPort().Addr().Unmap().WithZone("").String()
	}
	host, _, err := net.SplitHostPort(addr.String())
	if err != nil {
		return addr.String()
	}
	return host
}

// begin is the connection from its acceptance to its session.
func (c *conn) begin() {
	defer c.server.tasks.Done()
	defer c.server.catch("client")
	c.shakeHands()
}

func (c *conn) shakeHands() {
	if c.handshake() && (len(c.in.pending()) == 0 || c.attend()) {
		c.goOn()
		return
	}
	c.leave()
}

// goOn has a new goroutine go on in this one's place. The stack of a goroutine grows when it
// has work and never gets as small again as a new one's, so that the stacks of sessions
// which rest would be most of what those cost.
func (c *conn) goOn() {
	c.server.tasks.Add(1)
	go c.live()
}

// live is the connection from its session, or a rest, to the next rest or its end. It waits
// here, in few frames.
func (c *conn) live() {
	defer c.server.tasks.Done()
	defer c.server.catch("client")
	for c.quiet = false; !c.quiet; {
		if c.socket.receive() != nil {
			c.dropped()
			c.leave()
			return
		}
		if !c.attend() {
			c.leave()
			return
		}
	}
	c.goOn()
}

// attend takes all that has arrived. It returns when more may be read; false ends the
// connection.
func (c *conn) attend() bool {
	if !c.waitUntilOpen() {
		return false
	}
	t := c.server.takeTurn(c)
	defer c.server.giveTurn(t)
	return t.run() && c.waitForRoom() && (!c.finishing.Load() || c.finish(t))
}

// waitUntilOpen waits for the answer to the handshake.
func (c *conn) waitUntilOpen() bool {
	for !c.open {
		c.mu.Lock()
		c.open = c.session != 0 || c.ending
		room := c.roomForLocked(!c.open)
		c.mu.Unlock()
		if room == nil {
			break
		}
		select {
		case <-room:
		case <-c.server.closing:
			return false
		}
	}
	return true
}

// finish ends the connection when all that was read of it is answered. What its client
// sends from now on is read and forgotten; false is a connection that broke.
func (c *conn) finish(t *turn) bool {
	if c.ends() {
		return true
	}
	if !t.waitForOutcomes() {
		return c.ends()
	}
	c.mu.Lock()
	if !c.ending {
		c.closeLocked()
	}
	c.mu.Unlock()
	return c.flush()
}

// restingLocked tells whether nothing of the connection is under way, and its client has
// sent nothing since seen, a value of turns.
func (c *conn) restingLocked(seen uint32) bool {
	turns := c.turns.Load()
	return turns == seen && turns%2 == 0 && c.session != 0 && c.inflight.Load() == 0 &&
		c.queue.len() == 0 && c.out == nil && !c.writing
}

// dropped counts a connection that the client has ended, unless it was about to
// end.
func (c *conn) dropped() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.ending {
		c.server.meters.conns.dropped.Inc()
	}
}

// leave ends the connection and forgets it everywhere.
func (c *conn) leave() {
	_ = c.socket.Close()
	c.mu.Lock()
	c.ending = true
	c.out = nil
	c.dropQueueLocked()
	watched, parted := c.watched, c.parted || c.asked == 0
	c.mu.Unlock()
	c.in.drop()
	c.server.conns.remove(c)
	if watched {
		c.server.unwatch(c)
	}
	if !parted {
		c.server.queue.call(func() { c.server.loop.leave(c) })
	}
}

// refuse notes why the client is turned away.
func (c *conn) refuse(why refusal, attrs ...any) {
	from := []any{"client", c.socket.RemoteAddr().String()}
	c.server.refusals.note(why, append(from, attrs...)...)
}

// beginLocked gives an output to append to, under mu.
func (c *conn) beginLocked() []byte {
	switch {
	case c.out == nil:
		c.out = c.server.outputs.take()
	case c.out.shared:
		c.out = c.out.own()
	}
	return c.out.b
}

// endLocked puts the output back after something was appended.
func (c *conn) endLocked(out []byte) { c.out.b = out }

// closeLocked ends the connection once its output is written.
func (c *conn) closeLocked() {
	c.ending = true
	c.dropQueueLocked()
	if c.writing {
		_ = c.socket.SetWriteDeadline(time.Now().Add(lingerMax))
	}
	signal(c.room)
}

// fullLocked tells whether the connection has to wait before it is read again.
func (c *conn) fullLocked() bool {
	return c.queue.len() >= queuedRequestsMax || c.queue.bytes >= queuedBytesMax ||
		c.out != nil && len(c.out.b) >= unsentBytesPause || c.crowdedLocked()
}

// crowdedLocked tells whether the whole server has too many requests in process;
// then only a connection without any may go on.
func (c *conn) crowdedLocked() bool {
	return c.queue.len() > 0 && c.server.inflight.Load() >= int64(c.server.cfg.OutstandingMax)
}

// waitForRoom waits until the connection may be read again; false is its end.
func (c *conn) waitForRoom() bool {
	for {
		c.mu.Lock()
		wait := !c.ending && c.fullLocked()
		c.stalled = wait
		room := c.roomForLocked(wait)
		c.mu.Unlock()
		if !wait {
			return true
		}
		select {
		case <-room:
		case <-c.server.closing:
			return false
		}
	}
}

// roomForLocked is where a reader that is about to wait is told of what it waits for; nil for
// one that need not.
func (c *conn) roomForLocked(wait bool) <-chan struct{} {
	if !wait {
		return nil
	}
	if c.room == nil {
		c.room = make(chan struct{}, 1)
	}
	return c.room
}

// ends tells whether everything is refused from now on.
func (c *conn) ends() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ending
}

// roomLocked wakes a reader that waits, if it need not any more.
func (c *conn) roomLocked() {
	if c.stalled && !c.fullLocked() {
		c.stalled = false
		signal(c.room)
	}
}

// signal sets a flag channel of capacity one. For nil nobody waits.
func signal(flag chan struct{}) {
	select {
	case flag <- struct{}{}:
	default:
	}
}

// requestQueue is the requests of a connection without a reply, oldest first:
// those that were submitted, and those that must wait for one that was. The
// first one is always a submitted one.
type requestQueue struct {
	all   []queued
	at    int // what lies before it was answered
	bytes int // in the bodies of waiting requests
	// postponed counts the requests that wait for one that was submitted.
	postponed int
}

// queued is a request without a reply.
type queued struct {
	xid   int32
	op    wire.Op
	since time.Duration // when it was read
	bytes int
	// waiting is what to do when it is this request's turn, nil for one that
	// was submitted.
	waiting *operation
	// body is that of a waiting request, or of a multi with extensions, whose
	// transaction does not tell what was asked for.
	body []byte
	// hidden is for a sync that the client has not asked for: it has no reply.
	hidden bool
	// asked is what the audit log knows of a request that was submitted; nil for nothing.
	asked *audit.Asked
	// linear is for a waiting read that must not be answered unless the hidden sync
	// before it was.
	linear bool
}

func (q *requestQueue) len() int { return len(q.all) - q.at }

func (q *requestQueue) push(r queued) {
	// Moving the rest costs as much as it is long, so wait until that is worth it.
	if q.at > 0 && len(q.all) == cap(q.all) && q.at >= len(q.all)/4 {
		n := copy(q.all, q.all[q.at:])
		clear(q.all[n:])
		q.all, q.at = q.all[:n], 0
	}
	q.all = append(q.all, r)
	q.bytes += r.bytes
	if r.waiting != nil {
		q.postponed++
	}
}

// first is the oldest; the queue is not empty.
func (q *requestQueue) first() *queued { return &q.all[q.at] }

// pop drops the oldest.
func (q *requestQueue) pop() {
	q.bytes -= q.all[q.at].bytes
	if q.all[q.at].waiting != nil {
		q.postponed--
	}
	q.all[q.at] = queued{}
	if q.at++; q.at == len(q.all) {
		q.all, q.at = q.all[:0], 0
	}
}
