package client

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"time"

	"zoo"
	"zoo/internal/wire"
)

// The defaults of Options, and its bounds.
const (
	sessionTimeoutDefault = 30 * time.Second
	sessionTimeoutMin     = time.Millisecond
	sessionTimeoutMax     = (1<<31 - 1) * time.Millisecond
)

// Auth is an identity that a session presents on every connection, such as digest
// with user:password.
type Auth struct {
	Scheme string
	Data   []byte
}

// SASL is one mechanism's exchange on one connection.
type SASL interface {
	// Step takes the server's challenge, nil at first, and gives the token to answer
	// with. Once done is true nothing more is sent.
	Step(challenge []byte) (token []byte, done bool, err error)
}

// Options are those of a client. Only Servers or Hosts must be given.
type Options struct {
	// Servers are host:port each; see ParseConnectString. The first is chosen by chance.
	// One dns-srv://name alone is SRVHosts of that name.
	Servers []string
	// Hosts tells where the servers are, instead of Servers.
	Hosts HostProvider
	// Prefer ranks servers: those with a lower number are tried first, whatever their
	// priorities are. nil has them all alike. A session stays where it is until its
	// connection ends, also when a better server comes back.
	Prefer func(Server) int
	// Backoff is the pause between rounds of attempts.
	Backoff Backoff
	// Chroot is put before every path, such as /app; the client takes it away again from
	// what the server sends.
	Chroot string
	// SessionTimeout is what the server is asked for; 30 seconds if it is 0.
	SessionTimeout time.Duration
	// Auth is presented on every connection, before anything else.
	Auth []Auth
	// ReadOnly accepts a server that has lost its ensemble and only reads. The client
	// goes on to look for one that accepts writes.
	ReadOnly bool
	// Linearizable makes every read of the session linearizable, see the function.
	Linearizable bool
	// TLS makes connections encrypted. An empty ServerName becomes the server's host.
	TLS *tls.Config
	// SASL begins an exchange with the server at the address; nil means none.
	SASL func(server string) (SASL, error)
	// Watcher hears of the session's state; it may be nil. Other watchers hear only of
	// its end.
	Watcher Watcher
	// KeepWatches is whether watches are armed again on the next server.
	KeepWatches WatchReset
	// FrameBytesMax bounds what the server may send at once (jute.maxbuffer); 1 MiB - 1
	// if it is 0.
	FrameBytesMax int
	// Log hears of connections; nil is silent.
	Log *slog.Logger
	// Trace hears of calls and connections; the zero value is silent. See Client.Stats.
	Trace Trace
	// Dial opens connections; nil means TCP.
	Dial func(ctx context.Context, address string) (net.Conn, error)
}

// WatchReset says what becomes of watches when the connection changes.
type WatchReset int

const (
	// RearmWatches arms them on the next server, which tells what was missed.
	RearmWatches WatchReset = iota
	// ForgetWatches leaves them unarmed (zookeeper.disableAutoWatchReset), but for those
	// of Watch and Follow.
	ForgetWatches
)

// settle checks the options and fills in the defaults.
func (o Options) settle() (Options, error) {
	if err := o.settleHosts(); err != nil {
		return o, err
	}
	if o.Chroot == "/" {
		o.Chroot = ""
	}
	if o.Chroot != "" {
		if err := zoo.ValidatePath(o.Chroot); err != nil {
			return o, fmt.Errorf("%w: chroot: %w", ErrOptions, err)
		}
	}
	if o.SessionTimeout == 0 {
		o.SessionTimeout = sessionTimeoutDefault
	}
	if o.SessionTimeout < sessionTimeoutMin || o.SessionTimeout > sessionTimeoutMax {
		return o, fmt.Errorf("%w: session timeout %v", ErrOptions, o.SessionTimeout)
	}
	var err error
	if o.Backoff, err = o.Backoff.settle(); err != nil {
		return o, err
	}
	if o.FrameBytesMax <= 0 {
		o.FrameBytesMax = wire.FrameBytesMax
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Dial == nil {
		o.Dial = dialTCP
	}
	o.Auth = slices.Clone(o.Auth)
	return o, nil
}

// settleHosts makes a provider of a list of servers.
func (o *Options) settleHosts() error {
	switch n := len(o.Servers); {
	case o.Hosts != nil && n > 0:
		return fmt.Errorf("%w: both Servers and Hosts", ErrOptions)
	case o.Hosts != nil:
		return nil
	case n == 0 || n > serversMax:
		return fmt.Errorf("%w: %d servers, want 1 to %d", ErrOptions, n, serversMax)
	}
	var static StaticHosts
	for _, address := range o.Servers {
		name, err := srvName(address)
		switch {
		case err != nil:
			return fmt.Errorf("%w: %q: %w", ErrOptions, address, err)
		case name != "" && len(o.Servers) > 1:
			return fmt.Errorf("%w: %q among other servers", ErrOptions, address)
		case name != "":
			o.Hosts = SRVHosts{Name: name}
			return nil
		}
		static = append(static, Server{Address: address})
	}
	o.Hosts = static
	return nil
}

func dialTCP(ctx context.Context, address string) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, "tcp", address)
}
