package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"
)

// gated is a log whose syncs are let through one by one.
type gated struct {
	permits chan struct{}

	mu     sync.Mutex
	synced []byte
	behind []byte
}

func (g *gated) Append(b []byte) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.behind = append(g.behind, b...)
	return nil
}

func (g *gated) Sync() error {
	<-g.permits
	g.mu.Lock()
	defer g.mu.Unlock()
	g.synced = append(g.synced, g.behind...)
	g.behind = nil
	return nil
}

// trio is three servers with gated logs, in one bubble. The last one leads.
type trio struct {
	*testing.T
	servers []*server
	logs    []*gated
	closers []io.Closer
}

func newTrio(t *testing.T) *trio {
	e := &trio{T: t}
	for range 3 {
		log := &gated{permits: make(chan struct{}, 100)}
		e.logs = append(e.logs, log)
		e.servers = append(e.servers, newServer(newLife(), log, 10))
	}
	var links []net.Conn
	for _, s := range e.servers[:2] {
		near, far := e.pipe()
		s.follow(near)
		links = append(links, far)
	}
	e.servers[2].lead("leader", links...)
	return e
}

func (e *trio) pipe() (near, far net.Conn) {
	near, far = net.Pipe()
	e.closers = append(e.closers, near, far)
	return near, far
}

// sync lets a server sync once, and waits until nothing goes on without another one.
func (e *trio) sync(server int) {
	e.logs[server].permits <- struct{}{}
	synctest.Wait()
}

func (e *trio) end() {
	for _, s := range e.servers {
		s.life.end(nil)
	}
	for _, c := range e.closers {
		c.Close()
	}
	for _, log := range e.logs {
		close(log.permits)
	}
}

// caller is a client that remembers the xids of its answers.
type caller struct {
	trio *trio
	conn net.Conn

	mu   sync.Mutex
	xids []int32
}

// helloBytes is a connect request with its length.
const helloBytes = 4 + 44

// dial opens a connection to a server and shakes hands, for which each server syncs once.
func (e *trio) dial(server int) *caller {
	e.Helper()
	near, far := e.pipe()
	go e.servers[server].serve(far)
	c := &caller{trio: e, conn: near}
	hello := binary.BigEndian.AppendUint32(nil, helloBytes-4)
	if _, err := near.Write(append(hello, make([]byte, helloBytes-4)...)); err != nil {
		e.Fatal(err)
	}
	for server := range e.servers {
		e.sync(server)
	}
	if _, err := receive(near); err != nil {
		e.Fatal(err)
	}
	go c.read()
	return c
}

func receive(r io.Reader) ([]byte, error) {
	var length [4]byte
	if _, err := io.ReadFull(r, length[:]); err != nil {
		return nil, err
	}
	b := make([]byte, binary.BigEndian.Uint32(length[:]))
	_, err := io.ReadFull(r, b)
	return b, err
}

func (c *caller) read() {
	for {
		b, err := receive(c.conn)
		if err != nil {
			return
		}
		c.mu.Lock()
		c.xids = append(c.xids, int32(binary.BigEndian.Uint32(b)))
		c.mu.Unlock()
	}
}

// request is one about the path /p.
func request(op, xid int32) []byte {
	b := binary.BigEndian.AppendUint32(make([]byte, 4), uint32(xid))
	b = binary.BigEndian.AppendUint32(b, uint32(op))
	b = append(binary.BigEndian.AppendUint32(b, 2), "/p"...)
	binary.BigEndian.PutUint32(b, uint32(len(b)-4))
	return b
}

func (c *caller) send(requests ...[]byte) {
	c.trio.Helper()
	if _, err := c.conn.Write(bytes.Join(requests, nil)); err != nil {
		c.trio.Fatal(err)
	}
	synctest.Wait()
}

func (c *caller) expect(why string, answers int) {
	c.trio.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.xids) != answers {
		c.trio.Fatalf("%s: answers to %v, want %d of them", why, c.xids, answers)
	}
	for i, xid := range c.xids {
		if int(xid) != i+1 {
			c.trio.Fatalf("%s: answers to %v, out of order", why, c.xids)
		}
	}
}

