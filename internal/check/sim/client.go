package sim

import (
	"strconv"
	"time"

	"zoo"
	"zoo/internal/core/replica"
	"zoo/internal/wire"
)

// client is an application with one session at a time. It asks for things at
// random, moves from server to server, and watches that what it is told agrees
// with what it knows.
type client struct {
	w     *World
	index int
	name  string
	// password, session and timeout are those of its session, if it has one.
	session  zoo.SessionID
	password [16]byte
	timeout  int32
	conn     *conn
	// xid is the number of the last request, never used twice.
	xid int32
	// seen is the last zxid that the session has been told of.
	seen zoo.Zxid
	// heardAt is when the session was last sure to be alive on a server.
	heardAt time.Duration
	// resting clients ask for nothing, but keep their session.
	resting bool
	// syncsUntil is until when it asks for nothing but syncs.
	syncsUntil time.Duration
	// closing says that it has asked for the end of its session.
	closing bool
	// at is the server of its list that it went to last, where it walks along a list.
	at int
}

// conn is a connection of a client to a server's process.
type conn struct {
	id      replica.ConnID
	client  *client
	server  *server
	process uint32
	// ready is true once the session is open on it.
	ready bool
	// fresh is true for a client that brought no session.
	fresh bool
	// pending are the requests without reply, in their order; a read waits in it
	// behind earlier writes.
	pending []request
	// acceptedAt is when the server took it in, askedAt when the client last asked for
	// something. What it asks of a server that is finishing with it is not read.
	acceptedAt, askedAt time.Duration
	finishing           bool
}

// request is what a client waits for.
type request struct {
	xid int32
	op  wire.Op
	// committed is what had been acknowledged to anybody when a sync was sent.
	committed zoo.Zxid
	read      bool
}

const pipelineMax = 4

func (w *World) addClients(n int) {
	for i := range n {
		c := &client{w: w, index: i, name: "c" + strconv.Itoa(i)}
		w.clients = append(w.clients, c)
		w.after(w.between(0, 4*tickTime), c.think)
	}
}

// think is the client's life: it does one thing and comes back.
func (c *client) think() {
	pause := c.w.around(max(c.w.plan.think, time.Millisecond))
	switch {
	case c.conn == nil:
		c.connect(c.next())
		pause = min(pause, tickTime/4)
	case !c.conn.ready:
		c.maybeGiveUp()
		if c.w.options.Drains || !c.w.stormy {
			// It has no timeout yet to hurry by, and its session may be open in a moment.
			pause = min(pause, tickTime)
		}
	case c.resting:
		c.ping()
		pause = tickTime / 2
	default:
		c.act()
		c.ping()
	}
	if c.timeout > 0 {
		pause = min(pause, time.Duration(c.timeout)*time.Millisecond/3)
	}
	c.w.after(pause, c.think)
}

// maybeGiveUp leaves a server that does not answer the handshake, now and then.
func (c *client) maybeGiveUp() {
	if c.w.rng.IntN(16) == 0 {
		c.disconnect()
	}
}

func (c *client) act() {
	if c.w.weather.hasty && c.w.weather.rng.IntN(16) == 0 {
		c.hurry()
		return
	}
	switch n := c.w.rng.IntN(100); {
	case c.w.now < c.syncsUntil:
		if len(c.conn.pending) < pipelineMax {
			c.submit(wire.OpSync, (&wire.SyncRequest{Path: "/"}).AppendTo(nil))
		}
	case n < 2:
		c.disconnect()
	case n < 4:
		c.submit(wire.OpCloseSession, nil)
		if c.w.plan.localSessions {
			// What stands behind the end of a session is nobody's any more.
			c.submit(c.invent())
		}
	case n < 30:
		c.read()
	default:
		c.maybeReconfigure()
		for range 1 + c.w.rng.IntN(3) {
			if c.conn == nil || len(c.conn.pending) >= pipelineMax {
				return
			}
			op, body := c.invent()
			c.submit(op, body)
		}
	}
}

