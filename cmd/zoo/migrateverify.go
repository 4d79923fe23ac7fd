package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"zoo/client"
	"zoo/internal/migrate"
	"zoo/internal/migrate/ask"
)

// migrateVerifyCommand looks whether a step was good.
type migrateVerifyCommand struct {
	membersFlags
	State        string        `required:"" placeholder:"FILE" help:"The state that the plan has written; what is seen after a good step is noted in it."`
	Step         int           `default:"-1" help:"The step that was done; 0 is before the first. Without, the one that what runs belongs to."`
	Patience     time.Duration `default:"60s" help:"How long to wait until all servers serve and are in sync."`
	Limit        time.Duration `default:"10m" help:"How long reading the trees may take."`
	SkipTree     bool          `help:"Do not read the trees."`
	AuthFile     string        `placeholder:"FILE" help:"Who reads: lines such as: digest super:secret."`
	EndsExpected bool          `help:"The sessions that expired were to end."`
	JSON         bool          `name:"json" help:"Print JSON."`
	Config       []string      `arg:"" optional:"" name:"[ID=]zoo.cfg" help:"The zoo.cfg of every server; those of the plan when absent."`
}

// Run verifies, and notes in the state that the step is done if it is good.
func (c *migrateVerifyCommand) Run(ctx context.Context, m *Main) error {
	state, members, err := c.known(c.State, c.Config)
	if err != nil {
		return troubled(err)
	}
	where, err := targets(members)
	if err != nil {
		return troubled(err)
	}
	options, err := c.options(m)
	if err != nil {
		return troubled(err)
	}
	if err := c.turn(state); err != nil {
		return troubled(err)
	}
	seen, step := c.settled(ctx, state, where)
	evidence := migrate.Evidence{Seen: seen, EndsExpected: c.EndsExpected}
	if whole(state, step, seen) && !c.SkipTree {
		limited, cancel := context.WithTimeout(ctx, c.Limit)
		found := ask.Trees(limited, where, options)
		cancel()
		evidence.Compared = &found
		evidence.Seen = ask.Servers(ctx, where)
	}
	verdict := state.Judge(step, evidence)
	if verdict.Good() {
		state.Verified, state.Last = step, migrate.Note(time.Now(), evidence)
		if err := writeState(c.State, state); err != nil {
			return troubled(err)
		}
	}
	return m.tellVerdict(state, &verdict, c.JSON)
}

// lookPause lies between two looks at servers that are not ready yet.
const lookPause = 500 * time.Millisecond

// settled asks until the ensemble is whole, or the patience is over. The step is the one
// that was named, or that what is seen belongs to.
func (c *migrateVerifyCommand) settled(ctx context.Context, state *migrate.State,
	where []ask.Target) (seen []migrate.Seen, step int) {
	over := time.NewTimer(c.Patience)
	defer over.Stop()
	ticker := time.NewTicker(lookPause)
	defer ticker.Stop()
	for {
		seen, step = ask.Servers(ctx, where), c.Step
		if step < 0 {
			step = state.StepOf(seen)
		}
		if whole(state, step, seen) {
			return seen, step
		}
		select {
		case <-ctx.Done():
			return seen, step
		case <-over.C:
			return seen, step
		case <-ticker.C:
		}
	}
}

// whole tells whether it makes sense to compare trees.
func whole(state *migrate.State, step int, seen []migrate.Seen) bool {
	return state.Whole(step, migrate.Evidence{Seen: seen})
}

// turn refuses a step whose turn it is not: it is that of the last one that was verified,
// and of the next.
func (c *migrateVerifyCommand) turn(state *migrate.State) error {
	switch {
	case c.Step > len(state.Steps):
		return fmt.Errorf("--step %d: the plan has %d steps; see `zoo migrate plan`", c.Step,
			len(state.Steps))
	case c.Step >= 0 && c.Step != state.Verified && c.Step != state.Verified+1:
		return fmt.Errorf("--step %d: step %d was verified last, so it is the turn of step %d",
			c.Step, state.Verified, state.Verified+1)
	}
	return nil
}

// options are how the trees are read.
func (c *migrateVerifyCommand) options(m *Main) (ask.Options, error) {
	set := properties{}
	for _, define := range c.Define {
		name, value, _ := strings.Cut(define, "=")
		set[strings.TrimPrefix(name, "zookeeper.")] = value
	}
	var options ask.Options
	var err error
	if options.SASL, err = set.sasl(m.Stderr); err != nil || c.AuthFile == "" {
		return options, err
	}
	text, err := os.ReadFile(c.AuthFile)
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		scheme, identity, _ := strings.Cut(line, " ")
		options.Auth = append(options.Auth, client.Auth{Scheme: scheme, Data: []byte(identity)})
	}
	if err == nil && len(options.Auth) == 0 {
		err = errors.New("has no line such as: digest super:secret")
	}
	if err != nil {
		err = fmt.Errorf("--auth-file %s: %w", c.AuthFile, err)
	}
	return options, err
}
