package replica

import (
	"cmp"
	"slices"

	"zoo"
	"zoo/internal/core/session"
	"zoo/internal/core/tree"
	"zoo/internal/core/zab"
	"zoo/internal/wire"
)

// attached is the sessions whose clients are connected to this server, and what
// they wait for.
type attached struct {
	sessions map[zoo.SessionID]*client
	conns    map[ConnID]zoo.SessionID
	// barriers wait in the order of their arrival.
	barriers []barrier
	// refusals are requests whose turn has come to be told that they are refused.
	refusals []waiting
	// order numbers the requests and barriers in the order of their arrival.
	order uint64
	// asked are handshakes that wait for the leader's word; asking tells their
	// sessions by connection.
	asked  map[zoo.SessionID]Connect
	asking map[ConnID]zoo.SessionID
	// touched are sessions heard of since the leader's last heartbeat.
	touched map[zoo.SessionID]int32
	// held are packets of learners that came before the leader had applied its
	// initial history.
	held []heldPacket
	// next is the next new session's id.
	next zoo.SessionID
	// outstanding counts requests that wait.
	outstanding int
}

// client is one session with its requests under way, oldest first.
type client struct {
	conn    ConnID
	timeout int32
	pending []waiting
	// head is the index of the oldest in pending.
	head int
	// ending is set once the end of a local session has been asked for; nothing
	// of it that comes later is taken in.
	ending bool
}

// waiting is a request that the ensemble has not answered yet.
type waiting struct {
	conn ConnID
	xid  int32
	op   wire.Op
	// code, unless it is CodeOK, is the answer whatever the ensemble says.
	code zoo.Code
	// zxid is the transaction that was made of it, zero where the leader is another
	// server.
	zxid zoo.Zxid
	// refused says that it was not sent to the ensemble, and only waits for its turn
	// among the session's requests to be answered with code.
	refused bool
	order   uint64
}

// answeredBy tells whether a transaction of the session is the outcome of this
// request. Who made the transaction knows. A learner has only the session and the xid
// to go by, because transactions do not tell through which server they came: if a
// client takes its session to another server and uses an xid again that is under way
// here, the outcomes may be taken for each other. No client does so with one handle,
// and Java's servers have the same limit. The operation is no help: what a leader
// makes of it is its own affair, and a request that met no outcome would wait for ever.
// But the end of a session that expired has xid 0, as a client's request may.
func (w waiting) answeredBy(res *tree.Result) bool {
	if w.zxid != 0 {
		return w.zxid == res.Header.Zxid
	}
	ends := res.Header.Type == wire.OpCloseSession && w.op != wire.OpCloseSession
	return w.xid == res.Header.Cxid && !ends
}

// barrier is a request that is answered without a transaction of its own: a sync,
// the end of a local session, a refusal by a read-only server. Once it is ready it
// is answered as soon as zxid is applied; a sync at a learner becomes ready by the
// leader's SYNC.
type barrier struct {
	conn  ConnID
	xid   int32
	op    wire.Op
	path  string
	code  zoo.Code
	ready bool
	zxid  zoo.Zxid
	order uint64
	// ends is the local session that ends with this, zero for none. All earlier
	// requests of the session must have their outcome first.
	ends zoo.SessionID
}

type heldPacket struct {
	link   LinkID
	packet wire.QuorumPacket
	upcall zab.Upcall
}

func newAttached(first zoo.SessionID) attached {
	a := attached{next: first}
	a.clear()
	return a
}

// clear forgets all; the connections are closed with the role.
func (a *attached) clear() {
	*a = attached{
		next:     a.next,
		sessions: map[zoo.SessionID]*client{},
		conns:    map[ConnID]zoo.SessionID{},
		asked:    map[zoo.SessionID]Connect{},
		asking:   map[ConnID]zoo.SessionID{},
		touched:  map[zoo.SessionID]int32{},
	}
}

// attach makes conn the connection of the session; it gives the connection that
// was before, if any.
func (a *attached) attach(id zoo.SessionID, conn ConnID, timeout int32) (old ConnID) {
	s := a.sessions[id]
	if s == nil {
		s = &client{}
		a.sessions[id] = s
	}
	old = s.conn
	if old != 0 {
		delete(a.conns, old)
	}
	s.conn, s.timeout = conn, timeout
	a.conns[conn] = id
	a.passRefused(id)
	return old
}

// ask notes a handshake that waits for the leader's word. It gives the connection
// that waited for the same session before, if any.
func (a *attached) ask(ev Connect) (old ConnID) {
	old = a.asked[ev.Session].Conn
	a.answered(ev.Session)
	a.asked[ev.Session] = ev
	a.asking[ev.Conn] = ev.Session
	return old
}

// answered forgets the handshake of a session.
func (a *attached) answered(id zoo.SessionID) {
	delete(a.asking, a.asked[id].Conn)
	delete(a.asked, id)
}

func (a *attached) disconnect(conn ConnID) {
	if id, asks := a.asking[conn]; asks {
		a.answered(id)
	}
	id, known := a.conns[conn]
	if !known {
		return
	}
	delete(a.conns, conn)
	if s := a.sessions[id]; s.conn == conn {
		s.conn = 0
		a.passRefused(id)
		a.release(id, s)
	}
}

// release forgets a session that has neither a connection nor requests.
func (a *attached) release(id zoo.SessionID, s *client) {
	if s.conn == 0 && s.head == len(s.pending) {
		delete(a.sessions, id)
	}
}

