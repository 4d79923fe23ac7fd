package server

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"net"
	"testing"
	"time"

	"zoo"
	"zoo/internal/core/acl"
	"zoo/internal/core/replica"
	"zoo/internal/disk/store"
	"zoo/internal/disk/vfs"
	"zoo/internal/jute"
	"zoo/internal/ops/command"
	"zoo/internal/wire"
)

// patience is how long a test waits for what must come, on a machine that is busy with
// other things.
const patience = 30 * time.Second

// running is a server under test.
type running struct {
	*Server
	t       testing.TB
	disk    *vfs.Mem
	address string
	stop    func() error
}

// standaloneConfig is a server alone, on a disk in memory.
func standaloneConfig(disk *vfs.Mem) Config {
	return Config{
		Config: replica.Config{
			ID: 1, TickTime: 100 * time.Millisecond,
			Rules: acl.Rules{SuperDigest: acl.DigestID("super:secret").ID},
		},
		Store:        store.Config{FS: disk, DataDir: "/data", PreallocateBytes: 1 << 16},
		ClientListen: []string{"127.0.0.1:0"},
		Words:        command.SafeWords(),
	}
}

func startStandalone(t testing.TB) *running {
	disk := vfs.NewMem()
	return start(t, disk, standaloneConfig(disk))
}

// start runs a server until the test ends.
func start(t testing.TB, disk *vfs.Mem, cfg Config) *running {
	t.Helper()
	return startLogging(t, disk, cfg, testLog(t))
}

func startLogging(t testing.TB, disk *vfs.Mem, cfg Config, log *slog.Logger) *running {
	t.Helper()
	s := Assemble(cfg, log, BuildInfo{Version: "test"})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	stopped := false
	stop := func() error {
		if stopped {
			return nil
		}
		stopped = true
		cancel()
		select {
		case err := <-ended:
			return err
		case <-time.After(patience):
			return errors.New("the server does not end")
		}
	}
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
	waiting, cancelWait := context.WithTimeout(ctx, patience)
	defer cancelWait()
	addresses, err := s.Addresses(waiting)
	if err != nil {
		t.Fatal(err)
	}
	r := &running{Server: s, t: t, disk: disk, stop: stop}
	if len(addresses) > 0 {
		r.address = addresses[0].String()
	}
	return r
}

// testLog writes to the test's output.
func testLog(t testing.TB) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), nil))
}

// client speaks the protocol by hand.
type client struct {
	t  testing.TB
	nc net.Conn
	// opened is the answer to the handshake.
	opened wire.ConnectResponse
}

func (r *running) dial() *client {
	r.t.Helper()
	nc, err := net.Dial("tcp", r.address)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { nc.Close() })
	_ = nc.SetDeadline(time.Now().Add(patience))
	return &client{t: r.t, nc: nc}
}

// connect dials and opens a new session.
func (r *running) connect() *client {
	r.t.Helper()
	c := r.dial()
	c.handshake(newSession())
	if c.opened.SessionID == 0 {
		r.t.Fatal("no session")
	}
	return c
}

func newSession() *wire.ConnectRequest {
	return &wire.ConnectRequest{
		TimeOut: 10_000, Passwd: make([]byte, wire.PasswordBytes), HasReadOnly: true,
	}
}

// resume asks for the client's session on another connection.
func (c *client) resume() *wire.ConnectRequest {
	again := newSession()
	again.SessionID, again.Passwd = c.opened.SessionID, c.opened.Passwd
	return again
}

func (c *client) handshake(request *wire.ConnectRequest) {
	c.t.Helper()
	c.sendFrame(request.AppendTo(nil))
	d := jute.NewDecoder(c.frame())
	c.opened.DecodeFrom(&d)
	if d.Err() != nil {
		c.t.Fatal(d.Err())
	}
}

func (c *client) sendFrame(payload []byte) {
	c.t.Helper()
	c.write(append(binary.BigEndian.AppendUint32(nil, uint32(len(payload))), payload...))
}

func (c *client) write(b []byte) {
	c.t.Helper()
	if _, err := c.nc.Write(b); err != nil {
		c.t.Fatal(err)
	}
}

// request is a frame with a request; a nil record is an empty one.
func request(xid int32, op wire.Op, record jute.Record) []byte {
	b, mark := wire.BeginFrame(nil)
	header := wire.RequestHeader{Xid: xid, Type: op}
	b = header.AppendTo(b)
	if record != nil {
		b = record.AppendTo(b)
	}
	return wire.EndFrame(b, mark)
}

// pipeline sends requests in one write.
func (c *client) pipeline(requests ...[]byte) {
	c.t.Helper()
	c.write(bytes.Join(requests, nil))
}

func (c *client) frame() []byte {
	c.t.Helper()
	var head [4]byte
	if _, err := io.ReadFull(c.nc, head[:]); err != nil {
		c.t.Fatalf("read frame: %v", err)
	}
	b := make([]byte, binary.BigEndian.Uint32(head[:]))
	if _, err := io.ReadFull(c.nc, b); err != nil {
		c.t.Fatalf("read frame of %d bytes: %v", len(b), err)
	}
	return b
}

// message is what the server sent.
type message struct {
	wire.ReplyHeader
	body jute.Decoder
}

func (c *client) message() message {
	c.t.Helper()
	var m message
	m.body = jute.NewDecoder(c.frame())
	m.DecodeFrom(&m.body)
	if m.body.Err() != nil {
		c.t.Fatal(m.body.Err())
	}
	return m
}

// event reads a message that must be a watch event.
func (c *client) event() wire.WatcherEvent {
	c.t.Helper()
	m := c.message()
	if m.Xid != wire.XidNotification {
		c.t.Fatalf("want an event, got xid %d", m.Xid)
	}
	var e wire.WatcherEvent
	e.DecodeFrom(&m.body)
	return e
}

// reply reads a message that must be the reply to xid.
func (c *client) reply(xid int32, code zoo.Code) *message {
	c.t.Helper()
	m := c.message()
	if m.Xid != xid || m.Err != code {
		c.t.Fatalf("want xid %d with %v, got xid %d with %v", xid, code, m.Xid, m.Err)
	}
	return &m
}

// call sends one request and reads its reply.
func (c *client) call(xid int32, op wire.Op, record jute.Record, code zoo.Code) *message {
	c.t.Helper()
	c.pipeline(request(xid, op, record))
	return c.reply(xid, code)
}

func create(path, data string) *wire.CreateRequest {
	return &wire.CreateRequest{Path: path, Data: []byte(data), ACL: zoo.OpenACL()}
}

func ephemeral(path string) *wire.CreateRequest {
	return &wire.CreateRequest{Path: path, ACL: zoo.OpenACL(), Flags: zoo.Ephemeral}
}

// digestAuth is "user:password" of the digest scheme.
func digestAuth(userPassword string) *wire.AuthPacket {
	return &wire.AuthPacket{Scheme: "digest", Auth: []byte(userPassword)}
}

func (c *client) create(path, data string) {
	c.t.Helper()
	c.call(1000, wire.OpCreate, create(path, data), zoo.CodeOK)
}

// ended fails unless the server closes the connection.
func (c *client) ended() {
	c.t.Helper()
	rest, err := io.ReadAll(c.nc)
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		c.t.Fatal("the connection stays open")
	}
	if len(rest) > 0 {
		c.t.Fatalf("%d more bytes before the end", len(rest))
	}
}
