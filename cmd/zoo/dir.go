package main

import (
	"errors"

	"zoo/internal/config"
	"zoo/internal/disk/vfs"
	"zoo/internal/inspect"
)

type dirCommand struct {
	Check dirCheckCommand `cmd:"" help:"Check a data directory: would a server start, and is everything in it whole?"`
}

type dirCheckCommand struct {
	Path   string   `arg:"" name:"dir-or-zoo.cfg" help:"A dataDir, or the configuration that names it."`
	LogDir string   `placeholder:"dir" help:"The dataLogDir, if it is another one."`
	Define []string `short:"D" sep:"none" placeholder:"name=value" help:"Set a property, as for serve; with a zoo.cfg."`
	JSON   bool     `name:"json" help:"Print JSON."`
}

// Run prints what was found; an error among it makes the exit code 1.
func (c *dirCheckCommand) Run(m *Main) error {
	cfg, err := c.config()
	if err != nil {
		return troubled(err)
	}
	tell, done := m.progress("checking")
	report, err := inspect.CheckDir(cfg, tell)
	done()
	if err != nil {
		return troubled(err)
	}
	p := m.printer(format(c.JSON))
	if c.JSON {
		err = p.line(report, "")
	} else {
		err = p.directory(report)
	}
	if err = p.close(err); err == nil && !report.Good() {
		return exitFound
	}
	return troubled(err)
}

// config is what the server would have.
func (c *dirCheckCommand) config() (inspect.DirConfig, error) {
	disk := vfs.OS{}
	info, err := disk.Stat(c.Path)
	if err != nil || info.Dir {
		return inspect.DirConfig{FS: disk, DataDir: c.Path, LogDir: c.LogDir}, err
	}
	cfg, _, err := config.Load(config.Source{Args: []string{c.Path}, Properties: c.Define})
	if err != nil {
		return inspect.DirConfig{}, err
	}
	return inspect.DirConfig{FS: disk, DataDir: cfg.DataDir, LogDir: cfg.DataLogDir,
		TrustEmptySnapshot: cfg.Storage.TrustEmptySnapshot}, nil
}

func (p *printer) directory(r *inspect.DirReport) error {
	var errs []error
	say := func(text string, args ...any) { errs = append(errs, p.line(nil, text, args...)) }
	for _, s := range r.Snapshots {
		errs = append(errs, p.snapshot(s))
	}
	for _, l := range r.Logs {
		errs = append(errs, p.report(l))
	}
	if r.Served {
		say("note: a server is running here: what it is writing may show as incomplete")
	}
	for _, f := range r.Findings {
		say("%v", f)
	}
	for _, advice := range r.Advice {
		say("advice: %s", advice)
	}
	if r.Startable && r.Zxid != "" {
		say("history: snapshot %s, log to %s, epochs %d accepted and %d current, %d znodes, "+
			"%d sessions, digest %s", r.Base, r.Zxid, r.AcceptedEpoch, r.CurrentEpoch, r.Znodes,
			r.Sessions, r.Digest)
	}
	switch {
	case !r.Good():
		say("result: NOT GOOD, see the errors above")
	case len(r.Advice) > 0:
		say("result: a server starts, with damage that it does not need")
	default:
		say("result: good")
	}
	return errors.Join(errs...)
}
