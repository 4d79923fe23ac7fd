package slow

import (
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"zoo/internal/jute"
	"zoo/internal/wire"
)

// peerTimeout bounds what one hostile client waits for.
const peerTimeout = 20 * time.Second

// peer is one client of bad manners.
type peer struct {
	net.Conn
	session wire.ConnectResponse
}

// dial connects, with a window as small as the system allows: what a client does not
// read is to lie in the server, not in the kernel.
func (f *field) dial(config *tls.Config) (*peer, error) {
	dialer := net.Dialer{Timeout: peerTimeout}
	address := f.target.Address()
	if config != nil {
		address = f.target.SecureAddress()
	}
	nc, err := dialer.DialContext(f.ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	_ = nc.(*net.TCPConn).SetReadBuffer(4096)
	_ = nc.SetDeadline(time.Now().Add(peerTimeout))
	if config == nil {
		return &peer{Conn: nc}, nil
	}
	secured := tls.Client(nc, config)
	if err := secured.HandshakeContext(f.ctx); err != nil {
		nc.Close()
		return nil, err
	}
	return &peer{Conn: secured}, nil
}

// open dials and opens a session.
func (f *field) open(timeout time.Duration) (*peer, error) {
	p, err := f.dial(nil)
	if err != nil {
		return nil, err
	}
	if err := p.shake(timeout); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

// hello is the frame of a handshake.
func hello(timeout time.Duration) []byte {
	request := wire.ConnectRequest{
		TimeOut: int32(timeout.Milliseconds()), Passwd: make([]byte, 16), HasReadOnly: true,
	}
	b, mark := wire.BeginFrame(nil)
	return wire.EndFrame(request.AppendTo(b), mark)
}

func (p *peer) shake(timeout time.Duration) error {
	if _, err := p.Write(hello(timeout)); err != nil {
		return err
	}
	frame, err := p.frame()
	if err != nil {
		return err
	}
	d := jute.NewDecoder(frame)
	p.session.DecodeFrom(&d)
	if d.Err() != nil || p.session.SessionID == 0 {
		return fmt.Errorf("no session (%v)", d.Err())
	}
	return nil
}

// frame reads one frame.
func (p *peer) frame() ([]byte, error) {
	var head [wire.FrameHeaderBytes]byte
	if _, err := io.ReadFull(p, head[:]); err != nil {
		return nil, err
	}
	b := make([]byte, binary.BigEndian.Uint32(head[:]))
	_, err := io.ReadFull(p, b)
	return b, err
}

// request is the frame of a request.
func request(xid int32, op wire.Op, record jute.Record) []byte {
	b, mark := wire.BeginFrame(nil)
	b = jute.AppendInt(jute.AppendInt(b, xid), int32(op))
	if record != nil {
		b = record.AppendTo(b)
	}
	return wire.EndFrame(b, mark)
}

// call sends a request and waits for its reply, which must be good.
func (p *peer) call(xid int32, op wire.Op, record jute.Record) error {
	if _, err := p.Write(request(xid, op, record)); err != nil {
		return err
	}
	frame, err := p.frame()
	if err != nil {
		return err
	}
	if code := int32(binary.BigEndian.Uint32(frame[12:])); code != 0 {
		return fmt.Errorf("operation %v: code %d", op, code)
	}
	return nil
}

// ended tells whether the server hangs up before the deadline.
func (p *peer) ended() bool {
	_ = p.SetReadDeadline(time.Now().Add(peerTimeout))
	_, err := io.Copy(io.Discard, p)
	timeout, isNet := err.(net.Error)
	return !isNet || !timeout.Timeout()
}

// crowd is hostile clients of one kind.
type crowd []*peer

// dialersMax is how many connect at a time.
const dialersMax = 32

// gather makes n clients, several at a time.
func gather(n int, create func() (*peer, error)) (crowd, error) {
	all, errs := make(crowd, n), make([]error, dialersMax)
	var group sync.WaitGroup
	for d := range dialersMax {
		group.Go(func() {
			for i := d; i < n && errs[d] == nil; i += dialersMax {
				all[i], errs[d] = create()
			}
		})
	}
	group.Wait()
	for _, err := range errs {
		if err != nil {
			all.leave()
			return nil, err
		}
	}
	return all, nil
}

// leave hangs up.
func (c crowd) leave() {
	for _, p := range c {
		if p != nil {
			p.Close()
		}
	}
}

// every does something with each client of the crowd until it is told to stop.
func (c crowd) every(interval time.Duration, act func(p *peer)) (stop func()) {
	done := make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		for {
			for _, p := range c {
				act(p)
			}
			select {
			case <-done:
				return
			case <-ticker.C:
			}
		}
	})
	return func() { close(done); group.Wait() }
}
