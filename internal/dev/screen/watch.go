package screen

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"zoo/internal/dev/status"
)

// Form is how a watch is written.
type Form uint8

// The forms: a screen that is drawn over and over, lines, or a JSON value for each round.
const (
	Terminal Form = iota
	Lines
	JSON
)

// Watch asks servers over and over. It runs once.
type Watch struct {
	Addresses []string
	// Every is the time between two rounds. A round that takes longer delays the next.
	Every time.Duration
	// Rounds is how many there are; 0 goes on until the context ends.
	Rounds int
	Out    io.Writer
	Form   Form
	// Query asks one server; it returns within seconds.
	Query func(ctx context.Context, address string) status.Server

	history History
}

// The sequences for a terminal: a screen of its own without cursor and without the breaking
// of lines, and back; to the upper left corner; clear to the end of the line, and of the
// screen. Drawing over what is there does not flicker as clearing it first does.
const (
	enter     = "\x1b[?1049h\x1b[?25l\x1b[?7l"
	leave     = "\x1b[?7h\x1b[?25h\x1b[?1049l"
	home      = "\x1b[H"
	clearLine = "\x1b[K"
	clearRest = "\x1b[J"
)

// Run asks and writes until the rounds or the context end, which is no error. The first
// round comes at once.
func (w *Watch) Run(ctx context.Context) (err error) {
	if w.Form == Terminal {
		if _, err := io.WriteString(w.Out, enter); err != nil {
			return err
		}
		defer func() {
			if _, left := io.WriteString(w.Out, leave); err == nil {
				err = left
			}
		}()
	}
	ticker := time.NewTicker(w.Every)
	defer ticker.Stop()
	for round := 1; ; round++ {
		seen := w.ask(ctx)
		if ctx.Err() != nil {
			return nil // half an answer says nothing
		}
		if err := w.write(seen); err != nil {
			return fmt.Errorf("write the status: %w", err)
		}
		if round == w.Rounds {
			return nil
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// ask asks all servers at once.
func (w *Watch) ask(ctx context.Context) []status.Server {
	seen := make([]status.Server, len(w.Addresses))
	var group sync.WaitGroup
	for i, address := range w.Addresses {
		group.Go(func() { seen[i] = w.Query(ctx, address) })
	}
	group.Wait()
	return seen
}

func (w *Watch) write(seen []status.Server) error {
	w.history.Add(time.Now(), seen)
	text := ""
	switch w.Form {
	case JSON:
		return json.NewEncoder(w.Out).Encode(seen)
	case Lines:
		text = w.history.Lines()
	case Terminal:
		text = home + strings.ReplaceAll(w.history.Screen(), "\n", clearLine+"\r\n") + clearRest
	}
	_, err := io.WriteString(w.Out, text)
	return err
}
