package admin

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"sync"
	"time"

	"zoo/internal/net/certs"
	"zoo/internal/ops/metrics"
)

// TLS is how a port speaks HTTPS.
type TLS struct {
	// Certs are the certificates and how TLS is spoken. An empty ClientAuth asks for a
	// certificate where the file of keys names some.
	Certs certs.Config
	// Unified takes plain HTTP on the same port; the first bytes of a connection decide
	// (admin.portUnification, ZOOKEEPER-3371). Otherwise it is HTTPS alone (admin.forceHttps,
	// ZOOKEEPER-4259).
	Unified bool
}

// open reads the certificates for a port with these keys.
func (t *TLS) open(k *keys, log *slog.Logger) (*certs.Context, error) {
	settings := t.Certs
	if settings.ClientAuth == "" {
		settings.ClientAuth = "none"
		if k.takesCertificates() {
			settings.ClientAuth = "want"
		}
	}
	return certs.Open(settings, log)
}

// ExplainTLS tells how a port would speak TLS, a line each, and why it could not. It is
// empty without TLS.
func (c *Config) ExplainTLS() ([]string, error) {
	ctx, err := c.openTLS()
	if ctx == nil {
		return nil, err
	}
	return ctx.Explain(), nil
}

// Certificate is when the first certificate ends that the port would show; zero without TLS.
// The error tells why it could not speak it.
func (c *Config) Certificate() (notAfter time.Time, err error) {
	ctx, err := c.openTLS()
	if ctx == nil {
		return time.Time{}, err
	}
	return ctx.NotAfter(), nil
}

// openTLS is for who wants to know before there is a port. Keys that cannot be read ask
// nobody for a certificate, as when it starts.
func (c *Config) openTLS() (*certs.Context, error) {
	if c.TLS == nil {
		return nil, nil
	}
	var k keyring
	if c.KeysFile != "" {
		_, _ = k.look(c.KeysFile, time.Now())
	}
	ctx, err := c.TLS.open(k.current.Load(), slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, &TLSError{err}
	}
	return ctx, nil
}

// TLSError is why a port cannot speak TLS.
type TLSError struct{ Err error }

// Error tells which setting or file it is about.
func (e *TLSError) Error() string { return "TLS for operators: " + e.Err.Error() }

// Unwrap gives the error of the settings or files.
func (e *TLSError) Unwrap() error { return e.Err }

// errSilent is of who has gone before anything was known.
var errSilent = errors.New("it said nothing")

// errPlain is of who speaks HTTP where only HTTPS is spoken.
var errPlain = errors.New("it speaks plain HTTP, and this port HTTPS only")

// plainAnswer is for them: as a browser shows it.
const plainAnswer = "HTTP/1.0 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n" +
	"Connection: close\r\n\r\nthis port speaks HTTPS only; ask https://\n"

// goodbyeTimeout bounds the wait until who is refused has read why.
const goodbyeTimeout = time.Second

// door is the listener of a port that speaks TLS. It finds out what a connection speaks and
// shakes hands with it before HTTP has it, each in a goroutine of its own: who is slow
// keeps nobody else waiting, and a certificate that is refused is told as what it is.
type door struct {
	net.Listener // immutable, like all up to mu
	context      *certs.Context
	unified      bool
	timeout      time.Duration
	refused      func(conn net.Conn, err error)
	plain        *metrics.Counter
	through      chan net.Conn
	errors       chan error
	closing      chan struct{}
	tasks        sync.WaitGroup

	mu     sync.Mutex
	closed bool
	// entering are the connections of which nothing is known yet, with when they came.
	entering map[net.Conn]time.Time
}

// opened begins to take in connections.
func (d *door) opened() *door {
	d.through, d.errors = make(chan net.Conn), make(chan error)
	d.closing, d.entering = make(chan struct{}), make(map[net.Conn]time.Time)
	d.tasks.Add(1)
	go d.work()
	return d
}

