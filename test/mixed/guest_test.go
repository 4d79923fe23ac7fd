package mixed

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-zookeeper/zk"

	"zoo/test/ensemble"
)

// sessionTimeout is asked for by clients that are meant to survive what happens.
const sessionTimeout = 15 * time.Second

// guest is a Go client whose link the test can break.
type guest struct {
	*zk.Conn
	line *line
	// expired says that the session has been lost.
	expired atomic.Bool
}

// quiet swallows what go-zookeeper logs: it goes on after a test has ended.
type quiet struct{}

func (quiet) Printf(string, ...any) {}

// line is where a guest's connections go through.
type line struct {
	mu    sync.Mutex // guards the rest
	conns map[net.Conn]bool
	down  bool
	// to is the address that all connections go to, if there is one.
	to string
}

var errLineDown = errors.New("the line is cut")

func (l *line) dial(network, address string, timeout time.Duration) (net.Conn, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.down {
		return nil, errLineDown
	}
	if l.to != "" {
		address = l.to
	}
	conn, err := net.DialTimeout(network, address, timeout)
	if err == nil {
		l.conns[conn] = true
	}
	return conn, err
}

// cut breaks the connection for good.
func (l *line) cut() {
	l.mu.Lock()
	l.down = true
	l.mu.Unlock()
	l.breakOff()
}

// lead sends all connections to the address, whatever the client has chosen.
func (l *line) lead(to string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.to = to
}

// breakOff ends the connection without a goodbye.
func (l *line) breakOff() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for conn := range l.conns {
		conn.Close()
		delete(l.conns, conn)
	}
}

// dial connects a Go client to the given servers only. The client is closed when the
// test ends, or its time.
func (s *story) dial(timeout time.Duration, servers ...*ensemble.Server) *guest {
	s.Helper()
	g := &guest{line: &line{conns: map[net.Conn]bool{}}}
	var addresses []string
	for _, server := range servers {
		addresses = append(addresses, server.Address())
	}
	conn, _, err := zk.Connect(addresses, timeout, zk.WithDialer(g.line.dial),
		zk.WithLogger(quiet{}), zk.WithLogInfo(false), zk.WithEventCallback(func(e zk.Event) {
			if e.State == zk.StateExpired {
				g.expired.Store(true)
			}
		}))
	s.must(err)
	g.Conn = conn
	closeOnce := sync.OnceFunc(conn.Close)
	context.AfterFunc(s.ctx, closeOnce)
	s.Cleanup(closeOnce)
	return g
}

// moveTo takes the guest's session to the server. A later break may take it elsewhere.
func (s *story) moveTo(g *guest, server *ensemble.Server) {
	s.Helper()
	g.line.lead(server.Address())
	defer g.line.lead("")
	g.line.breakOff()
	s.must(ensemble.Until(s.ctx, "the session is at "+server.Address(),
		func(context.Context) error {
			_, _, err := g.Exists("/")
			return err
		}))
}

// everyone may do everything.
func everyone() []zk.ACL { return zk.WorldACL(zk.PermAll) }

func (s *story) create(c *guest, path, data string, flags int32) string {
	s.Helper()
	created, err := c.Create(path, []byte(data), flags, everyone())
	s.must(err)
	return created
}

// sync makes the guest's server show what was written before. A leader of Java's answers
// a sync of its own client at once, while it may still have to apply what a follower has
// answered already; a write of the client's own comes behind that.
func (s *story) sync(c *guest) {
	s.Helper()
	_, err := c.Sync("/")
	s.must(err)
	_, err = c.Set("/", nil, -1)
	s.must(err)
}

func (s *story) wantData(c *guest, path, want string) {
	s.Helper()
	s.sync(c)
	data, _, err := c.Get(path)
	if err != nil || string(data) != want {
		s.Fatalf("%s holds %q (%v), want %q", path, data, err, want)
	}
}

// wantEvent fails unless the next event is of that type for that path.
func (s *story) wantEvent(watch <-chan zk.Event, kind zk.EventType, path string) {
	s.Helper()
	select {
	case e := <-watch:
		if e.Type != kind || e.Path != path {
			s.Errorf("got %v %s (%v), want %v %s", e.Type, e.Path, e.Err, kind, path)
		}
	case <-s.ctx.Done():
		s.Fatalf("no event for %s", path)
	}
}

func (s *story) wantError(what string, got, want error) {
	s.Helper()
	if !errors.Is(got, want) {
		s.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// wantGone waits until the znode is not there.
func (s *story) wantGone(c *guest, path string) {
	s.Helper()
	s.sync(c)
	for {
		found, _, watch, err := c.ExistsW(path)
		s.must(err)
		if !found {
			return
		}
		s.wantEvent(watch, zk.EventNodeDeleted, path)
	}
}
