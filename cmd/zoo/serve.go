package main

import (
	"context"
	"log/slog"
	"time"

	"zoo/internal/config"
	"zoo/internal/server"
	"zoo/internal/server/headroom"
)

type serveCommand struct {
	Define []string `short:"D" sep:"none" placeholder:"name=value" help:"Set a property, with or without the prefix zookeeper."`
	Config []string `arg:"" optional:"" help:"A zoo.cfg, or: clientPort dataDir [tickTime] [maxClientCnxns]. Nothing: a standalone server on 127.0.0.1:2181."`
}

// Run serves until ctx ends.
func (c *serveCommand) Run(ctx context.Context, m *Main) error {
	cfg, err := c.load(m.logger())
	if err != nil {
		return err
	}
	defer headroom.Keep(m.logger()).Close()
	return server.New(cfg, m.logger(), buildInfo()).Run(ctx)
}

func (c *serveCommand) load(log *slog.Logger) (*config.Config, error) {
	src, err := source(c.Config, c.Define)
	if err != nil {
		return nil, err
	}
	cfg, warnings, err := config.Load(src)
	for _, w := range warnings {
		log.Warn("configuration", "file", w.File, "line", w.Line, "key", w.Key, "text", w.Text)
	}
	return cfg, err
}

// source is where the settings of a command line are.
func source(args, defines []string) (config.Source, error) {
	src := config.Source{Args: args, Properties: defines}
	if len(args) > 0 {
		return src, nil
	}
	dir, err := config.StateDir()
	src.StateDir = dir
	return src, err
}

// buildInfo is what the server tells about its own making.
func buildInfo() server.BuildInfo {
	// A build without a time, as by go run, shows the zero time.
	at, _ := time.Parse(time.RFC3339, built)
	return server.BuildInfo{Version: version, Time: at}
}
