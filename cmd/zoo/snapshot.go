package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"zoo/internal/disk/vfs"
	"zoo/internal/inspect"
)

type snapshotCommand struct {
	Show   snapshotShowCommand   `cmd:"" help:"Show the znodes of a snapshot."`
	Stats  snapshotStatsCommand  `cmd:"" help:"Count and rank the znodes of a snapshot."`
	Verify snapshotVerifyCommand `cmd:"" help:"Read snapshots whole: checksums, structure, digest."`
	Export snapshotExportCommand `cmd:"" help:"Write a snapshot as lines of JSON or text."`
	Import snapshotImportCommand `cmd:"" help:"Make a snapshot of exported lines."`
	Diff   snapshotDiffCommand   `cmd:"" help:"Tell what is different in a second snapshot."`
}

// oneSnapshot is the snapshot that a path means; of a directory, the newest.
func oneSnapshot(m *Main, path string) (inspect.SnapshotFile, error) {
	files, err := inspect.Snapshots(vfs.OS{}, path)
	if err != nil {
		return inspect.SnapshotFile{}, err
	}
	m.tellServed(path)
	return files[0], nil
}

// damages prints what is wrong with what was read, which makes the exit code 1.
func (m *Main) damages(list []inspect.Damage, err error) error {
	if err != nil {
		return troubled(err)
	}
	for _, d := range list {
		fmt.Fprintf(m.Stderr, "zoo: %v\n", d)
	}
	if len(list) > 0 {
		return exitFound
	}
	return nil
}

type snapshotShowCommand struct {
	Path     string `arg:"" name:"file-or-dir" help:"A snapshot, or a data directory: its newest."`
	Znode    string `placeholder:"/path" help:"Show only this znode and those below it."`
	Depth    int    `default:"-1" help:"Levels below it; without, all."`
	Sessions bool   `help:"Show the sessions, too."`
	Data     bool   `help:"Show the data of znodes, too; it may be secret."`
	JSON     bool   `name:"json" help:"Print a JSON object a line."`
}

// Run shows the znodes in the order of the file.
func (c *snapshotShowCommand) Run(m *Main) error {
	file, err := oneSnapshot(m, c.Path)
	if err != nil {
		return troubled(err)
	}
	p := m.printer(format(c.JSON))
	o := inspect.ShowOptions{Path: c.Znode, Depth: c.Depth, Data: inspect.Data(c.Data),
		Znode: func(n inspect.Znode) error { return p.line(n, "%v", n) }}
	if c.Sessions {
		o.Session = func(s inspect.Session) error { return p.line(s, "%v", s) }
	}
	done := func() {}
	if !isTerminal(m.Stdout) {
		o.Progress, done = m.progress("reading")
	}
	damages, err := inspect.Show(vfs.OS{}, file, o)
	done()
	return m.damages(damages, p.close(err))
}

type snapshotVerifyCommand struct {
	Path []string `arg:"" name:"file-or-dir" help:"Snapshots, or data directories."`
	JSON bool     `name:"json" help:"Print a JSON object a line."`
}

// Run reports on each file; a damaged one makes the exit code 1.
func (c *snapshotVerifyCommand) Run(m *Main) error {
	var all []inspect.SnapshotFile
	for _, path := range c.Path {
		files, err := inspect.Snapshots(vfs.OS{}, path)
		if err != nil {
			return troubled(err)
		}
		all = append(all, files...)
	}
	tell, done := m.progress("verifying")
	reports, err := inspect.VerifySnapshots(vfs.OS{}, all, tell)
	done()
	p := m.printer(format(c.JSON))
	good := true
	for _, r := range reports {
		good = good && r.Good()
		err = errors.Join(err, p.snapshot(r))
	}
	if err = p.close(err); err == nil && !good {
		return exitFound
	}
	return troubled(err)
}

func (p *printer) snapshot(r inspect.SnapshotReport) error {
	state := "good"
	switch {
	case !r.Good():
		state = "DAMAGED"
	case r.Fuzzy:
		state = "good; fuzzy, the log behind it is needed up to " + r.LastZxid
	}
	err := p.line(r, "%s: %s; zxid %s, %d znodes, %d sessions, %d bytes of data, digest %s",
		r.File, state, r.Zxid, r.Znodes, r.Sessions, r.DataBytes, r.Digest)
	if p.json != nil {
		return err
	}
	for _, d := range r.Damages {
		err = errors.Join(err, p.line(nil, "  %v", d))
	}
	return err
}

type snapshotDiffCommand struct {
	Before string `arg:"" help:"A snapshot, or a data directory: its newest."`
	After  string `arg:"" help:"Another one."`
	Data   bool   `help:"Show the data that differs; it may be secret."`
	JSON   bool   `name:"json" help:"Print a JSON object a line."`
}

// Run prints the differences; any makes the exit code 1.
func (c *snapshotDiffCommand) Run(m *Main) error {
	before, err := oneSnapshot(m, c.Before)
	if err != nil {
		return troubled(err)
	}
	after, err := oneSnapshot(m, c.After)
	if err != nil {
		return troubled(err)
	}
	tell, done := m.progress("reading")
	found, damages, err := inspect.Diff(vfs.OS{}, before, after, inspect.Data(c.Data), tell)
	done()
	p := m.printer(format(c.JSON))
	for _, d := range found {
		err = errors.Join(err, p.line(d, "%v", d))
	}
	if err = m.damages(damages, p.close(err)); err == nil && len(found) > 0 {
		return exitFound
	}
	return err
}

