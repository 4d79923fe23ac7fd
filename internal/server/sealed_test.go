package server

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"testing"
)

// seal makes a connection under TLS to a client.
func seal(t *testing.T) (*sealed, *tls.Conn) {
	ca := newCircle(t)
	roots := x509.NewCertPool()
	roots.AddCert(ca.cert)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	client := tls.Client(dialTCP(t, listener.Addr().String()),
		&tls.Config{RootCAs: roots, ServerName: "127.0.0.1"})
	shaken := make(chan error, 1)
	go func() { shaken <- client.Handshake() }()
	nc, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	below := &ciphertext{Conn: nc, pool: newBufferPool(outputBytes)}
	server := tls.Server(below, &tls.Config{Certificates: []tls.Certificate{ca.sign("server")}})
	if err := server.Handshake(); err != nil {
		t.Fatal(err)
	}
	if err := <-shaken; err != nil {
		t.Fatal(err)
	}
	return newSealed(server, below), client
}

// The plot: the server says its last and takes leave. The client finds both, and what
// it sends in the other direction can still be read.
func TestToTakeLeaveUnderTLSClosesOneDirection(t *testing.T) {
	s, client := seal(t)
	last := bytes.Repeat([]byte("bye"), 1000)
	if n, err := s.try(last); n != len(last) || err != nil {
		t.Fatal(n, err)
	}
	if err := s.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(client); err != nil || !bytes.Equal(got, last) {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
	if _, err := client.Write([]byte("heard")); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Read(make([]byte, 10)); n != 5 || err != nil {
		t.Fatal(n, err)
	}
}

// The plot: a client below TLS has everything answered and nothing of it written. What
// waits has a bound, and a writer that takes it away never meets it.
func TestWhatWaitsBelowTLSIsBounded(t *testing.T) {
	c := &ciphertext{pool: newBufferPool(outputBytes), keeping: true}
	answer := make([]byte, 27)
	written := 0
	for {
		if _, err := c.Write(answer); err != nil {
			break
		}
		if written += len(answer); written > keptBytesMax {
			t.Fatalf("%d bytes wait", written)
		}
	}
	for range 10 {
		c.take()
		if _, err := c.Write(make([]byte, 2*sealBytesMax)); err != nil {
			t.Fatal(err)
		}
	}
}
