package client

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"time"

	"zoo"
	"zoo/internal/jute"
	"zoo/internal/wire"
)

// visit keeps the session on one of so many servers for as long as it goes. It tells
// whether the server took it, and what came in the way.
func (c *Client) visit(ctx context.Context, server Server, of int) (served bool, err error) {
	began := time.Now()
	l, err := c.open(ctx, server, of)
	c.connecting(server, began, l, err)
	if err == nil {
		c.counts.connections.Add(1)
		served, err = true, l.run(ctx)
		c.disconnected(server, err)
	} else {
		c.counts.attemptsFailed.Add(1)
	}
	if ctx.Err() == nil {
		c.opts.Log.Info("not connected", "server", server.Address, "error", err)
	}
	return served, err
}

// unreached takes note that there is no connection, and tells whether this is the
// end. When all servers were tried in vain the waiting calls fail: they may have waited
// long enough.
func (c *Client) unreached(ctx context.Context, err error, all bool) (over bool) {
	var failed []*call
	c.mu.Lock()
	over = c.state.final() || ctx.Err() != nil
	if !over {
		c.broken = err
		if all {
			failed, c.waiting = c.waiting, nil
		}
	}
	c.mu.Unlock()
	c.fail(failed, zoo.CodeConnectionLoss, err)
	return over
}

// wait is false when ctx ends first.
func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// open connects to a server and presents the session. A server that does not answer
// within its share of the session timeout is left for the next.
func (c *Client) open(ctx context.Context, server Server, of int) (*link, error) {
	share := c.SessionTimeout() / time.Duration(of)
	ctx, cancel := context.WithTimeout(ctx, share)
	defer cancel()
	raw, err := c.opts.Dial(ctx, server.Address)
	if err != nil {
		return nil, err
	}
	// The end of ctx ends reads and writes, too.
	defer context.AfterFunc(ctx, func() { _ = raw.SetDeadline(time.Unix(1, 0)) })()
	nc, err := c.encrypt(ctx, raw, server)
	if err != nil {
		return nil, err
	}
	l, err := c.handshake(nc, server)
	if err != nil {
		nc.Close()
		return nil, err
	}
	return l, nil
}

// encrypt makes the connection a TLS one if the options say so.
func (c *Client) encrypt(ctx context.Context, nc net.Conn, server Server) (net.Conn, error) {
	if c.opts.TLS == nil {
		return nc, nil
	}
	cfg := c.opts.TLS.Clone()
	if cfg.ServerName == "" {
		host, _, err := net.SplitHostPort(server.name())
		if err != nil {
			host = server.name()
		}
		cfg.ServerName = host
	}
	encrypted := tls.Client(nc, cfg)
	if err := encrypted.HandshakeContext(ctx); err != nil {
		nc.Close()
		return nil, fmt.Errorf("tls: %w", err)
	}
	return encrypted, nil
}

// handshake opens or resumes the session, in the order of the protocol: session, SASL,
// identities, watches, and only then calls.
func (c *Client) handshake(nc net.Conn, server Server) (*link, error) {
	l := &link{c: c, nc: nc, server: server, in: bufio.NewReader(nc), wake: make(chan struct{}, 1),
		began: time.Now()}
	answer, err := l.connect()
	if err != nil {
		return nil, err
	}
	if answer.TimeOut <= 0 {
		err := fmt.Errorf("session %v: %w", c.SessionID(), zoo.CodeSessionExpired)
		c.end(StateExpired, err)
		return nil, err
	}
	l.timeout = time.Duration(answer.TimeOut) * time.Millisecond
	l.readOnly = answer.ReadOnly
	authenticated, err := l.sasl(server.name())
	if err != nil && !errors.Is(err, errLost) {
		c.end(StateAuthFailed, err)
	}
	if err != nil {
		return nil, err
	}
	if err := nc.SetDeadline(time.Time{}); err != nil {
		return nil, err
	}
	c.attach(l, answer, authenticated)
	c.opts.Log.Info("connected", "server", server.Address, "session", c.SessionID().String(),
		"timeout", l.timeout)
	return l, nil
}

// connect sends the ConnectRequest and reads its answer.
func (l *link) connect() (wire.ConnectResponse, error) {
	c := l.c
	c.mu.Lock()
	request := wire.ConnectRequest{LastZxidSeen: c.session.seen, Passwd: c.session.passwd,
		TimeOut:  int32(c.opts.SessionTimeout / time.Millisecond),
		ReadOnly: c.opts.ReadOnly, HasReadOnly: true}
	if c.session.written {
		request.SessionID = c.session.id
	}
	c.mu.Unlock()
	b, mark := wire.BeginFrame(nil)
	if _, err := l.nc.Write(wire.EndFrame(request.AppendTo(b), mark)); err != nil {
		return wire.ConnectResponse{}, err
	}
	frame, err := readFrame(l.in, c.opts.FrameBytesMax)
	if err != nil {
		return wire.ConnectResponse{}, fmt.Errorf("the server does not take the session: %w", err)
	}
	var answer wire.ConnectResponse
	d := jute.NewDecoder(frame)
	answer.DecodeFrom(&d)
	if d.Err() != nil {
		return answer, fmt.Errorf("%w: connect response: %w", ErrProtocol, d.Err())
	}
	return answer, nil
}

