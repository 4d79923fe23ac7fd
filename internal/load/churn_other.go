//go:build !linux

package load

import (
	"context"
	"fmt"
	"net"
	"time"
)

// churn has each worker open a session, close it, and so on until the run is over.
func (r *run) churn(ctx context.Context, workers []*worker) (*Report, error) {
	churn := func(ctx context.Context, w *worker) { w.churn(ctx) }
	return r.drive(ctx, workers, tasks(workers, churn)...)
}

// churn opens a session, closes it, and so on until the run is over. The handshake is what
// is measured; the close is under way before the next one begins, as its session would
// otherwise stay until it expires.
func (w *worker) churn(ctx context.Context) {
	for !w.run.over.Load() && ctx.Err() == nil {
		begun := w.run.now()
		w.readAt.Store(begun)
		conn, err := w.openOne(ctx)
		now := w.run.now()
		w.countOne(begun, now, err)
		if err != nil {
			select {
			case <-ctx.Done():
			case <-time.After(retryPause):
			}
			continue
		}
		if err := closeSession(conn); err != nil && !w.run.over.Load() {
			w.result.failures++
			w.result.lastErr = err
		}
		w.conn.Store(nil)
	}
}

// openOne opens a session with as little as that takes, since the load shares the servers'
// CPUs: no keep-alive, and no deadlines beside the watchdog's.
func (w *worker) openOne(ctx context.Context) (net.Conn, error) {
	conn, err := sparing.DialContext(ctx, "tcp", w.run.opts.Servers[w.home])
	if err != nil {
		return nil, err
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		w.conn.Store(tcp)
	}
	if err := greet(conn, &identity{}, w.run.opts.SessionTimeout); err != nil {
		w.conn.Store(nil)
		conn.Close()
		return nil, fmt.Errorf("open a session on %s: %w", w.run.opts.Servers[w.home], err)
	}
	return conn, nil
}

// sparing dials without the four options of keep-alive.
var sparing = net.Dialer{Timeout: dialTimeout, KeepAlive: -1}

// closeSession closes the session and then the connection, with a reset: the ports of many
// thousands that wait for late packets would be missing soon.
func closeSession(conn net.Conn) error {
	defer conn.Close()
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // it would only be slower
	}
	if _, err := conn.Write(closeFrame()); err != nil {
		return err
	}
	if _, err := receive(conn); err != nil {
		return fmt.Errorf("close a session: %w", err)
	}
	return nil
}