// connect brings a handshake to a server, with the session if there is one.
func (c *client) connect(s *server) {
	s.lastConn++
	k := &conn{id: s.lastConn, client: c, server: s, process: s.process}
	k.fresh = c.session == 0
	c.conn = k
	c.w.after(c.w.travel(), func() {
		if c.conn != k || k.process != s.process || !s.serving() || s.paused || s.isDrained() {
			k.lost()
			return
		}
		s.conns = append(s.conns, k)
		k.acceptedAt, k.askedAt = c.w.now, c.w.now
		s.hear(replica.Connect{
			Conn: k.id, LastZxid: c.seen, Timeout: c.wish(), Session: c.session,
			Password: c.password[:],
		})
	})
}

// wish is the timeout that the client asks for, in milliseconds.
func (c *client) wish() int32 {
	return int32(3+4*(c.index%4)) * int32(tickTime/time.Millisecond)
}

// lost says that the connection is gone, as the client sees it.
func (k *conn) lost() {
	if k.client.conn == k {
		k.client.conn = nil
	}
}

// disconnect leaves the server without a word.
func (c *client) disconnect() {
	k := c.conn
	if k == nil {
		return
	}
	c.conn = nil
	c.w.stats.Moves++
	if k.server.process == k.process && k.server.forget(k) {
		k.server.hear(replica.Disconnected{Conn: k.id})
	}
}

func (c *client) ping() {
	if c.conn == nil || !c.conn.ready || c.conn.server.paused {
		return
	}
	c.conn.server.hear(replica.Touched{Sessions: []zoo.SessionID{c.session}})
}

func (c *client) submit(op wire.Op, body []byte) { c.submitAs(op, body, nobody) }

func (c *client) submitAs(op wire.Op, body []byte, ids []zoo.ID) {
	c.xid++
	k := c.conn
	if k.finishing {
		return
	}
	k.askedAt = c.w.now
	c.closing = c.closing || op == wire.OpCloseSession
	k.pending = append(k.pending, request{xid: c.xid, op: op, committed: c.w.ledger.acked})
	if c.w.trace.on() {
		c.w.trace.line(c.name, "asks %s for %v xid=%d session=%v", k.server.name, op,
			c.xid, c.session)
	}
	k.server.hear(replica.Submit{Requests: []replica.Request{{
		Conn: k.id, Session: c.session, Xid: c.xid, Op: op, Body: body,
		IDs: ids,
	}}})
}

// nobody is what a connection that has not authenticated is.
var nobody = []zoo.ID{{Scheme: "ip", ID: "127.0.0.1"}}

var openToAll = []zoo.ACL{{Perms: zoo.PermAll, ID: zoo.ID{Scheme: "world", ID: "anyone"}}}

// read reads at once, or behind the requests before it.
func (c *client) read() {
	c.xid++
	k := c.conn
	if k.finishing {
		return
	}
	k.askedAt = c.w.now
	k.pending = append(k.pending, request{xid: c.xid, op: wire.OpGetData, read: true})
	k.answerReads()
}

// answerReads answers the reads that nothing is before.
func (k *conn) answerReads() {
	for len(k.pending) > 0 && k.pending[0].read {
		if !k.server.serving() || k.server.paused {
			return
		}
		k.pending = k.pending[1:]
		c := k.client
		z := k.server.replica.Tree().Zxid()
		c.w.stats.Reads++
		if z < c.seen {
			c.w.violate("%s reads %v on %s after it has seen %v", c.name, z,
				k.server.name, c.seen)
		}
		c.see(z)
	}
}

func (c *client) see(z zoo.Zxid) {
	c.seen = max(c.seen, z)
	c.heardAt = c.w.now
}

// find gives the open connection of an id, or nil.
func (s *server) find(id replica.ConnID) *conn {
	for _, k := range s.conns {
		if k.id == id {
			return k
		}
	}
	return nil
}

// forget removes a connection. It reports whether it was there.
func (s *server) forget(k *conn) bool {
	for i, other := range s.conns {
		if other == k {
			s.conns = append(s.conns[:i], s.conns[i+1:]...)
			return true
		}
	}
	return false
}

// closeConn ends a connection from the server's side.
func (s *server) closeConn(id replica.ConnID) {
	k := s.find(id)
	if k == nil {
		return
	}
	s.forget(k)
	k.lost()
	s.hear(replica.Disconnected{Conn: id})
}

