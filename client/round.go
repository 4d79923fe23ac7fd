package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// Backoff is the pause after all servers were tried in vain: it doubles from Min to Max,
// less up to a half by chance, so that clients do not come back all at once. After a
// connection that had served it begins anew.
type Backoff struct {
	// Min and Max are 50 ms and 5 s if they are 0.
	Min, Max time.Duration
}

const (
	backoffMin = 50 * time.Millisecond
	backoffMax = 5 * time.Second
)

// settle fills in the defaults.
func (b Backoff) settle() (Backoff, error) {
	if b.Min == 0 {
		b.Min = backoffMin
	}
	if b.Max == 0 {
		b.Max = max(backoffMax, b.Min)
	}
	if b.Min < time.Millisecond || b.Max < b.Min {
		return b, fmt.Errorf("%w: backoff from %v to %v", ErrOptions, b.Min, b.Max)
	}
	return b, nil
}

// pause is how long to wait after so many failures in a row; chance is in [0,1).
func (b Backoff) pause(failures int, chance float64) time.Duration {
	pause := b.Min
	for range failures {
		if pause > b.Max/2 {
			pause = b.Max
			break
		}
		pause *= 2
	}
	return pause - time.Duration(chance*float64(pause/2))
}

// live keeps the session on one server after another until its end. It is the
// keeper's.
func (c *Client) live(ctx context.Context) {
	for failures := 0; ; failures++ {
		served, over := c.goRound(ctx)
		if over {
			return
		}
		if served {
			failures = 0
		}
		if !wait(ctx, c.opts.Backoff.pause(failures, rand.Float64())) {
			return
		}
	}
}

// goRound tries each server once, until one has taken the session and was left again.
func (c *Client) goRound(ctx context.Context) (served, over bool) {
	servers, err := c.round(ctx)
	if err != nil {
		return false, c.unreached(ctx, err, true)
	}
	for i, server := range servers {
		served, err = c.visit(ctx, server, len(servers))
		last := i == len(servers)-1
		if over = c.unreached(ctx, err, last && !served); served || over {
			return served, over
		}
	}
	return false, false
}

var errNoServers = errors.New("the host provider knows no servers")

// round gives the servers to try, in their order. Only the keeper calls it.
func (c *Client) round(ctx context.Context) ([]Server, error) {
	servers, err := c.askProvider(ctx)
	if err != nil {
		known := c.known()
		if len(known) == 0 || ctx.Err() != nil {
			return nil, err
		}
		c.opts.Log.Warn("servers not looked up", "error", err, "known", len(known))
		servers = known
	}
	c.mu.Lock()
	c.servers = slices.Clone(servers)
	last, next := c.last, c.next
	c.next = nil
	c.mu.Unlock()
	servers = arrange(servers, last, c.opts.Prefer, rand.ExpFloat64)
	if next != nil {
		servers = slices.DeleteFunc(servers, func(s Server) bool { return s == *next })
		servers = slices.Insert(servers, 0, *next)
	}
	return servers, nil
}

// askProvider asks the provider, for no longer than a third of the session timeout.
func (c *Client) askProvider(ctx context.Context) ([]Server, error) {
	ctx, cancel := context.WithTimeout(ctx, max(c.SessionTimeout()/3, time.Millisecond))
	defer cancel()
	servers, err := c.opts.Hosts.Servers(ctx)
	switch {
	case err != nil:
		return nil, err
	case len(servers) == 0:
		return nil, errNoServers
	case len(servers) > serversMax:
		return nil, fmt.Errorf("%w: %d servers, want 1 to %d",
			ErrOptions, len(servers), serversMax)
	}
	return servers, nil
}

// weightNone is the weight of a server that has 0: it comes in front of one that has 1
// rarely.
const weightNone = 0.01

// arrange puts servers in the order in which they are tried: by preference, then by
// priority, and equal ones by chance, heavier ones rather first; but the one that was
// left last comes behind its equals. Exp gives exponentially distributed numbers, of
// which the least of several, each divided by a weight, is each one's as often as the
// weights say.
func arrange(servers []Server, last string, prefer func(Server) int,
	exp func() float64) []Server {
	type place struct {
		server         Server
		rank, priority int
		last           int
		chance         float64
	}
	places := make([]place, len(servers))
	for i, s := range servers {
		weight := weightNone
		if s.Weight > 0 {
			weight = float64(s.Weight)
		}
		places[i] = place{server: s, priority: s.Priority, chance: exp() / weight}
		if prefer != nil {
			places[i].rank = prefer(s)
		}
		if s.Address == last {
			places[i].last = 1
		}
	}
	slices.SortStableFunc(places, func(a, b place) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.priority, b.priority),
			cmp.Compare(a.last, b.last), cmp.Compare(a.chance, b.chance))
	})
	arranged := make([]Server, len(places))
	for i, p := range places {
		arranged[i] = p.server
	}
	return arranged
}
