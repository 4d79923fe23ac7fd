package curves

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"sync"
	"time"

	"zoo"
	"zoo/internal/jute"
	"zoo/internal/wire"
)

// session is a client that asks in batches and keeps nothing of the answers, so that it
// takes less than a server to answer, however many there are. One goroutine owns it.
type session struct {
	conn   net.Conn
	in     *bufio.Reader
	xid    int32
	out    []byte
	events int
}

// sessionTimeout outlives every point, since idle sessions send no pings.
const sessionTimeout = 10 * time.Minute

const (
	readerBytes = 4 << 10
	replyMax    = 64 << 20
	// batchBytesMax is what is sent before answers are read: beyond what sockets buffer both
	// sides could wait for each other.
	batchBytesMax = 32 << 10
)

// dial opens a session. Its connection ends with ctx.
func dial(ctx context.Context, address string) (*session, error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, func() { conn.Close() })
	s := &session{conn: conn, in: bufio.NewReaderSize(conn, readerBytes)}
	request := wire.ConnectRequest{TimeOut: int32(sessionTimeout.Milliseconds()),
		Passwd: make([]byte, wire.PasswordBytes)}
	b, mark := wire.BeginFrame(nil)
	if _, err := conn.Write(wire.EndFrame(request.AppendTo(b), mark)); err != nil {
		return nil, err
	}
	_, err = s.frame()
	return s, err
}

// dialMany opens n sessions.
func dialMany(ctx context.Context, address string, n int) (crowd, error) {
	var all crowd
	for range n {
		s, err := dial(ctx, address)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

// frame reads one, without its length.
func (s *session) frame() ([]byte, error) {
	var head [wire.FrameHeaderBytes]byte
	if _, err := io.ReadFull(s.in, head[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n > replyMax {
		return nil, fmt.Errorf("frame of %d bytes", n)
	}
	b := make([]byte, n)
	_, err := io.ReadFull(s.in, b)
	return b, err
}

// request is one that a session is to send: its opcode and its record.
type request func(i int) (wire.Op, jute.Record)

// ask sends the requests from up to until, at most depth at once, and wants each of them
// answered without an error.
func (s *session) ask(from, until, depth int, next request) error {
	for i := from; i < until; {
		s.out = s.out[:0]
		sent := 0
		for ; i < until && sent < depth && len(s.out) < batchBytesMax; i++ {
			op, record := next(i)
			s.append(op, record)
			sent++
		}
		if _, err := s.conn.Write(s.out); err != nil {
			return err
		}
		for range sent {
			if err := s.answer(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *session) append(op wire.Op, record jute.Record) {
	b, mark := wire.BeginFrame(s.out)
	s.xid++
	header := wire.RequestHeader{Xid: s.xid, Type: op}
	s.out = wire.EndFrame(record.AppendTo(header.AppendTo(b)), mark)
}

// answer reads frames up to that of a reply; events are counted.
func (s *session) answer() error {
	for {
		event, err := s.hear()
		if err != nil || !event {
			return err
		}
	}
}

// hear reads one frame and tells whether it is an event.
func (s *session) hear() (event bool, err error) {
	b, err := s.frame()
	if err != nil {
		return false, err
	}
	var header wire.ReplyHeader
	d := jute.NewDecoder(b)
	header.DecodeFrom(&d)
	switch {
	case d.Err() != nil:
		return false, d.Err()
	case header.Xid == wire.XidNotification:
		s.events++
		return true, nil
	case header.Err != zoo.CodeOK:
		return false, fmt.Errorf("request %d: %w", header.Xid, header.Err)
	}
	return false, nil
}

// crowd are sessions that work at once.
type crowd []*session

// ask shares n requests out, each session a piece.
func (c crowd) ask(n, depth int, next request) error {
	return c.each(func(s *session, i int) error {
		return s.ask(n*i/len(c), n*(i+1)/len(c), depth, next)
	})
}

// each lets all sessions do something at once.
func (c crowd) each(do func(s *session, i int) error) error {
	errs := make([]error, len(c))
	var group sync.WaitGroup
	for i, s := range c {
		group.Go(func() { errs[i] = do(s, i) })
	}
	group.Wait()
	return errors.Join(errs...)
}

// creates is a multi of creates of the znodes from up to until.
type creates struct {
	from, until int
	path        func(i int) string
	value       []byte
}

// AppendTo appends the parts and their end.
func (c *creates) AppendTo(b []byte) []byte {
	for i := c.from; i < c.until; i++ {
		b = createOf(c.path(i), c.value).AppendTo(wire.AppendMultiRequest(b, wire.OpCreate))
	}
	return wire.AppendMultiEnd(b)
}

// DecodeFrom refuses: these are only written.
func (c *creates) DecodeFrom(d *jute.Decoder) { d.Fail("multi", wire.ErrMultiOp) }

func createOf(path string, value []byte) *wire.CreateRequest {
	return &wire.CreateRequest{Path: path, Data: value, ACL: zoo.OpenACL()}
}

// multiParts is how many znodes one multi creates, when there are many.
const multiParts = 500

// fill creates znodes from up to until, by multis.
func (c crowd) fill(from, until int, path func(i int) string, value []byte) error {
	parts := max(1, min(multiParts, (until-from)/len(c)))
	multis := int(math.Ceil(float64(until-from) / float64(parts)))
	return c.ask(multis, 1, func(i int) (wire.Op, jute.Record) {
		first := from + i*parts
		return wire.OpMulti, &creates{first, min(first+parts, until), path, value}
	})
}
