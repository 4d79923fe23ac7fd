package main

import (
	"errors"
	"fmt"

	"zoo"
	"zoo/internal/disk/vfs"
	"zoo/internal/inspect"
)

// surgeryFlags are what the commands that change a log have in common.
type surgeryFlags struct {
	Execute bool `help:"Do it. Without, the plan is shown and nothing changes."`
	JSON    bool `name:"json" help:"Print JSON."`
}

// operate shows a plan and carries it out if that is asked for. The directories of
// the paths are locked from before the plan is made until it is done.
func (c *surgeryFlags) operate(m *Main, paths []string,
	plan func(vfs.FS, inspect.Progress) (*inspect.Surgery, error)) (err error) {
	disk := vfs.OS{}
	if c.Execute {
		unlock, refused := inspect.Lock(disk, paths...)
		if refused != nil {
			return troubled(refused)
		}
		defer func() { err = errors.Join(err, unlock()) }()
	} else {
		m.tellServed(paths[0])
	}
	tell, done := m.progress("reading")
	s, err := plan(disk, tell)
	done()
	if err != nil {
		return troubled(err)
	}
	if c.Execute {
		if err := s.Execute(); err != nil {
			return troubled(err)
		}
	}
	p := m.printer(format(c.JSON))
	if c.JSON {
		err = p.line(struct {
			Executed bool `json:"executed"`
			*inspect.Surgery
		}{c.Execute, s}, "")
	} else {
		err = c.print(p, s)
	}
	return troubled(p.close(err))
}

func (c *surgeryFlags) print(p *printer, s *inspect.Surgery) error {
	var errs []error
	say := func(text string, args ...any) { errs = append(errs, p.line(nil, text, args...)) }
	for _, d := range s.Damages {
		say("%v", d)
	}
	for _, l := range s.Lost {
		say("%v", l)
	}
	if !s.Needed() {
		say("nothing to do")
		return errors.Join(errs...)
	}
	if r := s.Rewrite; r != nil {
		last := ""
		if s.Kept > 0 {
			last = " up to " + s.KeptLast
		}
		say("write %s anew with its %d good transactions%s; as it was it is kept as %s",
			r.File, s.Kept, last, r.KeptAs)
	}
	for _, a := range s.Aside {
		say("put %s aside as %s", a.From, a.To)
	}
	switch {
	case c.Execute:
		say("done; zoo dir check tells whether a server starts now")
	default:
		say("nothing was changed; --execute does it")
	}
	if len(s.Lost) > 0 {
		say("what is lost may have been acknowledged: if other servers of the ensemble serve, " +
			"let this one fetch all from them instead (zoo dir check tells how)")
	}
	return errors.Join(errs...)
}

type logRepairCommand struct {
	File    string `arg:"" help:"The log file."`
	SnapDir string `placeholder:"dir" help:"The dataDir, if the log is in another directory."`
	Across  bool   `help:"Keep what is behind a gap, too; no server starts with a gap that no snapshot covers."`
	surgeryFlags
}

// Run shows what a repair keeps and loses, and does it with --execute.
func (c *logRepairCommand) Run(m *Main) error {
	paths := []string{c.File}
	o := inspect.RepairOptions{Across: c.Across}
	if c.SnapDir != "" {
		dir, err := inspect.VersionDir(vfs.OS{}, c.SnapDir)
		if err != nil {
			return troubled(err)
		}
		o.SnapDir = dir
		paths = append(paths, c.SnapDir)
	}
	return c.operate(m, paths, func(disk vfs.FS, tell inspect.Progress) (*inspect.Surgery, error) {
		if info, err := disk.Stat(c.File); err != nil || info.Dir {
			return nil, errors.Join(err, fmt.Errorf("%s: name one log file", c.File))
		}
		o.Progress = tell
		return inspect.PlanRepair(disk, c.File, o)
	})
}

type logTruncateCommand struct {
	Dir    string   `arg:"" help:"The dataDir."`
	LogDir string   `placeholder:"dir" help:"The dataLogDir, if it is another one."`
	To     zxidFlag `required:"" placeholder:"0xZXID" help:"The last transaction that stays."`
	surgeryFlags
}

// Run shows what goes, and does it with --execute.
func (c *logTruncateCommand) Run(m *Main) error {
	paths := []string{c.Dir}
	if c.LogDir != "" {
		paths = append(paths, c.LogDir)
	}
	return c.operate(m, paths, func(disk vfs.FS, tell inspect.Progress) (*inspect.Surgery, error) {
		if info, err := disk.Stat(c.Dir); err != nil || !info.Dir {
			return nil, errors.Join(err, fmt.Errorf("%s: name a data directory; of one file "+
				"zkTxnLogToolkit.sh -c makes a shorter copy", c.Dir))
		}
		cfg := inspect.DirConfig{FS: disk, DataDir: c.Dir, LogDir: c.LogDir}
		return inspect.PlanTruncate(cfg, zoo.Zxid(c.To), tell)
	})
}