// sasl runs the exchange that the options ask for, and tells whether there was one.
func (l *link) sasl(server string) (bool, error) {
	if l.c.opts.SASL == nil {
		return false, nil
	}
	mechanism, err := l.c.opts.SASL(server)
	if err != nil {
		return false, fmt.Errorf("sasl: %w", err)
	}
	token, done, err := mechanism.Step(nil)
	for !done && err == nil {
		var challenge []byte
		if challenge, err = l.saslRound(token); err == nil {
			token, done, err = mechanism.Step(challenge)
		}
	}
	if err != nil {
		return false, fmt.Errorf("sasl: %w", err)
	}
	return true, nil
}

// saslRound sends one token and reads the server's.
func (l *link) saslRound(token []byte) ([]byte, error) {
	if token == nil {
		token = []byte{}
	}
	l.c.mu.Lock()
	k := call{op: wire.OpSASL, xid: l.c.nextXidLocked(),
		request: &wire.GetSASLRequest{Token: token}}
	l.c.mu.Unlock()
	k.encode()
	if _, err := l.nc.Write(k.frame); err != nil {
		return nil, fmt.Errorf("%w: %w", errLost, err)
	}
	frame, err := readFrame(l.in, l.c.opts.FrameBytesMax)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errLost, err)
	}
	var header wire.ReplyHeader
	var response wire.SetSASLResponse
	d := jute.NewDecoder(frame)
	header.DecodeFrom(&d)
	switch {
	case d.Err() != nil || header.Xid != k.xid:
		return nil, fmt.Errorf("%w: not the answer to sasl", ErrProtocol)
	case header.Err != zoo.CodeOK:
		return nil, header.Err
	}
	response.DecodeFrom(&d)
	return response.Token, d.Err()
}

// attach makes l the session's connection: what the server must know goes out first,
// then the calls that have waited.
func (c *Client) attach(l *link, answer wire.ConnectResponse, authenticated bool) {
	c.mu.Lock()
	if c.state.final() {
		c.mu.Unlock()
		l.nc.Close()
		return
	}
	c.session.id, c.session.passwd = answer.SessionID, slices.Clone(answer.Passwd)
	c.session.timeout = l.timeout
	c.session.written = c.session.written || !answer.ReadOnly
	c.link, c.broken = l, nil
	c.last = l.server.Address
	l.introduceLocked()
	var unasked []*call
	for _, k := range c.waiting {
		if l.mustNotLocked(k) {
			unasked = append(unasked, k)
			continue
		}
		l.sendLocked(k)
	}
	c.waiting = nil
	state := StateSyncConnected
	if answer.ReadOnly {
		state = StateConnectedReadOnly
	}
	c.setStateLocked(state)
	c.mu.Unlock()
	c.fail(unasked, zoo.CodeUnimplemented, errUnasked)
	c.tell(state)
	if authenticated {
		c.tell(StateSaslAuthenticated)
	}
}

// introduceLocked sends the identities and the watches of the session.
func (l *link) introduceLocked() {
	for _, a := range l.c.auth {
		k := call{op: wire.OpAuth, xid: wire.XidAuth,
			request: &wire.AuthPacket{Scheme: a.Scheme, Auth: a.Data}}
		k.encode()
		l.out = append(l.out, k.frame...)
		l.authPending = append(l.authPending, nil)
	}
	if l.c.opts.KeepWatches == ForgetWatches {
		l.c.watches = registry{}
		for s := range l.c.streams {
			l.c.watches.add(s.list, l.c.outside(s.path), s)
		}
	}
	for _, request := range l.c.watches.rearm(l.c.session.seen) {
		k := call{op: wire.OpSetWatches2, xid: wire.XidSetWatches, request: request}
		if len(request.PersistentWatches)+len(request.PersistentRecursiveWatches) == 0 {
			// Servers before 3.6 know only this form.
			k.op = wire.OpSetWatches
			k.request = &wire.SetWatches{RelativeZxid: request.RelativeZxid,
				DataWatches: request.DataWatches, ExistWatches: request.ExistWatches,
				ChildWatches: request.ChildWatches}
		}
		k.encode()
		l.out = append(l.out, k.frame...)
	}
	l.wakeWriter()
}

// detach takes the session off a broken connection. What was sent may or may not have
// happened.
func (c *Client) detach(l *link, cause error) {
	c.mu.Lock()
	failed := slices.Concat(l.pending, l.authPending)
	failed = slices.DeleteFunc(failed, func(k *call) bool { return k == nil })
	l.pending, l.authPending = nil, nil
	c.link = nil
	over := c.state.final()
	if !over {
		c.broken = cause
		c.setStateLocked(StateDisconnected)
	}
	c.mu.Unlock()
	c.fail(failed, zoo.CodeConnectionLoss, cause)
	if !over && !errors.Is(cause, ErrClosed) {
		c.tell(StateDisconnected)
	}
}