// closeConns ends all connections.
func (s *server) closeConns() {
	for len(s.conns) > 0 {
		s.closeConn(s.conns[0].id)
	}
}

// opened tells a client the outcome of its handshake.
func (s *server) opened(o replica.Opened) {
	k := s.find(o.Conn)
	if k == nil {
		return
	}
	c := k.client
	s.w.trace.mix(stepClient, s.index, uint64(o.Conn), uint64(o.Session))
	if s.w.trace.on() {
		s.w.trace.line(c.name, "session %v opened by %s, timeout %d", o.Session, s.name,
			o.Timeout)
	}
	switch {
	case k.ready:
		s.w.violate("%s answers the handshake of %s twice", s.name, c.name)
	case o.Session == 0:
		c.expired()
		s.closeConn(k.id)
		return
	case k.fresh:
		*c = client{
			w: c.w, index: c.index, name: c.name, conn: k, xid: c.xid, seen: c.seen,
			session: o.Session, password: o.Password, resting: c.resting, at: c.at,
		}
	case o.Session != c.session:
		s.w.violate("%s gives %s session %v for %v", s.name, c.name, o.Session, c.session)
	}
	c.timeout = o.Timeout
	c.heardAt = s.w.now
	k.ready = true
}

// expired ends the client's session.
func (c *client) expired() {
	if c.session == 0 {
		c.w.violate("%s is refused a new session", c.name)
		return
	}
	c.w.stats.Expired++
	since := c.w.calmSince
	if since != 0 && !c.closing && !c.w.plan.localSessions && c.heardAt > since+2*tickTime &&
		c.w.now-c.heardAt < time.Duration(c.timeout)*time.Millisecond-2*tickTime {
		c.w.violate("%s loses session %v, heard of %v ago", c.name, c.session,
			c.w.now-c.heardAt)
	}
	if c.w.isRolling(c) {
		c.w.violate("%s loses session %v while servers are drained", c.name, c.session)
	}
	c.session, c.timeout, c.seen, c.closing = 0, 0, 0, false
	c.password = [16]byte{}
}

// answer brings an outcome to the connection that waits for it.
func (s *server) answer(o *replica.Outcome) {
	if o.Opened != nil {
		s.opened(*o.Opened)
	}
	if k := s.find(o.Conn); k != nil && o.Opened == nil {
		s.reply(k, o)
	}
	if o.Closes != 0 {
		s.closeConn(o.Closes)
	}
}

// reply checks a reply: it is for the request that is first in line.
func (s *server) reply(k *conn, o *replica.Outcome) {
	c := k.client
	s.w.trace.mix(stepClient, s.index, uint64(o.Conn), uint64(o.Xid))
	if len(k.pending) == 0 {
		s.w.violate("%s replies to %s, which waits for nothing: %v xid=%d", s.name,
			c.name, o.Op, o.Xid)
		return
	}
	first := k.pending[0]
	if first.xid != o.Xid || first.op != o.Op {
		s.w.violate("%s replies to %s %v xid=%d before %v xid=%d", s.name, c.name,
			o.Op, o.Xid, first.op, first.xid)
		return
	}
	k.pending = k.pending[1:]
	switch {
	case o.Result != nil:
		s.acknowledge(k, o)
	case o.Code == replica.CodeNoSpace:
		s.w.stats.Refused++
	case o.Op == wire.OpSync && o.Code == zoo.CodeOK:
		s.synced(k, first)
	case o.Op == wire.OpSync:
		// A read-only server knows nothing of what others acknowledge.
	default:
		s.endedHere(k, o)
	}
	if c.conn == k {
		k.answerReads()
	}
	if k.finishing && len(k.pending) == 0 {
		s.closeConn(k.id)
	}
}

// acknowledge tells a client what became of its write.
func (s *server) acknowledge(k *conn, o *replica.Outcome) {
	c, header := k.client, &o.Result.Header
	if header.Session != c.session || header.Cxid != o.Xid {
		s.w.violate("%s gives %s the result of %v xid=%d", s.name, c.name,
			header.Session, header.Cxid)
		return
	}
	if o.Result.Code == zoo.CodeSessionMoved {
		s.closeConn(k.id)
		return
	}
	s.w.stats.Acks++
	s.w.ledger.acked = max(s.w.ledger.acked, header.Zxid)
	c.see(header.Zxid)
	if o.Op == wire.OpCloseSession {
		s.endedHere(k, o)
	}
}

