package peer

import (
	"context"
	"errors"
	"net"
	"strings"
)

// DialFunc opens a connection to one host:port. The name is resolved at every
// call, because a server that moved keeps its name and not its address.
type DialFunc func(ctx context.Context, address string) (net.Conn, error)

// ListenFunc binds one host:port; ctx bounds the binding and not the listener.
type ListenFunc func(ctx context.Context, address string) (net.Listener, error)

// addressSeparator joins the addresses of a server that has several.
const addressSeparator = "|"

// dialTCP is the DialFunc of production. Go sets TCP_NODELAY and keep-alive
// probes on what it dials and accepts, which is what both halves want.
func dialTCP(ctx context.Context, address string) (net.Conn, error) {
	var dialer net.Dialer
	return dialer.DialContext(ctx, "tcp", address)
}

// listenTCP is the ListenFunc of production. Go sets SO_REUSEADDR on it, so a
// port opens again at once though connections of its past still linger.
func listenTCP(ctx context.Context, address string) (net.Listener, error) {
	var config net.ListenConfig
	return config.Listen(ctx, "tcp", address)
}

// Unresolved tells whether an error is about a name that does not resolve.
func Unresolved(err error) bool {
	var dns *net.DNSError
	return errors.As(err, &dns)
}

// dialAny tries all the addresses of a server side by side; the first that
// answers wins and the others are closed.
func dialAny(ctx context.Context, dial DialFunc, addresses string) (net.Conn, error) {
	list := strings.Split(addresses, addressSeparator)
	if len(list) == 1 {
		return dial(ctx, addresses)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	answers := make(chan dialed, len(list))
	for _, address := range list {
		go func() {
			conn, err := dial(ctx, address)
			answers <- dialed{conn, err}
		}()
	}
	return firstOf(answers, len(list), cancel)
}

// dialed is the outcome of one attempt.
type dialed struct {
	conn net.Conn
	err  error
}

// firstOf waits for every attempt, so that none outlives the call; the first
// success cancels the rest, which makes that wait short.
func firstOf(answers <-chan dialed, n int, cancel func()) (net.Conn, error) {
	var winner net.Conn
	var failures []error
	for range n {
		answer := <-answers
		switch {
		case answer.err != nil:
			failures = append(failures, answer.err)
		case winner != nil:
			_ = answer.conn.Close()
		default:
			winner = answer.conn
			cancel()
		}
	}
	if winner == nil {
		return nil, errors.Join(failures...)
	}
	return winner, nil
}
