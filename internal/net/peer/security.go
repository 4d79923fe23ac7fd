package peer

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"syscall"
	"time"

	"zoo/internal/net/certs"
	"zoo/internal/net/sasl"
)

// Security says how the connections between servers are protected; nil is not at all.
// It is the same for both ports, and immutable.
type Security struct {
	// TLS are the certificates; nil is without TLS.
	TLS *certs.Context
	// DialsTLS has this server dial with TLS (sslQuorum), TakesPlain lets those in who
	// dial without (portUnification).
	DialsTLS, TakesPlain bool
	// AnyName lets in whoever has a good certificate, for whatever name
	// (ssl.quorum.hostnameVerification=false).
	AnyName bool
	// Prove begins to prove by SASL who this server is to the one at host; nil does not
	// (quorum.auth.learnerRequireSasl=false).
	Prove func(host string) (sasl.Initiator, error)
	// Mechanism hears the proofs of others; nil does not (quorum.auth.enableSasl=false).
	Mechanism sasl.Mechanism
	// ProofRequired hangs up on those without (quorum.auth.serverRequireSasl).
	ProofRequired bool
	// HostOf is the host in the identity that Mechanism has found; nil where it has none.
	HostOf func(identity string) (string, error)
}

// The reasons for which a peer is not let in, beside those of TLS and SASL themselves.
var (
	errPlain       = errors.New("it does not speak TLS, which sslQuorum asks for")
	errProofAbsent = errors.New("it does not authenticate by SASL, which " +
		"quorum.auth.serverRequireSasl asks for")
)

// dialer is a DialFunc that speaks TLS, if that is wanted, and checks that the other end
// has the name that was dialled.
func (s *Security) dialer(dial DialFunc) DialFunc {
	if s == nil || s.TLS == nil || !s.DialsTLS {
		return dial
	}
	return func(ctx context.Context, address string) (net.Conn, error) {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		conn, err := dial(ctx, address)
		if err != nil {
			return nil, err
		}
		secured := tls.Client(conn, s.TLS.Client(host))
		if err := secured.HandshakeContext(ctx); err != nil {
			_ = conn.Close()
			return nil, fmt.Errorf("TLS with %s: %w", address, err)
		}
		return secured, nil
	}
}

// receive finds out whether an accepted connection speaks TLS, and shakes hands. What the
// other end has shown is good, but for whom is not checked yet. All of it, and what the
// caller then reads, has to come until the deadline.
func (s *Security) receive(conn net.Conn, deadline time.Time) (net.Conn, proof, error) {
	_ = conn.SetDeadline(deadline)
	if s == nil || s.TLS == nil {
		return conn, proof{}, nil
	}
	patience := min(s.TLS.DetectionTimeout(), time.Until(deadline))
	verdict, first, err := certs.Sniff(conn, patience)
	if err != nil {
		return conn, proof{}, err
	}
	_ = conn.SetDeadline(deadline)
	whole := &replayed{Conn: conn, first: first}
	switch {
	case verdict == certs.TLS:
		return s.shake(whole)
	case !s.TakesPlain:
		return conn, proof{}, errPlain
	}
	return whole, proof{}, nil
}

func (s *Security) shake(conn net.Conn) (net.Conn, proof, error) {
	secured := tls.Server(conn, s.TLS.Server())
	if err := secured.Handshake(); err != nil {
		return conn, proof{}, fmt.Errorf("TLS: %w", err)
	}
	shown := secured.ConnectionState().PeerCertificates
	if s.AnyName || !s.TLS.AsksClients() || len(shown) == 0 {
		return secured, proof{}, nil
	}
	return secured, proof{leaf: shown[0]}, nil
}

// replayed is a connection whose first bytes have been read already.
type replayed struct {
	net.Conn
	first []byte
}

// Read gives the first bytes first.
func (r *replayed) Read(p []byte) (int, error) {
	if len(r.first) == 0 {
		return r.Conn.Read(p)
	}
	n := copy(p, r.first)
	r.first = r.first[n:]
	return n, nil
}

// SyscallConn is the descriptor, for writing.
func (r *replayed) SyscallConn() (syscall.RawConn, error) {
	if sc, ok := r.Conn.(syscall.Conn); ok {
		return sc.SyscallConn()
	}
	return nil, errors.ErrUnsupported
}