// endedHere lets a client forget the session that it has closed.
func (s *server) endedHere(k *conn, o *replica.Outcome) {
	c := k.client
	if o.Closes != k.id {
		s.w.violate("%s leaves the connection of closed session %v open", s.name, c.session)
	}
	c.session, c.timeout, c.seen, c.closing = 0, 0, 0, false
	c.password = [16]byte{}
}

// synced checks a sync: everything that was acknowledged before the request is here, also
// if the leader has been replaced meanwhile and did not know it.
func (s *server) synced(k *conn, r request) {
	s.w.stats.Syncs++
	z := s.replica.Tree().Zxid()
	if z < r.committed {
		s.w.violate("%s answers a sync at %v, but %v was acknowledged before it", s.name,
			z, r.committed)
	}
	k.client.see(z)
}

// invent makes up a request.
func (c *client) invent() (wire.Op, []byte) {
	rng := c.w.rng
	path := paths[rng.IntN(len(paths))]
	switch n := rng.IntN(20); {
	case n < 5:
		return c.createRequest(path)
	case n < 10:
		r := wire.SetDataRequest{Path: path, Data: c.data(), Version: -1}
		if rng.IntN(4) == 0 {
			r.Version = rng.Int32N(3)
		}
		return wire.OpSetData, r.AppendTo(nil)
	case n < 13:
		return c.deleteRequest(path)
	case n < 15:
		r := wire.SyncRequest{Path: "/"}
		return wire.OpSync, r.AppendTo(nil)
	case n < 18:
		return wire.OpMulti, c.multi(path)
	default:
		r := wire.CreateRequest{
			Path: "/e" + c.name, ACL: openToAll, Flags: zoo.Ephemeral,
		}
		return wire.OpCreate, r.AppendTo(nil)
	}
}

// deleteRequest deletes a znode, or all there is below it, too.
func (c *client) deleteRequest(path string) (wire.Op, []byte) {
	if c.w.rng.IntN(4) == 0 {
		r := wire.RemoveRecursiveRequest{Path: path, Limit: 1 + c.w.rng.Int32N(4)}
		return wire.OpRemoveRecursive, r.AppendTo(nil)
	}
	r := wire.DeleteRequest{Path: path, Version: -1}
	return wire.OpDelete, r.AppendTo(nil)
}

// paths are few, so that clients meet.
var paths = []string{"/a", "/b", "/c", "/d", "/a/x", "/a/y", "/b/x"}

var modes = []zoo.CreateMode{
	zoo.Persistent, zoo.Persistent, zoo.Ephemeral, zoo.EphemeralSequential,
	zoo.PersistentSequential,
}

// creations are the operations that create; containers meet the reaper.
var creations = []wire.Op{
	wire.OpCreate, wire.OpCreate2, wire.OpCreateContainer, wire.OpCreateIfNotExists,
}

func (c *client) createRequest(path string) (wire.Op, []byte) {
	mode := modes[c.w.rng.IntN(len(modes))]
	r := wire.CreateRequest{Path: path, Data: c.data(), ACL: openToAll, Flags: mode}
	return creations[c.w.rng.IntN(len(creations))], r.AppendTo(nil)
}

func (c *client) data() []byte {
	return strconv.AppendInt([]byte(c.name), int64(c.xid), 10)
}

// multi creates, changes and sometimes fails.
func (c *client) multi(path string) []byte {
	create := wire.CreateRequest{
		Path: path + "-", ACL: openToAll, Flags: zoo.EphemeralSequential,
	}
	set := wire.SetDataRequest{Path: path, Data: c.data(), Version: -1}
	check := wire.CheckVersionRequest{Path: path, Version: c.w.rng.Int32N(3) - 1}
	b := wire.AppendMultiRequest(nil, wire.OpCheck)
	b = check.AppendTo(b)
	b = wire.AppendMultiRequest(b, wire.OpCreate)
	b = create.AppendTo(b)
	b = wire.AppendMultiRequest(b, wire.OpSetData)
	b = set.AppendTo(b)
	return wire.AppendMultiEnd(b)
}
