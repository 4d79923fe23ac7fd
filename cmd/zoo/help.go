package main

import "context"

// helpCommand is --help as a word, which others write in front of the command.
type helpCommand struct {
	Command []string `arg:"" optional:"" help:"A command; without, all are listed."`
}

// Run prints what the command's --help prints.
func (c *helpCommand) Run(ctx context.Context, m *Main) error {
	other := *m
	other.Args = append(c.Command, "--help")
	if code := other.Run(ctx); code != exitOK {
		return exitCode(code)
	}
	return nil
}
