package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"zoo/internal/load"
)

type benchCommand struct {
	Load  loadCommand  `cmd:"" default:"withargs" help:"Drive a load of one kind; the word load may be left out."`
	Paper paperCommand `cmd:"" help:"Repeat the experiments of the ZooKeeper paper."`
}

type loadCommand struct {
	Servers     []string      `default:"127.0.0.1:2181" help:"host:port of each server."`
	Connections int           `default:"60" help:"Sessions, spread over the servers."`
	Outstanding int           `default:"100" help:"Requests in flight on each connection."`
	Op          string        `default:"set" enum:"set,get,mixed,create,exists,children,watch,multi,replace,sessions,idle,watchers" help:"One of ${enum}."`
	Reads       float64       `default:"-1" help:"Share of reads, 0.0 to 1.0; makes --op mixed."`
	Znodes      int           `help:"Znodes of each connection, made beforehand; --op chooses among them, multi sets all, children lists those of one parent."`
	Count       int           `help:"Requests of all connections together; the load ends with the last answer, or with --duration, and has no --warmup."`
	Keep        bool          `help:"Leave the znodes behind."`
	Rate        float64       `help:"Requests a second of all connections; 0 is as many as are answered."`
	Timeline    bool          `help:"Report each second by itself (--json)."`
	Size        int           `default:"1024" help:"Bytes of a value."`
	Duration    time.Duration `default:"10s" help:"Time that is measured."`
	Warmup      time.Duration `default:"2s" help:"Time before it."`
	Session     time.Duration `default:"10s" help:"Session timeout to ask for."`
	PIDs        []int         `name:"pids" help:"Server processes whose CPU and memory to measure."`
	Gap         bool          `help:"Tell for each server how long its connections had no write."`
	JSON        bool          `name:"json" help:"Print JSON."`
}

// Help is what the operations do.
func (*loadCommand) Help() string {
	return `Operations: set, get, exists and create do what they say, on a znode of each
connection or on one of its --znodes; mixed are --reads of get and the rest of set. children lists
one parent with --znodes children. watch is get that leaves a watch. multi sets all --znodes of its
connection in one request. replace creates a znode, waits, deletes it without waiting, and creates
it again, one at a time on each connection; creates count. sessions opens a session, closes it, and
opens the next. idle holds sessions that do nothing, and tells what memory each takes (--pids).
watchers has all connections watch one znode, and tells how soon they hear of a change: the
latencies, and when the last one was told.`
}

// Run drives the load and prints the report.
func (c *loadCommand) Run(ctx context.Context, m *Main) error {
	opts := load.Options{
		Servers: c.Servers, Connections: c.Connections, Outstanding: c.Outstanding,
		Znodes: c.Znodes, Count: c.Count, Keep: c.Keep, Rate: c.Rate, Timeline: c.Timeline,
		Op: load.Op(c.Op), Reads: max(c.Reads, 0), SizeBytes: c.Size,
		Duration: c.Duration, Warmup: c.Warmup, SessionTimeout: c.Session, PIDs: c.PIDs,
	}
	switch {
	case c.Reads >= 0:
		opts.Op = load.OpMixed
	case opts.Op == load.OpMixed:
		opts.Reads = 0.5
	}
	if c.Count > 0 {
		opts.Warmup = 0
	}
	if isTerminal(m.Stderr) {
		opts.Progress = func(line string) { fmt.Fprintf(m.Stderr, "\r\x1b[K%s", line) }
	}
	report, err := load.Run(ctx, opts)
	if opts.Progress != nil {
		opts.Progress("")
	}
	if report == nil {
		return err
	}
	return errors.Join(err, c.print(m, report))
}

func (c *loadCommand) print(m *Main, report *load.Report) error {
	if c.JSON {
		return report.WriteJSON(m.Stdout)
	}
	if err := report.WriteText(m.Stdout); err != nil || !c.Gap {
		return err
	}
	return report.WriteGaps(m.Stdout)
}
