package main

import (
	"context"
	"os"

	"zoo/internal/dev"
	"zoo/internal/load"
)

type devCommand struct {
	Servers   int    `default:"3" help:"Servers that vote."`
	Observers int    `default:"1" help:"Servers that do not vote."`
	Dir       string `type:"path" help:"Keep the data here and come back with it; without, it is removed at the end."`
	BasePort  int    `help:"First client port, the others follow; without, free ones."`
}

// Run keeps the ensemble up until ctx ends.
func (c *devCommand) Run(ctx context.Context, m *Main) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	return dev.Run(ctx, dev.Options{
		Servers: c.Servers, Observers: c.Observers, Dir: c.Dir, BasePort: c.BasePort,
		Command: []string{self, "serve"}, FirstWrite: load.FirstWrite,
		Out: m.Stdout, Live: isTerminal(m.Stdout),
	})
}
