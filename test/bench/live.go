package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"zoo/internal/load"
	"zoo/test/ensemble"
)

// Live says how to measure what writers notice of snapshots.
type Live struct {
	// Binary is the zoo program, Dir where the data goes.
	Binary, Dir string
	// Znodes are filled in first, and then written to by chance.
	Znodes int
	// Connections and Outstanding are those of the load.
	Connections, Outstanding int
	Warmup, Duration         time.Duration
	// Lines are added to the zoo.cfg.
	Lines []string
	// Say hears one line about what happens.
	Say func(line string)
}

// LiveResult is what one load saw: each second, and whether a snapshot was being
// written in it.
type LiveResult struct {
	Title   string
	Report  *load.Report
	Written []bool
}

// The floors: what a snapshot may cost. Latencies are those of 99.9 % of the writes.
const (
	liveRateShareMin = 0.85
	liveDelayMaxMs   = 5
)

// Measure writes as fast as is answered, and then half as fast, with a rate: there
// nothing queues but what the server itself holds up.
func (l *Live) Measure(ctx context.Context) ([]*LiveResult, error) {
	full, err := l.run(ctx, "as fast as is answered", 0)
	if err != nil {
		return nil, err
	}
	half, err := l.run(ctx, "half as fast", full.Report.OpsPerSecond/2)
	if err != nil {
		return nil, err
	}
	return []*LiveResult{full, half}, nil
}

// run measures one load on a new server.
func (l *Live) run(ctx context.Context, title string, rate float64) (_ *LiveResult, err error) {
	dir, err := os.MkdirTemp(l.Dir, "live-")
	if err != nil {
		return nil, err
	}
	e, err := ensemble.New(ensemble.Options{
		Dir: dir, Voters: 1, Program: ensemble.Zoo(l.Binary), Lines: l.Lines,
	})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, e.Close(), os.RemoveAll(dir)) }()
	if err := e.Servers[0].Start(); err != nil {
		return nil, err
	}
	if err := load.FirstWrite(ctx, e.Servers[0].Address()); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, e.Servers[0].LastLines(20))
	}
	d := &driver{
		binary: l.Binary, servers: e.Addresses(), pids: e.PIDs(), op: load.OpSet,
		connections: l.Connections, outstanding: l.Outstanding, sizeBytes: liveBytes,
		znodes: max(l.Znodes/l.Connections, 1), timeline: true, rate: rate,
		warmup: l.Warmup, duration: l.Duration,
	}
	watched, stop := context.WithCancel(ctx)
	seen := make(chan []time.Time)
	go func() { seen <- unfinishedSnapshots(watched, dir) }()
	report, err := d.run(ctx)
	stop()
	instants := <-seen
	if err != nil {
		return nil, err
	}
	l.Say(fmt.Sprintf("%s: %s", title, summary(report)))
	return &LiveResult{Title: title, Report: report, Written: writtenIn(report, instants)}, nil
}

// liveBytes is the size of a value.
const liveBytes = 100

// snapshotLook lies between two looks for an unfinished snapshot.
const snapshotLook = 50 * time.Millisecond

// unfinishedSnapshots are the instants at which one was being written.
func unfinishedSnapshots(ctx context.Context, dir string) (seen []time.Time) {
	pattern := filepath.Join(dir, "server.1", "data", "version-2", "*snapshot*")
	ticker := time.NewTicker(snapshotLook)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return seen
		case now := <-ticker.C:
			names, _ := filepath.Glob(pattern) // the pattern is good
			for _, name := range names {
				if !strings.HasPrefix(filepath.Base(name), "snapshot.") {
					seen = append(seen, now)
					break
				}
			}
		}
	}
}

// aftermath is how long what follows a snapshot counts to it: the purge of older ones.
const aftermath = 500 * time.Millisecond

// writtenIn tells of each second of a report whether it has such an instant, or follows
// one closely.
func writtenIn(report *load.Report, instants []time.Time) []bool {
	written := make([]bool, len(report.Timeline))
	for _, at := range instants {
		for _, ms := range []int64{at.UnixMilli(), at.Add(aftermath).UnixMilli()} {
			n := (ms - report.Began) / 1000
			if ms >= report.Began && n < int64(len(written)) {
				written[n] = true
			}
		}
	}
	return written
}

// figures are the share of the mean rate that the slowest second had, and the p99.9 of all
// writes in seconds with a snapshot and of those without one, in ms. Shares is the part of
// the seconds that had one.
func (r *LiveResult) figures() (slowest, with, without, shares float64) {
	var rates []float64
	var sum float64
	var busy, quiet load.Histogram
	for n, second := range r.Report.Timeline {
		rates = append(rates, float64(second.Ops))
		sum += float64(second.Ops)
		if r.Written[n] {
			shares++
			busy.RecordBuckets(second.Latencies)
			continue
		}
		quiet.RecordBuckets(second.Latencies)
	}
	if busy.Count() == 0 || quiet.Count() == 0 {
		return 0, 0, 0, shares
	}
	slowest = rates[0]
	for _, rate := range rates {
		slowest = min(slowest, rate)
	}
	n := float64(len(rates))
	p999 := func(h *load.Histogram) float64 { return millis(h.Quantile(0.999)) }
	return slowest / (sum / n), p999(&busy), p999(&quiet), shares / n
}

// Met tells whether the floors are met; a load that saw no snapshot, or nothing else,
// proves nothing and meets none.
func (r *LiveResult) Met() bool {
	slowest, with, without, shares := r.figures()
	return shares > 0 && shares < 1 && slowest >= liveRateShareMin &&
		with-without <= liveDelayMaxMs
}

// WriteText writes every second, and the verdict.
func (r *LiveResult) WriteText(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "\nSECOND\tWRITES\tP99.9 MS\tMAX MS\tSNAPSHOT\t%s\n", r.Title)
	for n, second := range r.Report.Timeline {
		mark := ""
		if r.Written[n] {
			mark = "written"
		}
		fmt.Fprintf(t, "%d\t%d\t%.1f\t%.1f\t%s\t\n", n, second.Ops, second.P999/1000,
			second.Max/1000, mark)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	verdict := "NOT MET"
	if r.Met() {
		verdict = "met"
	}
	slowest, with, without, shares := r.figures()
	_, err := fmt.Fprintf(w, "snapshots in %.0f %% of the seconds; slowest second %.0f %% of "+
		"the mean (>= %.0f %%); p99.9 %.1f ms with one, %.1f ms without (+ <= %d ms): %s\n",
		shares*100, slowest*100, liveRateShareMin*100, with, without, liveDelayMaxMs, verdict)
	return err
}
