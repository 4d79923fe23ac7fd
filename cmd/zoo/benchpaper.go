package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"sync"
	"time"

	"zoo/internal/dev/status"
	"zoo/internal/paper"
)

type paperCommand struct {
	Servers     []string      `default:"127.0.0.1:2181" help:"host:port of each server of the ensemble."`
	Experiment  []string      `default:"table1,figure5,table2" help:"Any of table1, figure5, table2, figure8."`
	Shares      []int         `default:"0,10,20,30,40,50,60,70,80,90,100" help:"Shares of reads of figure5, in percent."`
	Workers     []int         `default:"1,10,20" help:"Numbers of workers of table2."`
	Connections int           `default:"250" help:"Sessions, spread over the servers; not in table2."`
	Outstanding int           `default:"100" help:"Requests in flight on each of them."`
	Size        int           `default:"1024" help:"Bytes of a value."`
	Duration    time.Duration `default:"10s" help:"Time that each point is measured."`
	Warmup      time.Duration `default:"3s" help:"Time before it."`
	Step        time.Duration `default:"15s" help:"Time between two events of figure8, which takes twelve."`
	Session     time.Duration `default:"10s" help:"Session timeout to ask for."`
	Side        string        `help:"What the servers are called in the results, such as java."`
	Out         string        `type:"path" placeholder:"DIR" help:"Also write CSV, SVG and text there, beside those of other ensembles."`
	Fail        string        `name:"fail-command" placeholder:"CMD" help:"Ends a server for figure8; an operator does it when there is none."`
	Heal        string        `name:"heal-command" placeholder:"CMD" help:"Starts it again."`
}

// Help is what the experiments are.
func (*paperCommand) Help() string {
	return `The experiments are those of Hunt et al., ZooKeeper: Wait-free coordination for
Internet-scale systems, USENIX ATC 2010, section 5. table1: operations a second, all reads and all
writes. figure5: operations a second over the share of reads. table2: creates a second of workers
that create a znode, wait, delete it without waiting, and create the next. figure8: operations a
second, 70 % of them reads, while servers fail and recover.

The commands of figure8 are run by sh, with the number of the server as their last word, as
--servers counts them from 1. Without them it is told at the time what is to be done by hand.
--servers should name all voters, and no observers: their number is that of the results. Results of
several ensembles, told apart by --side and their number, can share one --out.`
}

// Run measures and prints, and writes files when it is to. What was measured before an error
// is not lost.
func (c *paperCommand) Run(ctx context.Context, m *Main) error {
	results, err := paper.Run(ctx, c.options(m))
	if len(results.Points)+len(results.Seconds) == 0 {
		return err
	}
	err = errors.Join(err, results.WriteText(m.Stdout))
	if c.Out == "" {
		return err
	}
	all, broken := paper.Read(c.Out)
	if broken != nil {
		return errors.Join(err, broken)
	}
	all.Merge(results)
	return errors.Join(err, all.Write(c.Out))
}

func (c *paperCommand) options(m *Main) paper.Options {
	opts := paper.Options{Servers: c.Servers, Side: c.Side, Shares: c.Shares, Workers: c.Workers,
		Connections: c.Connections, Outstanding: c.Outstanding, SizeBytes: c.Size,
		Warmup: c.Warmup, Duration: c.Duration, Step: c.Step, SessionTimeout: c.Session,
		Fail: c.command(m, c.Fail), Heal: c.command(m, c.Heal), Roles: roles}
	for _, e := range c.Experiment {
		opts.Experiments = append(opts.Experiments, paper.Experiment(e))
	}
	var mu sync.Mutex // the load and the failures speak at the same time
	opts.Say = func(line string) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintln(m.Stderr, line)
	}
	return opts
}

// command is what an operator's command does with a server, nil when there is none.
func (c *paperCommand) command(m *Main, text string) func(context.Context, int) error {
	if text == "" {
		return nil
	}
	return func(ctx context.Context, server int) error {
		cmd := exec.CommandContext(ctx, "sh", "-c", text+` "$@"`, "sh", strconv.Itoa(server+1))
		cmd.Stdout, cmd.Stderr = m.Stderr, m.Stderr
		// A server that it starts in the background may keep its output.
		cmd.WaitDelay = time.Second
		if err := cmd.Run(); err != nil && !errors.Is(err, exec.ErrWaitDelay) {
			return fmt.Errorf("%s %d: %w", text, server+1, err)
		}
		return nil
	}
}

// roles asks all servers at once.
func roles(ctx context.Context, servers []string) []string {
	told := make([]string, len(servers))
	var group sync.WaitGroup
	for i, address := range servers {
		group.Go(func() {
			seen := status.Query(ctx, address)
			told[i] = seen.Role
		})
	}
	group.Wait()
	return told
}
