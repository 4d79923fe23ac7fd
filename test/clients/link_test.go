package clients

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"zoo/test/ensemble"
)

// sessionTimeout is asked for by clients that are meant to survive what happens.
const sessionTimeout = 8 * time.Second

// guest is a Go client with a link that the test can cut.
type guest struct {
	*zk.Conn
	line *line
	// seen hears every event of the session, in the order of their arrival.
	seen chan zk.Event
}

// seenMax bounds the events that a test leaves unread.
const seenMax = 4096

// quiet swallows what go-zookeeper logs: it goes on after a test has ended.
type quiet struct{}

func (quiet) Printf(string, ...any) {}

// dial connects a Go client to the given servers only. The client is closed when
// the test ends, or its time.
func (s *story) dial(timeout time.Duration, servers ...*ensemble.Server) *guest {
	s.Helper()
	g := &guest{line: &line{conns: map[net.Conn]bool{}}, seen: make(chan zk.Event, seenMax)}
	var addresses []string
	for _, server := range servers {
		addresses = append(addresses, server.Address())
	}
	conn, _, err := zk.Connect(addresses, timeout, zk.WithDialer(g.line.dial),
		zk.WithLogger(quiet{}), zk.WithLogInfo(false), zk.WithEventCallback(func(e zk.Event) {
			select {
			case g.seen <- e:
			default: // a test that counts events reads them
			}
		}))
	s.must(err)
	g.Conn = conn
	closeOnce := sync.OnceFunc(conn.Close)
	context.AfterFunc(s.ctx, closeOnce)
	s.Cleanup(closeOnce)
	return g
}

// line is where a guest's connections go through. The fields are under mu.
type line struct {
	mu    sync.Mutex
	conns map[net.Conn]bool
	down  bool
}

var errLineDown = errors.New("the line is cut")

func (l *line) dial(network, address string, timeout time.Duration) (net.Conn, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.down {
		return nil, errLineDown
	}
	conn, err := net.DialTimeout(network, address, timeout)
	if err == nil {
		l.conns[conn] = true
	}
	return conn, err
}

// cut breaks the connection and lets none through until mend: for the servers the
// client is dead, without having said goodbye.
func (l *line) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down = true
	for conn := range l.conns {
		conn.Close()
		delete(l.conns, conn)
	}
}

func (l *line) mend() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down = false
}

// event waits for the next event of a watch.
func (s *story) event(watch <-chan zk.Event) zk.Event {
	s.Helper()
	select {
	case e := <-watch:
		return e
	case <-s.ctx.Done():
		s.Fatal("no event came")
		return zk.Event{}
	}
}

// state waits until the guest's session is in the state.
func (s *story) state(g *guest, state zk.State) {
	s.Helper()
	for {
		select {
		case e := <-g.seen:
			if e.Type == zk.EventSession && e.State == state {
				return
			}
		case <-s.ctx.Done():
			s.Fatalf("the session was never in state %v", state)
		}
	}
}

// create creates and wants no error.
func (s *story) create(c *guest, path, data string, flags int32) string {
	s.Helper()
	created, err := c.Create(path, []byte(data), flags, zk.WorldACL(zk.PermAll))
	s.must(err)
	return created
}

// wantError fails unless the answer was the one error.
func (s *story) wantError(what string, got, want error) {
	s.Helper()
	if !errors.Is(got, want) {
		s.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func (s *story) wantData(c *guest, path, want string) *zk.Stat {
	s.Helper()
	data, stat, err := c.Get(path)
	if err != nil || string(data) != want {
		s.Fatalf("%s holds %q (%v), want %q", path, data, err, want)
	}
	return stat
}

// wantGone waits until the znode is not there.
func (s *story) wantGone(c *guest, path string) {
	s.Helper()
	for {
		found, _, watch, err := c.ExistsW(path)
		s.must(err)
		if !found {
			return
		}
		s.event(watch)
	}
}

func home(t *testing.T, server *ensemble.Server) string {
	t.Helper()
	return fmt.Sprintf("/%d", server.ID)
}
