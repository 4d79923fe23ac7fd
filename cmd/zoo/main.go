// Package main is the zoo command: a server, a local ensemble, and the tools to
// look at them. It guarantees ZooKeeper's exit codes: 0 for a clean end, 2 for bad
// arguments or a bad configuration, 1 or the server's own code otherwise. It holds
// no logic of its own beyond the command line; each sub-command is one file.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	m := Main{Args: os.Args[1:], Stdout: os.Stdout, Stderr: os.Stderr}
	code := m.Run(ctx)
	stop()
	os.Exit(code)
}
