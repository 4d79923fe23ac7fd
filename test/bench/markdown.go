package bench

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// markdownHead has the quotes of code as ^.
const markdownHead = `# Benchmarks

Written by ^make bench BENCH=-write^, not by hand. The samples are in
[latest.json](../test/bench/results/latest.json).

All sides run as processes on one machine, on one file system and with fsync on, in turns,
and are driven by ^zoo bench^, which takes its part of the same CPUs. Java is Apache
ZooKeeper's server. Bare is a program that only frames, logs, replicates and answers
([0068](adr/0068-floor.md)): what it takes, any server takes. Values are 1 KiB, and servers are
three, unless said. A x B is A connections with B requests in flight on each. Rates, latencies
and CPU are the median of the rounds; starts, gaps and what a tree costs are the worst. Spread
is the distance of the least from the largest of zoo's samples, in percent of the value: what
changes by less than that has not changed.
`

// WriteMarkdown writes docs/benchmarks.md.
func (rec Record) WriteMarkdown(w io.Writer) error {
	head := strings.ReplaceAll(markdownHead, "^", "`")
	if _, err := io.WriteString(w, head); err != nil {
		return err
	}
	for i := range rec.Runs {
		title := "The newest run"
		if i > 0 {
			title = "Measured earlier"
		}
		if err := rec.Runs[i].writeMarkdown(w, title); err != nil {
			return err
		}
	}
	return nil
}

func (run *Run) writeMarkdown(w io.Writer, title string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "\n## %s, %s\n\n", title, run.Date.UTC().Format("2 January 2006"))
	fmt.Fprintf(&b, "    %s\n\n", run.Command)
	fmt.Fprintf(&b, "- zoo %s, built with %s", run.Zoo, run.Go)
	if run.Java != "" {
		fmt.Fprintf(&b, "; Java's server %s", run.Java)
	}
	fmt.Fprintf(&b, "\n- %v\n- %s, fsync of 4 KiB: median %.2f ms, longest %.2f ms\n", run.Machine,
		run.Disk.FileSystem, run.Disk.SyncP50, run.Disk.SyncMax)
	fmt.Fprintf(&b, "- rounds: %d, each load for %s after %s\n- %s\n\n", run.Rounds, run.Duration,
		run.Warmup, run.noise())
	b.WriteString("| work | unit | Java | zoo | bare | zoo / Java | zoo / bare | goal | " +
		"| spread |\n|---|---|--:|--:|--:|--:|--:|---|---|--:|\n")
	for _, r := range run.Rows {
		if r.Name == otherCPUs {
			continue // it is in the notes
		}
		verdict := strings.ToLower(r.verdict())
		if verdict == "not met" {
			verdict = "**not met**"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s | %s | %s | %s |\n", r.Title, r.Unit,
			r.number(r.Java), r.number(r.Zoo), r.number(r.Bare), r.ratio(r.Java), r.ratio(r.Bare),
			r.Goal, verdict, r.spread())
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// noise says how far the figures can be trusted.
func (run *Run) noise() string {
	if _, measured := run.row(otherCPUs); !measured {
		return "what other processes used meanwhile was not measured"
	}
	if run.Quiet {
		return fmt.Sprintf("other processes used at most %.2f CPUs meanwhile", run.Others)
	}
	return fmt.Sprintf("**other processes used up to %.2f CPUs meanwhile: these figures compare "+
		"nothing**", run.Others)
}

// spread is how far zoo's samples are from each other, in percent of its value.
func (r *row) spread() string {
	if len(r.ZooAll) < 2 || r.Zoo == nil || *r.Zoo == 0 {
		return "-"
	}
	return fmt.Sprintf("%.0f %%", (slices.Max(r.ZooAll)-slices.Min(r.ZooAll)) / *r.Zoo * 100)
}
