package admin

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"sync"
	"time"
)

// connsMax bounds the connections of operators: each takes a file descriptor, which
// clients need as well.
const connsMax = 64

// seats are the connections that are open. Where there is none left the one goes
// that has had no request to answer for the longest time; it may be idle, or not send
// what it has begun. With none such the newcomer goes.
type seats struct {
	most int

	mu    sync.Mutex
	taken map[net.Conn]*seat
}

// seat is one connection; all of it is under the mutex of the seats.
type seat struct {
	conn net.Conn
	// busy says that a request is being answered, since that it is, or is not.
	busy  bool
	since time.Time
}

// seatKey is the key of a seat in the context of its connection.
type seatKey struct{}

// sit takes a seat for a new connection.
func (s *seats) sit(ctx context.Context, c net.Conn) context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	taken := &seat{conn: c, since: time.Now()}
	if len(s.taken) >= s.most {
		gone := s.spare()
		if gone == nil {
			hangUp(c)
			return ctx
		}
		delete(s.taken, gone.conn)
		hangUp(gone.conn)
	}
	s.taken[c] = taken
	return context.WithValue(ctx, seatKey{}, taken)
}

// hangUp ends a connection without a goodbye, for which TLS might wait.
func hangUp(c net.Conn) {
	if secured, ok := c.(*tls.Conn); ok {
		c = secured.NetConn()
	}
	_ = c.Close()
}

// spare is whose seat may be given away; nil if all are busy.
func (s *seats) spare() (longest *seat) {
	for _, t := range s.taken {
		if !t.busy && (longest == nil || t.since.Before(longest.since)) {
			longest = t
		}
	}
	return longest
}

// changed gives back the seat of a connection that is closed.
func (s *seats) changed(c net.Conn, state http.ConnState) {
	if state != http.StateClosed {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.taken, c)
}

// answering marks the connection of a request as busy until it is called back.
func (s *seats) answering(r *http.Request) (answered func()) {
	taken, ok := r.Context().Value(seatKey{}).(*seat)
	if !ok {
		return func() {}
	}
	mark := func(busy bool) {
		s.mu.Lock()
		defer s.mu.Unlock()
		taken.busy, taken.since = busy, time.Now()
	}
	mark(true)
	return func() { mark(false) }
}
