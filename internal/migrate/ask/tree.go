package ask

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"path"
	"slices"
	"sync"

	"zoo"
	"zoo/client"
	"zoo/internal/dev/status"
	"zoo/internal/migrate"
)

// Options say how trees are read.
type Options struct {
	// Auth is who the clients are.
	Auth []client.Auth
	// SASL begins an exchange; nil means none.
	SASL func(server string) (client.SASL, error)
}

// The bounds of reading.
const (
	// readersMax is how many paths are read at once.
	readersMax = 16
	// triesMax is how often a znode that differs is read again, each time after a sync:
	// meanwhile its writers may rest.
	triesMax = 5
	// shownMax is how many differences are named.
	shownMax = 5
	// frameBytesMax bounds what a server may send at once: the names of the children of
	// one znode may be many.
	frameBytesMax = 256 << 20
)

// configPath is made by each leader anew, from its own configuration.
const configPath = "/zookeeper/config"

// comparer reads trees side by side.
type comparer struct {
	targets []Target
	clients []*client.Client

	mu     sync.Mutex // guards the rest
	found  migrate.Comparison
	owners map[zoo.SessionID]bool
}

// Trees syncs every server and compares their trees, each znode read from all of them.
// What differs is read again after a sync: it is a difference only if nothing of it
// changed meanwhile on either server.
func Trees(ctx context.Context, targets []Target, opts Options) migrate.Comparison {
	c := &comparer{targets: targets, owners: map[zoo.SessionID]bool{}}
	defer c.close()
	for i := range targets {
		if err := c.connect(ctx, &targets[i], opts); err != nil {
			c.fail(&targets[i], err)
		}
	}
	if len(c.found.Errors) > 0 {
		return c.found
	}
	for i := range targets {
		c.found.Compared = append(c.found.Compared, targets[i].ID)
	}
	c.reach(ctx)
	c.walk(ctx)
	c.digests(ctx)
	for _, own := range c.clients {
		c.found.Own = append(c.found.Own, own.SessionID())
	}
	for id := range c.owners {
		c.found.Owners = append(c.found.Owners, id)
	}
	return c.found
}

func (c *comparer) fail(t *Target, err error) {
	c.found.Errors = append(c.found.Errors, fmt.Sprintf("server %d: %v", t.ID, err))
}

// connect makes the client of a server, and waits for a sync: the server then has all that
// the leader had.
func (c *comparer) connect(ctx context.Context, t *Target, opts Options) error {
	settings := client.Options{Servers: []string{t.Address}, Auth: opts.Auth, SASL: opts.SASL,
		FrameBytesMax: frameBytesMax}
	if t.TLS != nil {
		settings.Dial = func(ctx context.Context, address string) (net.Conn, error) {
			return (&tls.Dialer{Config: t.TLS}).DialContext(ctx, "tcp", address)
		}
	}
	reader, err := client.Dial(ctx, settings)
	if err != nil {
		return err
	}
	c.clients = append(c.clients, reader)
	return reader.Sync(ctx, "/")
}

func (c *comparer) close() {
	for _, reader := range c.clients {
		// A session that cannot be closed expires.
		_ = reader.Close(context.Background())
	}
}

// reach asks for the zxid that each server has applied now, and keeps the smallest one.
func (c *comparer) reach(ctx context.Context) {
	for i := range c.targets {
		t := &c.targets[i]
		text, err := status.AskVia(ctx, t.dialer(), t.Address, "srvr")
		var now status.Server
		if err == nil {
			now, err = status.ReadSrvr(text)
		}
		if err != nil {
			c.fail(t, err)
			continue
		}
		if c.found.Zxid == 0 || now.Zxid < c.found.Zxid {
			c.found.Zxid = now.Zxid
		}
	}
}

// walk reads every path of any of the trees, depth first, so that only the siblings on
// the way down are remembered.
func (c *comparer) walk(ctx context.Context) {
	stack := []string{"/"}
	for len(stack) > 0 && ctx.Err() == nil {
		n := max(0, len(stack)-readersMax)
		batch := slices.Clone(stack[n:])
		stack = stack[:n]
		below := make([][]string, len(batch))
		var group sync.WaitGroup
		for i, at := range batch {
			group.Go(func() { below[i] = c.compare(ctx, at) })
		}
		group.Wait()
		stack = append(stack, slices.Concat(below...)...)
	}
	if err := ctx.Err(); err != nil {
		c.found.Errors = append(c.found.Errors,
			fmt.Sprintf("the trees were not read to their end: %v", err))
	}
}

// compare reads one path from all servers, and gives the paths of its children.
func (c *comparer) compare(ctx context.Context, at string) []string {
	before := c.portraits(ctx, at)
	moving := false
	for range triesMax {
		if same(before) || ctx.Err() != nil {
			break
		}
		for _, reader := range c.clients {
			// What a failed sync leaves unsettled shows as an error of the next read.
			_ = reader.Sync(ctx, at)
		}
		after := c.portraits(ctx, at)
		moving = !slices.EqualFunc(before, after, portrait.equal)
		before = after
		if !moving {
			break
		}
	}
	c.note(at, before, moving)
	return children(at, before)
}

// note adds up what was found at a path.
func (c *comparer) note(at string, seen []portrait, moving bool) {
	if !slices.ContainsFunc(seen, func(p portrait) bool { return p.exists }) {
		return // it was deleted meanwhile, everywhere
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.found.Znodes++
	for _, p := range seen {
		if owner := p.owner(); owner != 0 {
			c.owners[owner] = true
		}
	}
	switch {
	case slices.ContainsFunc(seen, func(p portrait) bool { return p.err != nil }):
		c.broken(at, seen)
	case !same(seen) && moving:
		c.found.Moving++
	case !same(seen):
		c.found.Different++
		if len(c.found.Differences) < shownMax {
			c.found.Differences = append(c.found.Differences, c.tell(at, seen))
		}
	case slices.ContainsFunc(seen, func(p portrait) bool { return p.private }):
		c.found.Unreadable++
	}
}

// broken keeps the first errors of reading.
func (c *comparer) broken(at string, seen []portrait) {
	for i, p := range seen {
		if p.err != nil && len(c.found.Errors) < shownMax {
			c.fail(&c.targets[i], fmt.Errorf("read %s: %w", at, p.err))
		}
	}
}

// tell names a difference, with two servers that have it.
func (c *comparer) tell(at string, seen []portrait) string {
	i, j, _ := differing(seen)
	return fmt.Sprintf("%s on servers %d and %d: %s", at, c.targets[i].ID, c.targets[j].ID,
		seen[i].unlike(seen[j]))
}

func children(at string, seen []portrait) []string {
	names := map[string]bool{}
	for _, p := range seen {
		for _, name := range p.children {
			names[name] = true
		}
	}
	var paths []string
	for name := range names {
		if child := path.Join(at, name); child != configPath {
			paths = append(paths, child)
		}
	}
	slices.Sort(paths)
	return paths
}

func (c *comparer) portraits(ctx context.Context, at string) []portrait {
	seen := make([]portrait, len(c.clients))
	var group sync.WaitGroup
	for i, reader := range c.clients {
		group.Go(func() { seen[i] = portray(ctx, reader, at) })
	}
	group.Wait()
	return seen
}

// gone tells that a znode is not there.
func gone(err error) bool { return errors.Is(err, zoo.CodeNoNode) }