// The plot: a client of each server writes once. One sync after the other is let through,
// in every order of the servers. Whoever they are, two of them are needed and enough.
func TestAWriteIsAnsweredOnceAMajorityHasSyncedIt(t *testing.T) {
	for client := range 3 {
		for _, order := range [][2]int{{0, 1}, {1, 0}, {0, 2}, {2, 0}, {1, 2}, {2, 1}} {
			synctest.Test(t, func(t *testing.T) {
				e := newTrio(t)
				defer e.end()
				c := e.dial(client)
				write := request(opSetData, 1)
				c.send(write)
				c.expect("nobody has synced", 0)
				e.sync(order[0])
				c.expect("one has synced", 0)
				e.sync(order[1])
				c.expect("two have synced", 1)
				for _, server := range order {
					if !bytes.Contains(e.logs[server].synced, write) {
						t.Errorf("server %d has not synced the request", server)
					}
				}
			})
		}
	}
}

// The plot: while the first write is synced a read and two more writes follow on the same
// connection, and a read on another one. That one is answered at once; the first read when
// the write before it is; the writes that came meanwhile are one batch and need one sync.
func TestAConnectionIsAnsweredInOrder(t *testing.T) {
	for server := range 3 {
		synctest.Test(t, func(t *testing.T) {
			e := newTrio(t)
			defer e.end()
			c, other := e.dial(server), e.dial(server)
			hellos := e.servers[0].log.syncs.Load()
			c.send(request(opSetData, 1))
			c.send(request(opGetData, 2))
			c.send(request(opCreate, 3), request(opExists, 4), request(opDelete, 5))
			other.send(request(opGetData, 1))
			other.expect("a read beside a write", 1)
			c.expect("nothing is synced", 0)
			e.sync(0)
			e.sync(2)
			e.sync(0)
			c.expect("the first batch is committed", 2)
			e.sync(2)
			c.expect("both are committed", 5)
			if batches := e.servers[0].log.syncs.Load() - hellos; batches != 2 {
				t.Errorf("a follower has synced %d times, want 2", batches)
			}
		})
	}
}

// All servers have logged the same bytes, and have counted them: each request and one head
// for each batch.
func TestTheLogCountsItsBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newTrio(t)
		defer e.end()
		want := int64(0)
		for server := range 3 {
			c := e.dial(server)
			write := request(opSetData, 1)
			c.send(write)
			for server := range 3 {
				e.sync(server)
			}
			c.expect("all have synced", 1)
			want += headBytes + helloBytes + headBytes + int64(len(write))
		}
		for i, s := range e.servers {
			counted, synced := s.log.bytes.Load(), e.logs[i].synced
			if counted != want || !bytes.Equal(synced, e.logs[2].synced) {
				t.Errorf("server %d counts %d bytes, want %d, and has %d", i, counted, want,
					len(synced))
			}
		}
	})
}

// The plot: a client asks for a session, and ends it. Both are answered when two servers have
// synced them, and not before.
func TestASessionIsTwoWrites(t *testing.T) {
	for server := range 3 {
		synctest.Test(t, func(t *testing.T) {
			e := newTrio(t)
			defer e.end()
			c := e.dial(server)
			c.send(request(opClose, 1))
			e.sync(0)
			c.expect("one has synced", 0)
			e.sync(1)
			c.expect("two have synced", 1)
			if n := e.servers[0].log.syncs.Load(); n != 2 {
				t.Errorf("a session was synced %d times, want 2", n)
			}
		})
	}
}

// errWorn is what a worn disk says.
var errWorn = errors.New("worn out")

type worn struct{}

func (worn) Append([]byte) error { return nil }
func (worn) Sync() error         { return errWorn }

// What could not be synced is never answered: the server ends.
func TestAnErrorOfTheDiskEndsTheServer(t *testing.T) {
	s := newServer(newLife(), worn{}, 10)
	s.lead("standalone")
	s.submit([][]byte{request(opSetData, 1)}, wait{client: newClient(s, nil), number: 1})
	<-s.life.ended
	if !errors.Is(s.life.err, errWorn) {
		t.Errorf("it has ended with %v", s.life.err)
	}
}
