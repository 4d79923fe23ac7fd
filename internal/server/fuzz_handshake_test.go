package server

import (
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"zoo/internal/check/alloc"
	"zoo/internal/wire"
)

// recital is a connection that says what it was given, piece by piece, and then that
// it is over. It takes every answer.
type recital struct {
	net.Conn // nil: what is missing is not asked for
	left     []byte
	piece    int
	once     sync.Once
	closed   chan struct{}
}

func (r *recital) Read(p []byte) (int, error) {
	select {
	case <-r.closed:
		return 0, net.ErrClosed
	default:
	}
	if len(r.left) == 0 {
		return 0, io.EOF
	}
	n := copy(p, r.left[:min(r.piece, len(r.left))])
	r.left = r.left[n:]
	return n, nil
}

func (r *recital) Write(p []byte) (int, error) { return len(p), nil }

func (r *recital) Close() error {
	r.once.Do(func() { close(r.closed) })
	return nil
}

func (r *recital) LocalAddr() net.Addr { return r.RemoteAddr() }

func (r *recital) RemoteAddr() net.Addr {
	return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 4711}
}

func (r *recital) SetDeadline(time.Time) error { return nil }

func (r *recital) SetReadDeadline(time.Time) error { return nil }

func (r *recital) SetWriteDeadline(time.Time) error { return nil }

// FuzzHandshake says anything to a new connection of a port that knows nothing but
// clients, or of one that finds out whether they speak TLS: in one piece, or byte by
// byte. The server takes leave of it and lives on.
func FuzzHandshake(f *testing.F) {
	again := newSession()
	again.SessionID, again.Passwd = 0x1234, []byte("0123456789abcdef")
	old := newSession()
	old.HasReadOnly = false
	for _, first := range [][]byte{
		frameOf(newSession().AppendTo(nil)), frameOf(again.AppendTo(nil)),
		frameOf(old.AppendTo(nil)), hello(f), hello(f)[:2], []byte("ruok"), []byte("mntr\n"),
		[]byte("stmk\x00\x00\x00\x00\x00\x00\x00\x07"), []byte("stmk\x00"),
		{0x7f, 0xff, 0xff, 0xff}, {0xff, 0xff, 0xff, 0xff}, {0, 0, 0, 0}, {0x16, 0x03, 0x09},
		append(frameOf(newSession().AppendTo(nil)), request(1, wire.OpPing, nil)...),
	} {
		f.Add(false, true, first)
		f.Add(true, true, first)
		f.Add(true, false, first)
	}
	s := startSecure(f, func(cfg *Config) {
		cfg.Words, cfg.FrameBytesMax = []string{"*"}, 64<<20
	})
	f.Fuzz(func(t *testing.T, unified, whole bool, first []byte) {
		piece := 1
		if whole {
			piece = max(1, len(first))
		}
		alloc.Pooled(t, len(first), func() {
			r := &recital{left: first, piece: piece, closed: make(chan struct{})}
			if unified {
				s.receive(r, tlsOrPlain)
			} else {
				s.Attach(r)
			}
			<-r.closed
		})
		s.lives(t)
	})
}

// hello is what a client says first under TLS.
func hello(t testing.TB) []byte {
	near, far := net.Pipe()
	go func() { _ = tls.Client(near, &tls.Config{ServerName: "localhost"}).Handshake() }()
	defer near.Close()
	head := make([]byte, 5)
	if _, err := io.ReadFull(far, head); err != nil {
		t.Fatal(err)
	}
	body := make([]byte, binary.BigEndian.Uint16(head[3:]))
	if _, err := io.ReadFull(far, body); err != nil {
		t.Fatal(err)
	}
	return append(head, body...)
}
