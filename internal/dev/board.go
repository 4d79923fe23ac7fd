package dev

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"zoo/internal/dev/status"
)

// board is what the user sees. On a terminal it is one table redrawn in place;
// elsewhere the table is printed again only when a role or a process changes.
type board struct {
	out      io.Writer
	live     bool
	children []*child

	dead  map[int]bool
	lines int    // of the table on the screen
	roles string // as last printed
}

// say prints a message above the table.
func (b *board) say(text string) {
	b.erase()
	fmt.Fprintln(b.out, text)
	b.roles = ""
}

func (b *board) erase() {
	if b.lines > 0 {
		fmt.Fprintf(b.out, "\x1b[%dA\x1b[J", b.lines)
		b.lines = 0
	}
}

// reportDeaths shows children that ended, each once, and counts all of them.
func (b *board) reportDeaths() int {
	if b.dead == nil {
		b.dead = map[int]bool{}
	}
	for _, c := range b.children {
		if !b.dead[c.server.ID] && c.ended() {
			b.dead[c.server.ID] = true
			b.say(c.death())
		}
	}
	return len(b.dead)
}

// draw asks every server and shows the table.
func (b *board) draw(ctx context.Context) {
	seen := b.ask(ctx)
	if ctx.Err() != nil {
		return
	}
	var roles []string
	for i := range seen {
		roles = append(roles, b.role(i, seen[i]))
	}
	if joined := strings.Join(roles, ","); !b.live {
		if joined == b.roles {
			return
		}
		b.roles = joined
	}
	var text strings.Builder
	t := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "SERVER\tROLE\tPID\tCLIENTS\tQUORUM\tELECTION\tADMIN\tZXID\tSESSIONS\tLATENCY")
	for i, c := range b.children {
		s := seen[i]
		fmt.Fprintf(t, "%d\t%s\t%d\t%s\t%d\t%d\t%d\t%s\t%s\t%s\n", c.server.ID, roles[i], c.pid,
			c.server.Client(), c.server.QuorumPort, c.server.ElectionPort, c.server.AdminPort,
			orDash(s.ZxidText), sessions(s), latency(s))
	}
	// A strings.Builder cannot fail.
	_ = t.Flush()
	b.erase()
	fmt.Fprint(b.out, text.String())
	if b.live {
		b.lines = strings.Count(text.String(), "\n")
	}
}

// askTimeout bounds a redraw: a server that has accepted and has no role yet may
// let us wait.
const askTimeout = 500 * time.Millisecond

func (b *board) ask(ctx context.Context) []status.Server {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	seen := make([]status.Server, len(b.children))
	var group sync.WaitGroup
	for i, c := range b.children {
		if !c.ended() {
			group.Go(func() { seen[i] = status.Query(ctx, c.server.Client()) })
		}
	}
	group.Wait()
	return seen
}

func (b *board) role(i int, s status.Server) string {
	switch {
	case b.children[i].ended():
		return "ended"
	case s.Role == "":
		return "looking"
	}
	return s.Role
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

func sessions(s status.Server) string {
	if s.Role == "" || s.Sessions < 0 {
		return "-"
	}
	return fmt.Sprint(s.Sessions)
}

func latency(s status.Server) string {
	if s.Role == "" {
		return "-"
	}
	return fmt.Sprintf("%g/%g/%g ms", s.LatencyMin, s.LatencyAvg, s.LatencyMax)
}