type snapshotStatsCommand struct {
	Path string `arg:"" name:"file-or-dir" help:"A snapshot, or a data directory: its newest."`
	Top  int    `default:"10" help:"How many znodes each ranking has."`
	JSON bool   `name:"json" help:"Print JSON."`
}

// Run prints the figures.
func (c *snapshotStatsCommand) Run(m *Main) error {
	file, err := oneSnapshot(m, c.Path)
	if err != nil {
		return troubled(err)
	}
	tell, done := m.progress("reading")
	stats, err := inspect.Measure(vfs.OS{}, file, max(0, c.Top), tell)
	done()
	if err != nil {
		return troubled(err)
	}
	p := m.printer(format(c.JSON))
	if c.JSON {
		err = p.line(stats, "")
	} else {
		err = p.stats(stats)
	}
	return m.damages(stats.Damages, p.close(err))
}

// stats prints figures for people; programs take the JSON.
func (p *printer) stats(s *inspect.Stats) error {
	out := p.out
	fmt.Fprintf(out, "file         %s\nzxid         %s\nlast zxid    %s\nznodes       %d\n"+
		"data bytes   %d\nsessions     %d\nacls         %d\ndepth        %d\ndigest       %s\n",
		s.File, s.Zxid, s.LastZxid, s.Znodes, s.DataBytes, s.Sessions, s.ACLs, s.Depth, s.Digest)
	for _, kind := range []string{inspect.KindPersistent, inspect.KindEphemeral,
		inspect.KindContainer, inspect.KindTTL} {
		fmt.Fprintf(out, "%-12s %d\n", kind, s.Kinds[kind])
	}
	p.histogram("bytes of data", s.DataSizes)
	p.histogram("children", s.Children)
	p.ranking("largest subtrees (bytes of paths and data)", s.Subtrees)
	p.ranking("most children", s.Parents)
	p.ranking("most data", s.Large)
	return nil
}

func (p *printer) histogram(title string, list []inspect.Bucket) {
	most := 1
	for _, b := range list {
		most = max(most, b.Count)
	}
	fmt.Fprintf(p.out, "\nznodes by %s\n", title)
	for _, b := range list {
		span := fmt.Sprint(b.From)
		if b.To > b.From {
			span = fmt.Sprintf("%d-%d", b.From, b.To)
		}
		fmt.Fprintf(p.out, "  %20s %10d %s\n", span, b.Count,
			strings.Repeat("#", b.Count*barCells/most))
	}
}

func (p *printer) ranking(title string, list []inspect.Ranked) {
	fmt.Fprintf(p.out, "\n%s\n  %12s %10s %10s  %s\n",
		title, "BYTES", "CHILDREN", "ZNODES", "PATH")
	for _, r := range list {
		znodes := "-"
		if r.Znodes > 0 {
			znodes = fmt.Sprint(r.Znodes)
		}
		fmt.Fprintf(p.out, "  %12d %10d %10s  %s\n", r.Bytes, r.Children, znodes, r.Path)
	}
}

type snapshotExportCommand struct {
	Path   string `arg:"" name:"file-or-dir" help:"A snapshot, or a data directory: its newest."`
	Format string `default:"json" enum:"json,text" help:"One of ${enum}."`
}

// Run writes the lines to standard output.
func (c *snapshotExportCommand) Run(m *Main) error {
	file, err := oneSnapshot(m, c.Path)
	if err != nil {
		return troubled(err)
	}
	var tell inspect.Progress
	done := func() {}
	if !isTerminal(m.Stdout) {
		tell, done = m.progress("exporting")
	}
	damages, err := inspect.Export(vfs.OS{}, file, m.Stdout, inspect.ExportForm(c.Format), tell)
	done()
	return m.damages(damages, err)
}

type snapshotImportCommand struct {
	File    string `arg:"" help:"The exported lines; - is standard input."`
	Dir     string `arg:"" help:"Where to make the file snapshot.<zxid>: a data directory, its version-2, or any other."`
	Damaged bool   `help:"Import the export of a damaged snapshot, too."`
	JSON    bool   `name:"json" help:"Print JSON."`
}

// Run makes the snapshot and reports on it. A snapshot that is there is not replaced.
func (c *snapshotImportCommand) Run(m *Main) (err error) {
	disk := vfs.OS{}
	dir, err := inspect.VersionDir(disk, c.Dir)
	if err != nil {
		return troubled(err)
	}
	unlock, err := inspect.Lock(disk, dir)
	if err != nil {
		return troubled(err)
	}
	defer func() { err = errors.Join(err, unlock()) }()
	var from io.Reader = os.Stdin
	if c.File != "-" {
		f, err := os.Open(c.File)
		if err != nil {
			return troubled(err)
		}
		defer f.Close()
		from = f
	}
	report, err := inspect.Import(disk, from, dir, inspect.ImportOptions{Damaged: c.Damaged})
	if err != nil {
		return troubled(err)
	}
	p := m.printer(format(c.JSON))
	return troubled(p.close(p.snapshot(*report)))
}
