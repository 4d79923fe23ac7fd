package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"sync"
	"text/tabwriter"
	"time"

	"zoo/internal/config"
	"zoo/internal/dev/screen"
	"zoo/internal/dev/status"
	"zoo/internal/server"
)

type statusCommand struct {
	JSON    bool          `name:"json" help:"Print JSON."`
	Startup bool          `help:"Print the start-up timeline of each server."`
	Ready   bool          `help:"Print what each server answers to /readyz at its admin port. The exit code is 1 if one is not ready."`
	Watch   bool          `help:"Go on asking, and draw a screen with what happened in the last minute; lines where the output is no terminal."`
	Every   time.Duration `default:"1s" help:"With --watch: time between two rounds, at least 100ms."`
	Rounds  int           `help:"With --watch: end after so many rounds."`
	Word    string        `placeholder:"srvr" help:"Print what each server answers to a four-letter word."`
	Secure  string        `name:"tls" placeholder:"zoo.cfg" help:"With --word: ask under TLS, with the ssl settings of a server."`
	Define  []string      `short:"D" sep:"none" placeholder:"name=value" help:"Set a property, as for serve; with --tls."`
	Servers []string      `arg:"" name:"host:port" help:"Client addresses; the port is 2181 when absent."`
	trustFlags
}

const clientPortDefault = "2181"

// watchPauseMin keeps the questions from being a load.
const watchPauseMin = 100 * time.Millisecond

// Run asks every server at once and prints the answers in the order of the
// arguments. A server that did not answer makes the exit code 1.
func (c *statusCommand) Run(ctx context.Context, m *Main) error {
	for i, address := range c.Servers {
		if _, _, err := net.SplitHostPort(address); err != nil {
			c.Servers[i] = net.JoinHostPort(address, clientPortDefault)
		}
	}
	if c.Watch {
		return c.watch(ctx, m)
	}
	if c.Word != "" {
		return c.word(ctx, m)
	}
	if c.Ready {
		return c.ready(ctx, m)
	}
	if c.Startup {
		return c.startup(ctx, m)
	}
	seen := make([]status.Server, len(c.Servers))
	var group sync.WaitGroup
	for i, address := range c.Servers {
		group.Go(func() { seen[i] = status.Query(ctx, address) })
	}
	group.Wait()
	if err := c.print(m, seen); err != nil {
		return err
	}
	for _, s := range seen {
		if s.Error != "" {
			return errSilent
		}
	}
	return nil
}

func (c *statusCommand) print(m *Main, seen []status.Server) error {
	if c.JSON {
		return printJSON(m, seen)
	}
	t := tabwriter.NewWriter(m.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "SERVER\tROLE\tZXID\tEPOCH\tSESSIONS\tCONNECTIONS"+
		"\tLATENCY MIN/AVG/MAX\tVERSION")
	for _, s := range seen {
		if s.Error != "" {
			// The text stands last, so that the columns of the others stay in line.
			fmt.Fprintf(t, "%s\t-\t-\t-\t-\t-\t-\t%s\n", s.Address, s.Error)
			continue
		}
		sessions := "-"
		if s.Sessions >= 0 {
			sessions = fmt.Sprint(s.Sessions)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%d\t%s\t%d\t%g/%g/%g ms\t%s\n", s.Address, s.State(),
			s.ZxidText, s.Epoch, sessions, s.Connections, s.LatencyMin, s.LatencyAvg,
			s.LatencyMax, s.Version)
	}
	return t.Flush()
}

// watch asks again and again until the context or the rounds end.
func (c *statusCommand) watch(ctx context.Context, m *Main) error {
	if c.Startup || c.Word != "" {
		return trouble{errors.New("--watch goes with neither --startup nor --word")}
	}
	if c.Every < watchPauseMin || c.Rounds < 0 {
		return trouble{fmt.Errorf("--every %v --rounds %d: want %v at least, and a number of "+
			"rounds", c.Every, c.Rounds, watchPauseMin)}
	}
	watch := screen.Watch{Addresses: c.Servers, Every: c.Every, Rounds: c.Rounds, Out: m.Stdout,
		Form: screen.Lines, Query: status.Query}
	switch {
	case c.JSON:
		watch.Form = screen.JSON
	case isTerminal(m.Stdout):
		watch.Form = screen.Terminal
	}
	return watch.Run(ctx)
}

// word prints the answers as they are.
func (c *statusCommand) word(ctx context.Context, m *Main) error {
	var errs []error
	for _, address := range c.Servers {
		dialer, err := c.dialer(address)
		if err != nil {
			return err
		}
		answer, err := status.AskVia(ctx, dialer, address, c.Word)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", address, err))
			continue
		}
		fmt.Fprint(m.Stdout, answer)
	}
	return errors.Join(errs...)
}

// dialer speaks plain, or TLS as a server's own settings say.
func (c *statusCommand) dialer(address string) (status.Dialer, error) {
	if c.Secure == "" {
		return &net.Dialer{}, nil
	}
	cfg, _, err := config.Load(config.Source{Args: []string{c.Secure}, Properties: c.Define})
	if err != nil {
		return nil, err
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	settings, err := server.ClientTLS(cfg, host)
	if err == nil && settings == nil {
		err = fmt.Errorf("%s: no secureClientPort", c.Secure)
	}
	return &tls.Dialer{Config: settings}, err
}

// timeline is one server's start-up in the JSON form.
type timeline struct {
	Address string         `json:"address"`
	Stages  []status.Stage `json:"stages"`
}

func (c *statusCommand) startup(ctx context.Context, m *Main) error {
	var lines []timeline
	var errs []error
	for _, address := range c.Servers {
		stages, err := status.Startup(ctx, address)
		if err != nil {
			errs = append(errs, fmt.Errorf("start-up of %s: %w", address, err))
			continue
		}
		lines = append(lines, timeline{address, stages})
	}
	if c.JSON {
		return errors.Join(append(errs, printJSON(m, lines))...)
	}
	t := tabwriter.NewWriter(m.Stdout, 0, 0, 2, ' ', 0)
	for _, line := range lines {
		fmt.Fprintf(t, "%s\tSTART\tDURATION\tDETAIL\n", line.Address)
		for _, s := range line.Stages {
			fmt.Fprintf(t, "%s\t%g ms\t%g ms\t%s\n", s.Name, s.Start, s.Duration, s.Detail)
		}
	}
	return errors.Join(append(errs, t.Flush())...)
}

func printJSON(m *Main, v any) error {
	enc := json.NewEncoder(m.Stdout)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
