package client

import (
	"context"
	"io"
	"slices"
	"strings"
	"time"
)

// The pauses between the rounds of asking whether a server accepts writes.
const (
	seekMin = 100 * time.Millisecond
	seekMax = time.Minute
)

// seek looks for a server that accepts writes while the session's own only reads, and
// makes it the next one.
func (l *link) seek(ctx context.Context) error {
	for pause := seekMin; wait(ctx, pause); pause = min(2*pause, seekMax) {
		for _, server := range l.c.known() {
			if l.c.writable(ctx, server) {
				l.c.mu.Lock()
				l.c.next = &server
				l.c.mu.Unlock()
				return errMoving
			}
		}
	}
	return ErrClosed
}

// known are the servers of the last round.
func (c *Client) known() []Server {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.servers)
}

// seekTimeout bounds one question.
const seekTimeout = time.Second

// writable asks a server with the word isro.
func (c *Client) writable(ctx context.Context, server Server) bool {
	ctx, cancel := context.WithTimeout(ctx, seekTimeout)
	defer cancel()
	nc, err := c.opts.Dial(ctx, server.Address)
	if err == nil {
		nc, err = c.encrypt(ctx, nc, server)
	}
	if err != nil {
		return false
	}
	defer nc.Close()
	if err := nc.SetDeadline(time.Now().Add(seekTimeout)); err != nil {
		return false
	}
	if _, err := io.WriteString(nc, "isro"); err != nil {
		return false
	}
	answer, err := io.ReadAll(io.LimitReader(nc, int64(len("rw"))))
	return err == nil && strings.TrimSpace(string(answer)) == "rw"
}
