package robust

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"zoo"
	"zoo/internal/check/history"
	"zoo/internal/jute"
	"zoo/internal/wire"
)

// The times of a session that speaks the protocol itself.
const (
	sessionTimeout = 3 * time.Second
	// dialLimit bounds an attempt to connect, answerLimit the wait for one answer.
	dialLimit   = 500 * time.Millisecond
	answerLimit = time.Second
	retryPause  = 30 * time.Millisecond
	replyMax    = 1 << 20
)

// errLost tells that a connection was lost with a request under way.
var errLost = errors.New("connection lost")

// watching is a watch that stands, of a znode that is there or of one that is not.
type watching struct {
	id     history.WatchID
	absent bool
}

// session is one client that sends one request at a time and takes down, in their order,
// all answers and events of its connections. One goroutine owns it.
type session struct {
	servers []string
	at      int // the server to try next
	conn    net.Conn
	begin   func(zoo.SessionID) *history.Stream
	stream  *history.Stream

	id      zoo.SessionID
	passwd  []byte
	seen    zoo.Zxid
	xid     int32
	watches map[string]watching
	lastID  history.WatchID
	done    *history.Operation
}

// reset forgets a session that the ensemble has ended.
func (s *session) reset() {
	s.id, s.passwd, s.seen = 0, make([]byte, wire.PasswordBytes), 0
	s.watches = map[string]watching{}
}

// connect finds a server that takes the session, or begins a new one.
func (s *session) connect(ctx context.Context) error {
	for s.conn == nil {
		err := s.tryServer(s.servers[s.at%len(s.servers)])
		if err == nil {
			return nil
		}
		s.hangUp()
		if !pause(ctx.Done(), retryPause) {
			return fmt.Errorf("%w; last: %w", ctx.Err(), err)
		}
	}
	return nil
}

// hangUp ends the connection; the next one is to the next server.
func (s *session) hangUp() {
	if s.conn != nil {
		_ = s.conn.Close() // it may be gone already
		s.conn = nil
	}
	s.at++
}

func (s *session) tryServer(address string) error {
	conn, err := net.DialTimeout("tcp", address, dialLimit)
	if err != nil {
		return err
	}
	s.conn = conn
	request := wire.ConnectRequest{LastZxidSeen: s.seen, SessionID: s.id, Passwd: s.passwd,
		TimeOut: int32(sessionTimeout.Milliseconds())}
	if err := s.send(&request); err != nil {
		return err
	}
	frame, err := s.receive()
	if err != nil {
		return err
	}
	var response wire.ConnectResponse
	d := jute.NewDecoder(frame)
	response.DecodeFrom(&d)
	switch {
	case d.Err() != nil:
		return d.Err()
	case response.TimeOut <= 0:
		s.reset()
		return errors.New("session expired")
	case s.id == 0:
		s.id, s.passwd = response.SessionID, response.Passwd
		s.stream = s.begin(s.id)
	}
	return s.rearm()
}

// rearm sets the watches on the new server before anything is read from it.
func (s *session) rearm() error {
	if len(s.watches) == 0 {
		return nil
	}
	request := wire.SetWatches{RelativeZxid: s.seen}
	for path, w := range s.watches {
		list := &request.DataWatches
		if w.absent {
			list = &request.ExistWatches
		}
		*list = append(*list, path)
	}
	header := wire.RequestHeader{Xid: wire.XidSetWatches, Type: wire.OpSetWatches}
	if err := s.send(&header, &request); err != nil {
		return err
	}
	reply, _, err := s.await(wire.XidSetWatches)
	if err == nil {
		s.stream.Add(history.Operation{Kind: history.Rearm, Answered: true, Zxid: reply.Zxid})
	}
	return err
}

// send writes one frame within answerLimit, which is also that of the answer.
func (s *session) send(records ...jute.Record) error {
	b, mark := wire.BeginFrame(nil)
	for _, r := range records {
		b = r.AppendTo(b)
	}
	if err := s.conn.SetDeadline(time.Now().Add(answerLimit)); err != nil {
		return err
	}
	_, err := s.conn.Write(wire.EndFrame(b, mark))
	return err
}

func (s *session) receive() ([]byte, error) {
	var head [wire.FrameHeaderBytes]byte
	if _, err := io.ReadFull(s.conn, head[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n > replyMax {
		return nil, fmt.Errorf("frame of %d bytes", n)
	}
	frame := make([]byte, n)
	_, err := io.ReadFull(s.conn, frame)
	return frame, err
}

// await reads until the answer to a request, and takes down the events before it.
func (s *session) await(xid int32) (wire.ReplyHeader, []byte, error) {
	for {
		frame, err := s.receive()
		if err != nil {
			return wire.ReplyHeader{}, nil, err
		}
		var header wire.ReplyHeader
		d := jute.NewDecoder(frame)
		header.DecodeFrom(&d)
		rest := frame[len(frame)-d.Len():]
		switch {
		case d.Err() != nil:
			return header, nil, d.Err()
		case header.Xid == wire.XidNotification:
			if err := s.hear(rest); err != nil {
				return header, nil, err
			}
		case header.Xid == xid:
			return header, rest, nil
		default:
			return header, nil, fmt.Errorf("answer %d, want %d", header.Xid, xid)
		}
	}
}

// hear takes down an event, which uses up the watch.
func (s *session) hear(body []byte) error {
	var event wire.WatcherEvent
	d := jute.NewDecoder(body)
	event.DecodeFrom(&d)
	s.stream.Fire(s.watches[event.Path].id, event.Path)
	delete(s.watches, event.Path)
	return d.Err()
}

// call sends a request and returns the answer's header and body. With errLost it may have
// been carried out or not.
func (s *session) call(op wire.Op, request jute.Record) (wire.ReplyHeader, []byte, error) {
	s.xid++
	header := wire.RequestHeader{Xid: s.xid, Type: op}
	err := s.send(&header, request)
	if err == nil {
		var reply wire.ReplyHeader
		var body []byte
		if reply, body, err = s.await(s.xid); err == nil {
			s.seen = max(s.seen, reply.Zxid)
			return reply, body, nil
		}
	}
	s.hangUp()
	return wire.ReplyHeader{}, nil, fmt.Errorf("%w: %w", errLost, err)
}
