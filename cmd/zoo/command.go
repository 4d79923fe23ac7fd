package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/alecthomas/kong"

	"zoo"
	"zoo/internal/config"
)

// Main is the program as a value, so that tests can run it.
type Main struct {
	Args           []string
	Stdout, Stderr io.Writer
}

// commandLine is what kong reads; each field is one sub-command.
type commandLine struct {
	Serve    serveCommand    `cmd:"" help:"Run a server."`
	Dev      devCommand      `cmd:"" help:"Run a whole ensemble on this machine."`
	Status   statusCommand   `cmd:"" help:"Show what running servers say about themselves."`
	Doctor   doctorCommand   `cmd:"" help:"Find what is wrong with configurations, data directories and running servers, and say what to do."`
	Top      topCommand      `cmd:"" help:"Show what holds the most on running servers."`
	Admin    adminCommand    `cmd:"" help:"Ask a server's admin port for a command."`
	Shell    shellCommand    `cmd:"" passthrough:"" help:"Talk to servers, as ZooKeeper's zkCli does."`
	Bench    benchCommand    `cmd:"" help:"Drive a load against servers and measure it."`
	Recover  recoverCommand  `cmd:"" help:"Make a new ensemble from what one server of a lost one has."`
	Leader   leaderCommand   `cmd:"" help:"Hand the lead of an ensemble to another server."`
	Member   memberCommand   `cmd:"" help:"Add, promote, demote, drain and remove members of an ensemble."`
	Migrate  migrateCommand  `cmd:"" help:"Replace Java's servers by ours one at a time, and back: check, plan, verify."`
	Config   configCommand   `cmd:"" help:"Look at a configuration."`
	Log      logCommand      `cmd:"" help:"Read, check and mend files of the transaction log."`
	Snapshot snapshotCommand `cmd:"" help:"Read, check and convert snapshots."`
	Dir      dirCommand      `cmd:"" help:"Check a data directory."`
	Backup   backupCommand   `cmd:"" help:"Back up history to a repository, and restore any point of it."`
	// The commands on znodes are not here: verbs makes them of the shell's table.
	Completion completionCommand `cmd:"" help:"Print a shell's script that completes zoo's commands, options and paths."`
	Complete   completeCommand   `cmd:"" hidden:"" passthrough:"" help:"Print what can stand at the end of a line."`

	Toolkit toolkitCommand `cmd:"" hidden:"" help:"Do as ZooKeeper's own tools."`
	Version versionCommand `cmd:"" help:"Print the version."`
	Help    helpCommand    `cmd:"" help:"Print what a command's --help prints."`
}

// The exit codes, as in ZooKeeper. A server's error may carry another one.
const (
	exitOK    = 0
	exitError = 1
	exitUsage = 2
)

// Run does what the arguments say and returns the exit code.
func (m *Main) Run(ctx context.Context) int {
	exited := -1
	parser, err := m.parser(ctx, func(code int) { exited = code })
	if err != nil {
		panic("zoo: command line: " + err.Error())
	}
	chosen, err := parser.Parse(ensembleFirst(m.Args))
	if exited >= 0 {
		return exited
	}
	if err != nil {
		fmt.Fprintf(m.Stderr, "zoo: %v\n%s --help tells more.\n", err, wanted(err))
		return exitUsage
	}
	return m.report(chosen.Run())
}

// wanted is the command that was typed, as far as it was understood.
func wanted(err error) string {
	var wrong *kong.ParseError
	if errors.As(err, &wrong) && wrong.Context != nil && wrong.Context.Selected() != nil {
		return wrong.Context.Selected().FullPath()
	}
	return "zoo"
}

// parser is kong with all commands. Exit hears that there is nothing more to do.
func (m *Main) parser(ctx context.Context, exit func(code int)) (*kong.Kong, error) {
	return kong.New(&commandLine{}, append(verbs(),
		kong.Name("zoo"), kong.Description("Apache ZooKeeper rebuilt in Go."),
		kong.Writers(m.Stdout, m.Stderr), kong.UsageOnError(),
		// kong goes on after an Exit that returns; what it says then is of no interest.
		kong.Exit(exit), kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(m))...)
}

// report prints an error and finds its exit code.
func (m *Main) report(err error) int {
	if err == nil {
		return exitOK
	}
	var coded interface{ ExitCode() int }
	var silent exitCode
	switch {
	case errors.As(err, &silent):
		return int(silent)
	case errors.Is(err, errSilent):
		return exitError
	case errors.As(err, &coded):
		fmt.Fprintf(m.Stderr, "zoo: %v\n", err)
		return coded.ExitCode()
	}
	fmt.Fprintf(m.Stderr, "zoo: %v\n", err)
	if errors.Is(err, config.ErrConfig) {
		return exitUsage
	}
	return exitError
}

// errSilent ends with code 1 when everything there is to say has been said.
var errSilent = errors.New("already reported")

// logger writes text for people at a terminal, and JSON for programs.
func (m *Main) logger() *slog.Logger {
	options := &slog.HandlerOptions{ReplaceAttr: readable}
	if isTerminal(m.Stderr) {
		return slog.New(slog.NewTextHandler(m.Stderr, options))
	}
	return slog.New(slog.NewJSONHandler(m.Stderr, options))
}

// readable writes zxids as operators know them, and durations with their unit:
// in JSON both would be bare numbers.
func readable(_ []string, a slog.Attr) slog.Attr {
	switch v := a.Value.Any().(type) {
	case zoo.Zxid:
		return slog.String(a.Key, v.String())
	case time.Duration:
		return slog.String(a.Key, v.String())
	}
	return a
}

// isTerminal takes every character device but the null device for one.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull)
	return err != nil || !os.SameFile(info, null)
}