// push notes a request that goes to the ensemble.
func (a *attached) push(s *client, w waiting) {
	// Moving the rest costs as much as it is long, so wait until that is worth it. Of a client
	// that always has a request under way the list would grow for ever otherwise.
	n := len(s.pending)
	if s.head == n || n == cap(s.pending) && s.head >= n/4 {
		s.pending, s.head = s.pending[:copy(s.pending, s.pending[s.head:])], 0
	}
	s.pending = append(s.pending, w)
	a.outstanding++
}

// outcome matches a transaction with the oldest request of its session.
func (a *attached) outcome(res *tree.Result) Outcome {
	o := Outcome{Result: res, Xid: res.Header.Cxid, Op: res.Header.Type}
	s := a.sessions[res.Header.Session]
	if s == nil || s.head == len(s.pending) || !s.pending[s.head].answeredBy(res) {
		return o
	}
	w := s.pending[s.head]
	s.head++
	a.outstanding--
	defer a.passRefused(res.Header.Session)
	o.Op = w.op
	if w.conn == 0 || w.conn != s.conn {
		// The connection that asked is gone, or nobody did.
		a.release(res.Header.Session, s)
		return o
	}
	o.Conn = w.conn
	if w.code != zoo.CodeOK {
		res.Code = w.code
	}
	if w.op == wire.OpCreateSession {
		o.Opened = opened(w.conn, res.Header.Session, s.timeout)
		if s.head == len(s.pending) {
			// Most sessions rest most of the time, and begin with that.
			s.pending, s.head = nil, 0
		}
	}
	return o
}

// refuse notes a request that is refused once all before it is answered.
func (a *attached) refuse(id zoo.SessionID, w waiting) {
	a.order++
	w.refused, w.order = true, a.order
	a.push(a.sessions[id], w)
	a.passRefused(id)
}

// passRefused moves the session's oldest requests to the refusals, as far as they are
// refused and nothing that came before them on their connection still waits. Those of a
// connection that is gone wait for nothing: left there, they would keep the session's
// later requests from their outcomes.
func (a *attached) passRefused(id zoo.SessionID) {
	s := a.sessions[id]
	for s != nil && s.head < len(s.pending) && s.pending[s.head].refused {
		w := s.pending[s.head]
		if _, alive := a.conns[w.conn]; alive && a.barrierBefore(w) {
			return
		}
		s.head++
		if w.conn != 0 && w.conn == s.conn {
			a.refusals = append(a.refusals, w)
		} else {
			a.outstanding--
		}
		a.release(id, s)
	}
}

func (a *attached) barrierBefore(w waiting) bool {
	return slices.ContainsFunc(a.barriers, func(b barrier) bool {
		return b.conn == w.conn && b.order < w.order
	})
}

// nextRefusal gives a refused request whose turn has come.
func (a *attached) nextRefusal() (waiting, bool) {
	for len(a.refusals) > 0 {
		w := a.refusals[0]
		a.refusals = a.refusals[1:]
		a.outstanding--
		if _, alive := a.conns[w.conn]; alive {
			return w, true
		}
	}
	return waiting{}, false
}

func opened(conn ConnID, id zoo.SessionID, timeout int32) *Opened {
	return &Opened{Conn: conn, Session: id, Timeout: timeout, Password: session.Password(id)}
}

// close forgets a session that has ended, and gives its connection.
func (a *attached) close(id zoo.SessionID) ConnID {
	delete(a.touched, id)
	s := a.sessions[id]
	if s == nil {
		return 0
	}
	conn := s.conn
	a.outstanding -= len(s.pending) - s.head
	delete(a.sessions, id)
	delete(a.conns, conn)
	return conn
}

// due finds the first barrier that can be answered. The end of a local session that
// waits for the session's own requests keeps nobody else waiting.
func (a *attached) due(applied zoo.Zxid) (index int, ok bool) {
	for i := range a.barriers {
		b := &a.barriers[i]
		if s := a.sessions[b.ends]; s != nil && s.head < len(s.pending) {
			continue
		}
		return i, b.ready && b.zxid <= applied
	}
	return 0, false
}

func (a *attached) wait(b barrier) {
	a.outstanding++
	a.order++
	b.order = a.order
	a.barriers = append(a.barriers, b)
}

func (a *attached) nextBarrier(applied zoo.Zxid) (barrier, bool) {
	i, ok := a.due(applied)
	if !ok {
		return barrier{}, false
	}
	b := a.barriers[i]
	if i == 0 {
		a.barriers = a.barriers[1:]
	} else {
		a.barriers = slices.Delete(a.barriers, i, i+1)
	}
	a.outstanding--
	id, alive := a.conns[b.conn]
	if !alive {
		b.conn = 0
	}
	a.passRefused(id)
	return b, true
}

// caughtUp makes the oldest sync that waits for the leader ready: all that the
// leader had committed before is committed here.
func (a *attached) caughtUp(committed zoo.Zxid) {
	for i := range a.barriers {
		if b := &a.barriers[i]; !b.ready {
			b.ready, b.zxid = true, committed
			return
		}
	}
}

// takeTouched gives the touched sessions and forgets them.
func (a *attached) takeTouched() []wire.SessionTimeout {
	all := make([]wire.SessionTimeout, 0, len(a.touched))
	for id, timeout := range a.touched {
		all = append(all, wire.SessionTimeout{SessionID: id, TimeOut: timeout})
	}
	clear(a.touched)
	slices.SortFunc(all, func(a, b wire.SessionTimeout) int {
		return cmp.Compare(a.SessionID, b.SessionID)
	})
	return all
}
