package main

import (
	"context"
	"time"

	"zoo"
	"zoo/internal/config"
	"zoo/internal/host"
	"zoo/internal/server"
	"zoo/internal/server/headroom"
)

type serveCommand struct {
	Define []string `short:"D" sep:"none" placeholder:"name=value" help:"Set a property, with or without the prefix zookeeper."`
	ID     int64    `name:"id" placeholder:"N" help:"Who this is of an ensemble. Written to myid in the dataDir if there is none; refused if another number is there."`
	Config []string `arg:"" optional:"" help:"A zoo.cfg, or: clientPort dataDir [tickTime] [maxClientCnxns]. Nothing: a standalone server on 127.0.0.1:2181, with its data below ~/.local/state/zoo."`
}

// Run serves until ctx ends.
func (c *serveCommand) Run(ctx context.Context, m *Main) error {
	src, err := source(c.Config, c.Define)
	if err != nil {
		return err
	}
	if src.StateDir != "" {
		m.logger().Info("no configuration is given", "state", src.StateDir)
	}
	src.ID = zoo.ServerID(c.ID)
	s, err := host.Start(ctx, host.Options{Source: src, Claim: c.ID != 0, Log: m.logger(),
		Build: buildInfo()})
	if err != nil {
		return err
	}
	defer headroom.Keep(m.logger()).Close()
	defer announce(ctx, m.logger(), s.Server)()
	return s.Wait()
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
