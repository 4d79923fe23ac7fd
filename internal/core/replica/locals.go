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

// locals are the sessions whose clients are connected to this server, and what
// they wait for.
type locals struct {
	sessions map[zoo.SessionID]*local
	conns    map[ConnID]zoo.SessionID
	// syncs wait in the order of their arrival.
	syncs []waitingSync
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

// local is one session with its requests under way, oldest first.
type local struct {
	conn    ConnID
	timeout int32
	pending []waiting
	// head is the index of the oldest in pending.
	head int
}

// waiting is a request that the ensemble has not answered yet.
type waiting struct {
	conn ConnID
	xid  int32
	op   wire.Op
}

// answeredBy tells whether a transaction of the session is the outcome of this
// request. The end of a session that expired has xid 0, as a client's request may.
func (w waiting) answeredBy(res *tree.Result) bool {
	ends := res.Header.Type == wire.OpCloseSession && w.op != wire.OpCloseSession
	return w.xid == res.Header.Cxid && !ends
}

// waitingSync is a sync request. Once it is ready it is answered as soon as zxid
// is applied; at a learner it becomes ready by the leader's SYNC.
type waitingSync struct {
	conn  ConnID
	xid   int32
	path  string
	ready bool
	zxid  zoo.Zxid
}

type heldPacket struct {
	link   LinkID
	packet wire.QuorumPacket
	upcall zab.Upcall
}

func newLocals(first zoo.SessionID) locals {
	l := locals{next: first}
	l.clear()
	return l
}

// clear forgets all; the connections are closed with the role.
func (l *locals) clear() {
	*l = locals{
		next:     l.next,
		sessions: map[zoo.SessionID]*local{},
		conns:    map[ConnID]zoo.SessionID{},
		asked:    map[zoo.SessionID]Connect{},
		asking:   map[ConnID]zoo.SessionID{},
		touched:  map[zoo.SessionID]int32{},
	}
}

// newID gives a fresh session id.
func (l *locals) newID(t *tree.Tree) zoo.SessionID {
	for {
		id := l.next
		l.next = session.NextID(l.next)
		if _, taken := t.SessionTimeout(id); !taken {
			return id
		}
	}
}

// attach makes conn the connection of the session; it gives the connection that
// was before, if any.
func (l *locals) attach(id zoo.SessionID, conn ConnID, timeout int32) (old ConnID) {
	s := l.sessions[id]
	if s == nil {
		s = &local{}
		l.sessions[id] = s
	}
	old = s.conn
	if old != 0 {
		delete(l.conns, old)
	}
	s.conn, s.timeout = conn, timeout
	l.conns[conn] = id
	return old
}

// ask notes a handshake that waits for the leader's word. It gives the connection
// that waited for the same session before, if any.
func (l *locals) ask(ev Connect) (old ConnID) {
	old = l.asked[ev.Session].Conn
	l.answered(ev.Session)
	l.asked[ev.Session] = ev
	l.asking[ev.Conn] = ev.Session
	return old
}

// answered forgets the handshake of a session.
func (l *locals) answered(id zoo.SessionID) {
	delete(l.asking, l.asked[id].Conn)
	delete(l.asked, id)
}

func (l *locals) disconnect(conn ConnID) {
	if id, asks := l.asking[conn]; asks {
		l.answered(id)
	}
	id, known := l.conns[conn]
	if !known {
		return
	}
	delete(l.conns, conn)
	if s := l.sessions[id]; s.conn == conn {
		s.conn = 0
		l.release(id, s)
	}
}

// release forgets a session that has neither a connection nor requests.
func (l *locals) release(id zoo.SessionID, s *local) {
	if s.conn == 0 && s.head == len(s.pending) {
		delete(l.sessions, id)
	}
}

// push notes a request that goes to the ensemble.
func (l *locals) push(s *local, w waiting) {
	if s.head > 0 && s.head == len(s.pending) {
		s.pending, s.head = s.pending[:0], 0
	}
	s.pending = append(s.pending, w)
	l.outstanding++
}

// outcome matches a transaction with the oldest request of its session.
func (l *locals) outcome(res *tree.Result) Outcome {
	o := Outcome{Result: res, Xid: res.Header.Cxid, Op: res.Header.Type}
	s := l.sessions[res.Header.Session]
	if s == nil || s.head == len(s.pending) || !s.pending[s.head].answeredBy(res) {
		return o
	}
	w := s.pending[s.head]
	s.head++
	l.outstanding--
	o.Op = w.op
	if w.conn != s.conn {
		// The connection that asked is gone.
		l.release(res.Header.Session, s)
		return o
	}
	o.Conn = w.conn
	if w.op == wire.OpCreateSession {
		o.Opened = opened(w.conn, res.Header.Session, s.timeout)
	}
	return o
}

func opened(conn ConnID, id zoo.SessionID, timeout int32) *Opened {
	return &Opened{Conn: conn, Session: id, Timeout: timeout, Password: session.Password(id)}
}

// close forgets a session that has ended, and gives its connection.
func (l *locals) close(id zoo.SessionID) ConnID {
	delete(l.touched, id)
	s := l.sessions[id]
	if s == nil {
		return 0
	}
	conn := s.conn
	l.outstanding -= len(s.pending) - s.head
	delete(l.sessions, id)
	delete(l.conns, conn)
	return conn
}

func (l *locals) syncReady(applied zoo.Zxid) bool {
	return len(l.syncs) > 0 && l.syncs[0].ready && l.syncs[0].zxid <= applied
}

func (l *locals) nextSync(applied zoo.Zxid) (waitingSync, bool) {
	if !l.syncReady(applied) {
		return waitingSync{}, false
	}
	s := l.syncs[0]
	l.syncs = l.syncs[1:]
	l.outstanding--
	if _, alive := l.conns[s.conn]; !alive {
		s.conn = 0
	}
	return s, true
}

// caughtUp makes the oldest sync that waits for the leader ready: all that the
// leader had committed before is committed here.
func (l *locals) caughtUp(committed zoo.Zxid) {
	for i := range l.syncs {
		if !l.syncs[i].ready {
			l.syncs[i].ready, l.syncs[i].zxid = true, committed
			return
		}
	}
}

// takeTouched gives the touched sessions and forgets them.
func (l *locals) takeTouched() []wire.SessionTimeout {
	all := make([]wire.SessionTimeout, 0, len(l.touched))
	for id, timeout := range l.touched {
		all = append(all, wire.SessionTimeout{SessionID: id, TimeOut: timeout})
	}
	clear(l.touched)
	slices.SortFunc(all, func(a, b wire.SessionTimeout) int {
		return cmp.Compare(a.SessionID, b.SessionID)
	})
	return all
}
