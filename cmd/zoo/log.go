package main

import (
	"errors"
	"fmt"
	"regexp"

	"zoo"
	"zoo/internal/disk/vfs"
	"zoo/internal/inspect"
)

type logCommand struct {
	Dump   logDumpCommand   `cmd:"" help:"Show the transactions of a log, and all its damage."`
	Verify logVerifyCommand `cmd:"" help:"Read a log and tell every damaged place and every gap."`
	Grep   logGrepCommand   `cmd:"" help:"Show the transactions whose line matches a regular expression."`

	Truncate logTruncateCommand `cmd:"" help:"End the history of a data directory with a zxid."`
	Repair   logRepairCommand   `cmd:"" help:"Write a damaged log file anew, with what of it is good."`
}

// logPath is what all commands on logs take.
type logPath struct {
	Path []string `arg:"" name:"file-or-dir" help:"Log files, or data directories."`
	JSON bool     `name:"json" help:"Print a JSON object a line."`
}

// files are the log files that the arguments mean.
func (c *logPath) files(m *Main) ([]string, error) {
	var all []string
	for _, path := range c.Path {
		files, err := inspect.Logs(vfs.OS{}, path)
		if err != nil {
			return nil, err
		}
		m.tellServed(path)
		all = append(all, files...)
	}
	return all, nil
}

// logFilter is what narrows a dump down.
type logFilter struct {
	From    zxidFlag `placeholder:"0xZXID" help:"Leave out what is before."`
	To      zxidFlag `placeholder:"0xZXID" help:"Leave out what is after."`
	Znode   string   `placeholder:"/path" help:"Show only what is about this znode or those below it."`
	Session zxidFlag `placeholder:"0xID" help:"Show only this session's."`
	Type    string   `placeholder:"create" help:"Show only this type, also as part of a multi."`
	Data    bool     `help:"Show the data of znodes, too; it may be secret."`
}

func (f *logFilter) options() inspect.DumpOptions {
	return inspect.DumpOptions{
		From: zoo.Zxid(f.From), To: zoo.Zxid(f.To), Path: f.Znode, Type: f.Type,
		Session: zoo.SessionID(f.Session), Data: inspect.Data(f.Data),
	}
}

type logDumpCommand struct {
	logPath
	logFilter
}

// Run shows the transactions; damage makes the exit code 1.
func (c *logDumpCommand) Run(m *Main) error {
	tally, err := c.logPath.dump(m, c.options())
	if err == nil && tally.damaged > 0 {
		return exitFound
	}
	return troubled(err)
}

type logGrepCommand struct {
	Pattern string `arg:"" help:"A regular expression for the line that dump prints."`
	logPath
	logFilter
}

// Run shows what matches; if nothing does the exit code is 1, as grep's.
func (c *logGrepCommand) Run(m *Main) error {
	pattern, err := regexp.Compile(c.Pattern)
	if err != nil {
		return troubled(fmt.Errorf("pattern %q: %w", c.Pattern, err))
	}
	o := c.options()
	o.Pattern = pattern
	tally, err := c.logPath.dump(m, o)
	if err == nil && tally.shown == 0 {
		return exitFound
	}
	return troubled(err)
}

// dumpTally counts the lines of a dump.
type dumpTally struct{ shown, damaged int }

func (c *logPath) dump(m *Main, o inspect.DumpOptions) (dumpTally, error) {
	var tally dumpTally
	files, err := c.files(m)
	if err != nil {
		return tally, err
	}
	done := func() {}
	if !isTerminal(m.Stdout) {
		o.Progress, done = m.progress("reading")
	}
	p := m.printer(format(c.JSON))
	err = inspect.Dump(vfs.OS{}, files, o, func(r inspect.Record) error {
		if r.Damage == nil {
			tally.shown++
			return p.line(r, "%v", r.Transaction)
		}
		if !r.Damage.Torn {
			tally.damaged++
		}
		return p.line(r, "%v", r.Damage)
	})
	done()
	return tally, p.close(err)
}

type logVerifyCommand struct{ logPath }

// Run reports on each file; what a server would not start with makes the code 1.
func (c *logVerifyCommand) Run(m *Main) error {
	files, err := c.files(m)
	if err != nil {
		return troubled(err)
	}
	tell, done := m.progress("verifying")
	reports, err := inspect.VerifyLogs(vfs.OS{}, files, tell)
	done()
	p := m.printer(format(c.JSON))
	good := true
	for _, r := range reports {
		good = good && r.Good()
		err = errors.Join(err, p.report(r))
	}
	if err = p.close(err); err == nil && !good {
		return exitFound
	}
	return troubled(err)
}

func (p *printer) report(r inspect.LogReport) error {
	state := "good"
	switch {
	case r.Torn():
		state = "torn; a server that starts with it cuts the rest off"
	case !r.Good():
		state = "DAMAGED"
	}
	span := "no transactions"
	if r.Transactions > 0 {
		span = fmt.Sprintf("%d transactions %s to %s", r.Transactions, r.First, r.Last)
	}
	err := p.line(r, "%s: %s; %s; %d of %d bytes used", r.File, state, span, r.Used, r.Size)
	if p.json != nil {
		return err
	}
	for _, d := range r.Damages {
		err = errors.Join(err, p.line(nil, "  %v", d))
	}
	for _, g := range r.Gaps {
		err = errors.Join(err, p.line(nil, "  %v", g))
	}
	return err
}
