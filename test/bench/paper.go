package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"zoo/internal/paper"
	"zoo/test/ensemble"
)

// Where the committed results of the paper's experiments are, seen from here, and what was
// written about their run.
const (
	paperDir   = "../../docs/paper"
	paperAbout = "about.md"
)

// Repeat does the experiments of the ZooKeeper paper with one new ensemble, which it ends.
type Repeat struct {
	Settings
	// Side is java or zoo.
	Side    string
	Voters  int
	Options paper.Options
}

// Measure returns what there is of the results, also with an error, and the servers' version.
func (r *Repeat) Measure(ctx context.Context) (results *paper.Results, version string, err error) {
	dir, err := os.MkdirTemp(r.Dir, "paper-")
	if err != nil {
		return &paper.Results{}, "", err
	}
	program := ensemble.Zoo(r.Binary)
	if r.Side == sideJava {
		program = ensemble.Java(r.JavaHeap)
	}
	e, err := ensemble.New(ensemble.Options{Dir: dir, Voters: r.Voters, Program: program})
	if err != nil {
		return &paper.Results{}, "", err
	}
	defer func() { err = errors.Join(err, e.Close(), os.RemoveAll(dir)) }()
	starting, started := context.WithTimeout(ctx, startLimit)
	defer started()
	if err := e.Start(starting); err != nil {
		return &paper.Results{}, "", err
	}
	answer, err := e.Servers[0].Ask(ctx, "srvr")
	if err != nil {
		return &paper.Results{}, "", err
	}
	results, err = paper.Run(ctx, r.options(e))
	return results, versionOf(answer), err
}

// options are those of the experiments with this ensemble's servers.
func (r *Repeat) options(e *ensemble.Ensemble) paper.Options {
	opts := r.Options
	opts.Servers, opts.Side, opts.Say = e.Addresses(), r.Side, r.Say
	opts.Fail = func(_ context.Context, i int) error { return e.Servers[i].Kill() }
	opts.Heal = func(ctx context.Context, i int) error { return heal(ctx, e.Servers[i]) }
	opts.Roles = func(ctx context.Context, _ []string) (told []string) {
		for _, s := range e.Servers {
			// A server that does not answer has no role.
			mode, _ := s.Mode(ctx)
			told = append(told, mode)
		}
		return told
	}
	return opts
}

// heal starts a server, if it is not running, and waits until it serves.
func heal(ctx context.Context, s *ensemble.Server) error {
	if s.Ended() {
		if err := s.Start(); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, restartLimit)
	defer cancel()
	return s.WaitServing(ctx)
}

// about is what is known about a run, for the page.
func (s *Settings) about(command, revision string, versions map[string]string, disk Disk) string {
	var b strings.Builder
	fmt.Fprintf(&b, "    %s\n\n%s; zoo %s", command, time.Now().UTC().Format("2 January 2006"),
		revision)
	if java := versions[sideJava]; java != "" {
		fmt.Fprintf(&b, "; Java's server %s", java)
	}
	fmt.Fprintf(&b, ".\n%v.\n%s, fsync of 4 KiB: median %.2f ms, longest %.2f ms.\n",
		thisMachine(disk), disk.FileSystem, disk.SyncP50, disk.SyncMax)
	return b.String()
}

// writePage writes docs/benchmarks.md: the record, and the paper's experiments when they have
// been repeated.
func writePage(w io.Writer, rec Record) error {
	if err := rec.WriteMarkdown(w); err != nil {
		return err
	}
	return writePaper(w, paperDir)
}

const paperHead = `
## The ZooKeeper paper's experiments

Those of section 5 of Hunt et al., USENIX ATC 2010, with ^zoo bench paper^'s load on one machine,
which servers and load share: more servers have less of it each. The paper had a machine for each
server, and 35 for the load. Tables as CSV are in [paper](paper).

`

func writePaper(w io.Writer, dir string) error {
	about, err := os.ReadFile(filepath.Join(dir, paperAbout))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	results, err := paper.Read(dir)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	text.WriteString(strings.ReplaceAll(paperHead, "^", "`"))
	text.Write(about)
	text.WriteString("\n```text\n")
	if err := results.WriteText(&text); err != nil {
		return err
	}
	text.WriteString("```\n")
	for _, name := range []string{"figure5", "table2", "figure8"} {
		if _, err := os.Stat(filepath.Join(dir, name+".svg")); err == nil {
			fmt.Fprintf(&text, "\n![%s](paper/%s.svg)\n", name, name)
		}
	}
	_, err = text.WriteTo(w)
	return err
}
