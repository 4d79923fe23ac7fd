package client_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"zoo"
	"zoo/client"
	"zoo/internal/jute"
	"zoo/internal/wire"
)

// fake is a place where a client finds servers that a test plays by hand. It lives in
// the bubble of the test.
type fake struct {
	t *testing.T
	// arrivals are connections; a test that wants none closes them.
	arrivals chan net.Conn
	// refuse makes dialing fail.
	refuse error
	dialed atomic.Int64
}

func newFake(t *testing.T) *fake { return &fake{t: t, arrivals: make(chan net.Conn)} }

func (f *fake) dial(ctx context.Context, _ string) (net.Conn, error) {
	f.dialed.Add(1)
	if f.refuse != nil {
		return nil, f.refuse
	}
	here, there := net.Pipe()
	select {
	case f.arrivals <- there:
		return here, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// timeout is the session timeout of the tests.
const timeout = 30 * time.Second

func (f *fake) options() client.Options {
	return client.Options{Servers: []string{"a:1"}, Dial: f.dial, SessionTimeout: timeout}
}

// begin starts a client that is gone after the test.
func (f *fake) begin(opts client.Options) *client.Client {
	f.t.Helper()
	c, err := client.New(opts)
	if err != nil {
		f.t.Fatal(err)
	}
	return c
}

// peer is one connection, seen from the server's side.
type peer struct {
	t  *testing.T
	nc net.Conn
	// asked is what the client has presented.
	asked wire.ConnectRequest
}

// accept takes the next connection and grants a session.
func (f *fake) accept(grant wire.ConnectResponse) *peer {
	f.t.Helper()
	p := &peer{t: f.t, nc: <-f.arrivals}
	d := jute.NewDecoder(p.frame())
	p.asked.DecodeFrom(&d)
	if d.Err() != nil {
		f.t.Fatal(d.Err())
	}
	p.send(grant.AppendTo(nil))
	synctest.Wait() // The client has taken note of it.
	return p
}

// granted is the session of most tests.
func granted() wire.ConnectResponse {
	return wire.ConnectResponse{TimeOut: int32(timeout / time.Millisecond), SessionID: 0x17,
		Passwd: bytes.Repeat([]byte{7}, wire.PasswordBytes), HasReadOnly: true}
}

func (p *peer) frame() []byte {
	p.t.Helper()
	b, err := readFrame(p.nc)
	if err != nil {
		p.t.Fatalf("the client says no more: %v", err)
	}
	return b
}

func readFrame(nc net.Conn) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(nc, head[:]); err != nil {
		return nil, err
	}
	b := make([]byte, binary.BigEndian.Uint32(head[:]))
	_, err := io.ReadFull(nc, b)
	return b, err
}

func (p *peer) send(payload []byte) {
	p.t.Helper()
	frame := append(binary.BigEndian.AppendUint32(nil, uint32(len(payload))), payload...)
	if _, err := p.nc.Write(frame); err != nil {
		p.t.Fatalf("the client does not listen: %v", err)
	}
}

// hear takes the next request and decodes its record.
func (p *peer) hear(op wire.Op, record jute.Record) wire.RequestHeader {
	p.t.Helper()
	var header wire.RequestHeader
	d := jute.NewDecoder(p.frame())
	header.DecodeFrom(&d)
	if record != nil {
		record.DecodeFrom(&d)
	}
	if d.Err() != nil || header.Type != op {
		p.t.Fatalf("heard %v, want %v (%v)", header.Type, op, d.Err())
	}
	return header
}

func (p *peer) answer(header wire.ReplyHeader, record jute.Record) {
	p.t.Helper()
	b := header.AppendTo(nil)
	if record != nil {
		b = record.AppendTo(b)
	}
	p.send(b)
}

// reply answers a request with success.
func (p *peer) reply(to wire.RequestHeader, zxid zoo.Zxid, record jute.Record) {
	p.t.Helper()
	p.answer(wire.ReplyHeader{Xid: to.Xid, Zxid: zxid}, record)
}

// event sends a watch event.
func (p *peer) event(t zoo.EventType, path string) {
	p.t.Helper()
	p.answer(wire.ReplyHeader{Xid: wire.XidNotification, Zxid: 9},
		&wire.WatcherEvent{Type: t, State: zoo.StateSyncConnected, Path: path})
}

// leave waits for closeSession and confirms it.
func (p *peer) leave(c *client.Client) {
	p.t.Helper()
	ended := make(chan error, 1)
	go func() { ended <- c.Close(p.t.Context()) }()
	p.reply(p.hear(wire.OpCloseSession, nil), 10, nil)
	if err := <-ended; err != nil {
		p.t.Fatal(err)
	}
}

// journal is a watcher that writes down what it hears.
func journal() (client.Watcher, *[]string) {
	lines := new([]string)
	return client.NewWatcher(func(e client.Event) {
		*lines = append(*lines, fmt.Sprintf("%v %v %s", e.Type, e.State, e.Path))
	}), lines
}

var errNobody = errors.New("nobody is at home")
