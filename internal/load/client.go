package load

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"time"
)

// errSessionGone is the answer to a session that the ensemble no longer knows.
var errSessionGone = errors.New("session expired")

// replyBytesMax bounds a reply, so that a stranger's bytes are not taken for one.
const replyBytesMax = 128 << 20

// open connects to one server and opens or resumes a session on it. A server
// that has accepted but has no role yet keeps us waiting, up to the timeout.
func open(ctx context.Context, server string, id *identity, timeout time.Duration,
) (net.Conn, error) {
	dialer := net.Dialer{Timeout: dialTimeout}
	conn, err := dialer.DialContext(ctx, "tcp", server)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	if err := shake(conn, id, timeout); err != nil {
		conn.Close()
		return nil, fmt.Errorf("open a session on %s: %w", server, err)
	}
	return conn, nil
}

// dialTimeout bounds a connect.
const dialTimeout = time.Second

func shake(conn net.Conn, id *identity, timeout time.Duration) error {
	if err := conn.SetDeadline(time.Now().Add(timeout)); err != nil {
		return err
	}
	if err := greet(conn, id, timeout); err != nil {
		return err
	}
	return conn.SetDeadline(time.Time{})
}

// greet makes the handshake.
func greet(conn net.Conn, id *identity, timeout time.Duration) error {
	if _, err := conn.Write(id.connectFrame(int32(timeout.Milliseconds()))); err != nil {
		return err
	}
	response, err := receive(conn)
	if err != nil {
		return err
	}
	alive, err := id.accept(response)
	if err != nil {
		return err
	}
	if !alive {
		return errSessionGone
	}
	return nil
}

// receive reads one frame without its length.
func receive(r io.Reader) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n > replyBytesMax {
		return nil, fmt.Errorf("frame of %d bytes", n)
	}
	b := make([]byte, n)
	_, err := io.ReadFull(r, b)
	return b, err
}

// caller is a plain session for preparing and cleaning up: batches of requests,
// sent at once and answered in order.
type caller struct {
	conn net.Conn
	xid  int32
}

// openAny opens a session on the first server that grants one, and keeps trying
// until the deadline of ctx.
func openAny(ctx context.Context, servers []string, timeout time.Duration) (*caller, error) {
	var lastErr error
	for i := 0; ; i++ {
		conn, err := open(ctx, servers[i%len(servers)], &identity{}, timeout)
		if err == nil {
			return &caller{conn: conn}, nil
		}
		if ctx.Err() == nil {
			lastErr = err
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), lastErr)
		case <-time.After(retryPause):
		}
	}
}

// callBytesMax bounds what is sent before the answers are read: beyond what
// sockets buffer, both sides could wait for each other.
const callBytesMax = 32 << 10

// call sends the frames and returns their codes.
func (c *caller) call(ctx context.Context, frames ...[]byte) ([]int32, error) {
	stop := context.AfterFunc(ctx, func() { c.conn.Close() })
	defer stop()
	var codes []int32
	for len(frames) > 0 {
		var out []byte
		n := 0
		for n < len(frames) && (n == 0 || len(out)+len(frames[n]) <= callBytesMax) {
			c.xid++
			setXid(frames[n], c.xid)
			out = append(out, frames[n]...)
			n++
		}
		if _, err := c.conn.Write(out); err != nil {
			return codes, err
		}
		for range n {
			code, err := c.answer()
			if err != nil {
				return codes, err
			}
			codes = append(codes, code)
		}
		frames = frames[n:]
	}
	return codes, nil
}

func (c *caller) answer() (int32, error) {
	b, err := receive(c.conn)
	if err != nil {
		return 0, err
	}
	if len(b) < replyHeadSize-4 {
		return 0, fmt.Errorf("reply of %d bytes", len(b))
	}
	return int32(binary.BigEndian.Uint32(b[replyCodeAt-4:])), nil
}

// close ends the session and the connection.
func (c *caller) close(ctx context.Context) {
	// The session would expire anyway; a failure here costs nobody anything.
	_, _ = c.call(ctx, closeFrame())
	c.conn.Close()
}

// FirstWrite waits until an ensemble acknowledges a write through one of the
// servers, and tells which. The znode it creates is ephemeral and gone afterwards.
func FirstWrite(ctx context.Context, server string) error {
	c, err := openAny(ctx, []string{server}, 10*time.Second)
	if err != nil {
		return err
	}
	defer c.close(ctx)
	path := fmt.Sprintf("/zoo-ready-%016x", rand.Uint64())
	codes, err := c.call(ctx, createFrame(path, nil, createEphemeral))
	if err != nil {
		return err
	}
	if codes[0] != 0 {
		return fmt.Errorf("create %s: code %d", path, codes[0])
	}
	return nil
}
