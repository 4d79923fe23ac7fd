package recipe_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"net"
	"runtime"
	"sync"
	"testing"
	"time"

	"zoo"
	"zoo/client"
	"zoo/internal/core/replica"
	"zoo/internal/disk/store"
	"zoo/internal/disk/vfs"
	"zoo/internal/jute"
	"zoo/internal/server"
	"zoo/internal/wire"
)

// world is one server on a disk in memory, which a test restarts.
type world struct {
	t    *testing.T
	disk *vfs.Mem
	tick time.Duration
	stop func()

	mu      sync.Mutex
	address string
}

func newWorld(t *testing.T, tick time.Duration) *world {
	w := &world{t: t, disk: vfs.NewMem(), tick: tick}
	w.start()
	t.Cleanup(func() { w.stop() })
	return w
}

// run runs a server until stop.
func run(disk *vfs.Mem, tick time.Duration) (address string, stop func() error, err error) {
	cfg := server.Config{
		Config:       replica.Config{ID: 1, TickTime: tick},
		Store:        store.Config{FS: disk, DataDir: "/data", PreallocateBytes: 1 << 16},
		ClientListen: []string{"127.0.0.1:0"},
	}
	s := server.Assemble(cfg, slog.New(slog.DiscardHandler), server.BuildInfo{Version: "test"})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	stop = func() error {
		cancel()
		return <-ended
	}
	addresses, err := s.Addresses(context.Background())
	if err != nil {
		return "", stop, errors.Join(err, stop())
	}
	return addresses[0].String(), stop, nil
}

func (w *world) start() {
	address, stop, err := run(w.disk, w.tick)
	if err != nil {
		w.t.Fatal(err)
	}
	w.stop = func() {
		if err := stop(); err != nil {
			w.t.Error(err)
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.address = address
}

// restart ends the server, with all that is under way, and starts it with what it has on disk.
func (w *world) restart() {
	w.stop()
	w.start()
}

func (w *world) connect(ctx context.Context) (net.Conn, error) {
	w.mu.Lock()
	address := w.address
	w.mu.Unlock()
	var dialer net.Dialer
	return dialer.DialContext(ctx, "tcp", address)
}

// person is a client whose session a test can end, and whose connection it can cut.
type person struct {
	*client.Client
	w *world

	mu     sync.Mutex
	cut    bool
	passwd []byte
	conns  []net.Conn
	// seen is the last zxid that an answer brought, lose how many are to be lost.
	seen zoo.Zxid
	lose int
	// events counts those of watches.
	events int
}

const patience = 20 * time.Second

// person opens a session with the timeout.
func (w *world) person(timeout time.Duration) *person {
	w.t.Helper()
	p := &person{w: w}
	c, err := client.Dial(w.t.Context(), client.Options{Servers: []string{"a:1"},
		SessionTimeout: timeout, Dial: p.dial})
	if err != nil {
		w.t.Fatal(err)
	}
	p.Client = c
	w.t.Cleanup(func() {
		p.heal()
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		_ = c.Close(ctx) // It may have ended.
	})
	return p
}

var errCut = errors.New("the test has cut the connection")

func (p *person) dial(ctx context.Context, _ string) (net.Conn, error) {
	p.mu.Lock()
	cut := p.cut
	p.mu.Unlock()
	if cut {
		return nil, errCut
	}
	nc, err := p.w.connect(ctx)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns = append(p.conns, nc)
	return &spied{Conn: nc, p: p, first: true}, nil
}

// sever breaks the connection, and lets no other begin until heal.
func (p *person) sever() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut = true
	for _, nc := range p.conns {
		nc.Close()
	}
	p.conns = nil
}

func (p *person) heal() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut = false
}

// expire ends the session behind the client's back: a second connection takes it and closes
// it.
func (p *person) expire() {
	err := p.takeAway()
	for ; err != nil && p.w.t.Context().Err() == nil; err = p.takeAway() {
		runtime.Gosched() // The server is being restarted.
	}
	if err != nil {
		p.w.t.Error(err)
	}
}

func (p *person) takeAway() error {
	nc, err := p.w.connect(p.w.t.Context())
	if err != nil {
		return err
	}
	defer nc.Close()
	p.mu.Lock()
	hello := wire.ConnectRequest{SessionID: p.SessionID(), Passwd: p.passwd,
		TimeOut: int32(timeout / time.Millisecond), HasReadOnly: true}
	p.mu.Unlock()
	payload, err := ask(nc, hello.AppendTo(nil))
	if err != nil {
		return err
	}
	var answer wire.ConnectResponse
	d := jute.NewDecoder(payload)
	answer.DecodeFrom(&d)
	if answer.TimeOut > 0 {
		bye := wire.RequestHeader{Xid: 1, Type: wire.OpCloseSession}
		_, err = ask(nc, bye.AppendTo(nil))
	}
	return errors.Join(err, d.Err())
}

func ask(nc net.Conn, payload []byte) ([]byte, error) {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(payload)))
	if _, err := nc.Write(append(b, payload...)); err != nil {
		return nil, err
	}
	return frame(nc)
}

func frame(in io.Reader) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		return nil, err
	}
	b := make([]byte, binary.BigEndian.Uint32(head[:]))
	_, err := io.ReadFull(in, b)
	return b, err
}

// spied is a connection of which the test reads the answers first, frame by frame.
type spied struct {
	net.Conn
	p     *person
	first bool
	rest  []byte
}

// Read gives what the server has sent, unless the test wants an answer to be lost.
func (s *spied) Read(b []byte) (int, error) {
	if len(s.rest) == 0 {
		payload, err := frame(s.Conn)
		if err != nil {
			return 0, err
		}
		if err := s.look(payload); err != nil {
			return 0, err
		}
		s.rest = append(binary.BigEndian.AppendUint32(nil, uint32(len(payload))), payload...)
	}
	n := copy(b, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}

func (s *spied) look(payload []byte) error {
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	if s.first {
		s.first = false
		var answer wire.ConnectResponse
		d := jute.NewDecoder(payload)
		answer.DecodeFrom(&d)
		s.p.passwd = answer.Passwd
		return d.Err()
	}
	var header wire.ReplyHeader
	d := jute.NewDecoder(payload)
	header.DecodeFrom(&d)
	if header.Xid == wire.XidNotification {
		s.p.events++
	}
	if header.Xid <= 0 || header.Err != zoo.CodeOK || header.Zxid <= s.p.seen {
		return d.Err()
	}
	s.p.seen = header.Zxid
	if s.p.lose > 0 {
		s.p.lose--
		s.Close()
		return errCut
	}
	return nil
}

// loseAnswers lets the connection break in place of each of the next n answers to a
// write: those that bring a new zxid.
func (p *person) loseAnswers(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lose = n
}

func (p *person) heard() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.events
}

// soon is a context for what must not take long.
func soon(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// check ends a test at the first error.
func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// The times of most tests: no session ends by itself.
const (
	tick    = 2 * time.Second
	timeout = 30 * time.Second
)
