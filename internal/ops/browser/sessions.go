package browser

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"

	"zoo/client"
)

// The bounds of the sessions.
const (
	// sessionsMax is how many identities may browse at a time.
	sessionsMax = 16
	idleDefault = time.Minute
	// sessionTimeout is what they ask for. They own nothing that could be lost with them.
	sessionTimeout = 10 * time.Second
	// goodbyeMax is how long the end of one waits for the server's answer.
	goodbyeMax = 2 * time.Second
	// frameBytesMax bounds an answer: the data of one znode, or the children of a large one
	// where there are no pages.
	frameBytesMax = 64 << 20
)

// identity is whose session it is. The address is a part of it: the scheme ip knows it.
type identity struct{ host, scheme, auth string }

// sessions are the clients that callers browse with, one for each identity.
type sessions struct {
	attach func(net.Conn)
	idle   time.Duration

	mu     sync.Mutex
	closed bool
	open   map[identity]*session
	ends   sync.WaitGroup // of sessions that are being closed
}

// session is one client; but for client, all of it is under the mutex of the sessions.
type session struct {
	client *client.Client
	of     identity
	// users are the questions under way.
	users int
	// since is when the last one ended.
	since time.Time
	// rest ends the session when nobody has used it for a while.
	rest *time.Timer
}

// take gives the session of an identity, and makes one if there is none. It must be given
// back.
func (p *sessions) take(host string, auth client.Auth) (*session, error) {
	id := identity{host, auth.Scheme, string(auth.Data)}
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.open[id]
	if s != nil && over(s.client.State()) {
		p.dropLocked(s)
		s = nil
	}
	if s == nil {
		var err error
		if s, err = p.beginLocked(id, auth); err != nil {
			return nil, err
		}
	}
	s.users++
	s.rest.Stop()
	return s, nil
}

// over tells whether a session cannot come back.
func over(s client.State) bool {
	return s == client.StateClosed || s == client.StateExpired || s == client.StateAuthFailed
}

func (p *sessions) beginLocked(id identity, auth client.Auth) (*session, error) {
	switch {
	case p.closed:
		return nil, &refusal{http.StatusServiceUnavailable, "the server ends"}
	case len(p.open) >= sessionsMax && !p.spareLocked():
		return nil, &refusal{http.StatusTooManyRequests,
			"too many others browse znodes at this moment"}
	}
	opts := client.Options{
		Servers: []string{"this.server:0"}, SessionTimeout: sessionTimeout, ReadOnly: true,
		FrameBytesMax: frameBytesMax,
		Dial: func(context.Context, string) (net.Conn, error) {
			here, there := pipe(id.host)
			p.attach(there)
			return here, nil
		},
	}
	if auth.Scheme != "" {
		opts.Auth = []client.Auth{auth}
	}
	c, err := client.New(opts)
	if err != nil {
		return nil, err
	}
	s := &session{client: c, of: id}
	s.rest = time.AfterFunc(p.idle, func() { p.expire(s) })
	p.open[id] = s
	return s, nil
}

// spareLocked ends the session that has not been used for the longest time, and tells whether
// there was one.
func (p *sessions) spareLocked() bool {
	var longest *session
	for _, s := range p.open {
		if s.users == 0 && (longest == nil || s.since.Before(longest.since)) {
			longest = s
		}
	}
	if longest != nil {
		p.dropLocked(longest)
	}
	return longest != nil
}

// give gives a session back.
func (p *sessions) give(s *session) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.users--; s.users == 0 && p.open[s.of] == s {
		s.since = time.Now()
		s.rest.Reset(p.idle)
	}
}

// expire ends a session that nobody uses.
func (p *sessions) expire(s *session) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.users == 0 && p.open[s.of] == s {
		p.dropLocked(s)
	}
}

// dropLocked forgets a session, and ends it in the background. close waits for that.
func (p *sessions) dropLocked(s *session) {
	delete(p.open, s.of)
	s.rest.Stop()
	p.ends.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), goodbyeMax)
		defer cancel()
		_ = s.client.Close(ctx) // else it ends by its timeout
		wait(s.client)
	})
}

// wait waits until nothing of a client that was closed is left.
func wait(c *client.Client) { _ = c.Close(context.Background()) }

// close ends all sessions without asking the server, which may answer no more: they end there
// by their timeouts.
func (p *sessions) close() {
	p.mu.Lock()
	p.closed = true
	all := p.open
	p.open = make(map[identity]*session)
	p.mu.Unlock()
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	for _, s := range all {
		s.rest.Stop()
		_ = s.client.Close(gone)
	}
	for _, s := range all {
		wait(s.client)
	}
	p.ends.Wait()
}