func (d *door) work() {
	defer d.tasks.Done()
	for {
		nc, err := d.Listener.Accept()
		if err != nil {
			select {
			case d.errors <- err: // HTTP knows which ones pass, and waits.
				continue
			case <-d.closing:
				return
			}
		}
		if d.enter(nc) {
			go d.receive(nc)
		}
	}
}

// enter takes note of a connection; false if the door is closed. Of too many the oldest goes.
func (d *door) enter(nc net.Conn) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		_ = nc.Close()
		return false
	}
	if len(d.entering) >= connsMax {
		var oldest net.Conn
		for other, since := range d.entering {
			if oldest == nil || since.Before(d.entering[oldest]) {
				oldest = other
			}
		}
		delete(d.entering, oldest)
		_ = oldest.Close()
	}
	d.entering[nc] = time.Now()
	d.tasks.Add(1)
	return true
}

// leave forgets a connection, and tells whether it was not we who ended it.
func (d *door) leave(nc net.Conn) (wanted bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, wanted = d.entering[nc]
	delete(d.entering, nc)
	return wanted && !d.closed
}

// receive brings one connection to HTTP, or ends it.
func (d *door) receive(nc net.Conn) {
	defer d.tasks.Done()
	in, err := d.shake(nc)
	wanted := d.leave(nc)
	if err != nil {
		if wanted && !errors.Is(err, errSilent) {
			d.refused(nc, err)
		}
		_ = nc.Close()
		return
	}
	select {
	case d.through <- in:
	case <-d.closing:
		_ = nc.Close()
	}
}

// shake finds out what a connection speaks and, under TLS, who is there.
func (d *door) shake(nc net.Conn) (net.Conn, error) {
	verdict, first, err := certs.Sniff(nc, min(d.context.DetectionTimeout(), d.timeout))
	if err != nil {
		return nil, errSilent
	}
	begun := &begun{Conn: nc, first: first}
	if verdict == certs.Plain {
		if d.unified {
			d.plain.Inc()
			return begun, nil
		}
		return nil, d.turnAway(nc, first)
	}
	secured := tls.Server(begun, d.context.Server())
	ctx, cancel := context.WithTimeout(context.Background(), d.timeout)
	defer cancel()
	if err := secured.HandshakeContext(ctx); err != nil {
		return nil, err
	}
	return secured, nil
}

// turnAway tells a plain client where it is. What it has sent is read: a connection that is
// closed with bytes unread loses what was written to it.
func (d *door) turnAway(nc net.Conn, first []byte) error {
	if len(first) == 0 {
		return errSilent // a probe of the port
	}
	_ = nc.SetDeadline(time.Now().Add(min(goodbyeTimeout, d.timeout)))
	_, _ = io.WriteString(nc, plainAnswer)
	if half, ok := nc.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(nc, headerBytesMax))
	return errPlain
}

// Accept gives the next connection that has come through.
func (d *door) Accept() (net.Conn, error) {
	select {
	case nc := <-d.through:
		return nc, nil
	case err := <-d.errors:
		return nil, err
	case <-d.closing:
		return nil, net.ErrClosed
	}
}

// Close ends the port and whoever is coming in, and waits for their goroutines.
func (d *door) Close() error {
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return nil
	}
	d.closed = true
	for nc := range d.entering {
		_ = nc.Close()
	}
	d.mu.Unlock()
	close(d.closing)
	err := d.Listener.Close()
	d.tasks.Wait()
	return err
}

// begun is a connection of which the first bytes have been read.
type begun struct {
	net.Conn
	first []byte // its reader only
}

// Read gives what was read already, and then what comes.
func (b *begun) Read(p []byte) (int, error) {
	if len(b.first) == 0 {
		return b.Conn.Read(p)
	}
	n := copy(p, b.first)
	b.first = b.first[n:]
	return n, nil
}
