package bench

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"zoo/internal/load"
	"zoo/test/ensemble"
)

// bout is one side's part of a round.
type bout struct {
	lab      *lab
	side     string
	ensemble *ensemble.Ensemble
}

func (b *bout) say(format string, args ...any) {
	b.lab.Say(fmt.Sprintf("%-4s  ", b.side) + fmt.Sprintf(format, args...))
}

// start runs the servers and tells how long the first write took. A bare one has a log to
// fill first: its time would say nothing.
func (b *bout) start(ctx context.Context) (samples, error) {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	first := b.ensemble.Servers[0]
	begun := time.Now()
	for _, s := range b.ensemble.Servers {
		if err := s.Start(); err != nil {
			return nil, err
		}
	}
	if err := load.FirstWrite(ctx, first.Address()); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, first.LastLines(20))
	}
	took := millis(time.Since(begun))
	if err := b.ensemble.WaitServing(ctx); err != nil {
		return nil, err
	}
	b.say("servers: %d, first write after %.0f ms", len(b.ensemble.Servers), took)
	if b.side == sideBare {
		return nil, nil
	}
	if version, err := first.Ask(ctx, "srvr"); err == nil {
		b.lab.versions[b.side] = versionOf(version)
	}
	switch len(b.ensemble.Servers) {
	case 1:
		return samples{aloneStartTime: {took}}, nil
	case 3:
		return samples{startTime: {took}}, nil
	}
	return nil, nil
}

// versionOf is the version in the answer to srvr, without the commit and the date, of which
// a distribution may know neither.
func versionOf(answer string) string {
	line, _, _ := strings.Cut(answer, "\n")
	version := strings.TrimPrefix(line, "Zookeeper version: ")
	if end := strings.IndexAny(version, "-,"); end >= 0 {
		version = version[:end]
	}
	return version
}

func (b *bout) writes(ctx context.Context) (samples, error) {
	report, err := b.run(ctx, b.saturating(load.OpSet))
	if err != nil {
		return nil, err
	}
	got := samples{writeRate: {report.OpsPerSecond}, writeCPU: {report.CPUPerOp}}
	if b.side == sideBare {
		return got, nil // it holds nothing but buffers
	}
	var memory int64
	for _, p := range report.Processes {
		memory += p.RSSBytes
	}
	got[writeMemory] = []float64{float64(memory) / (1 << 20)}
	return got, nil
}

func (b *bout) reads(ctx context.Context) (samples, error) {
	report, err := b.run(ctx, b.saturating(load.OpGet))
	if err != nil {
		return nil, err
	}
	return samples{readRate: {report.OpsPerSecond}, readCPU: {report.CPUPerOp}}, nil
}

func (b *bout) aloneWrites(ctx context.Context) (samples, error) {
	report, err := b.run(ctx, b.driver(load.OpSet, b.lab.AloneConnections, b.lab.Outstanding))
	if err != nil {
		return nil, err
	}
	return samples{aloneWriteRate: {report.OpsPerSecond}, aloneWriteCPU: {report.CPUPerOp}}, nil
}

func (b *bout) aloneReads(ctx context.Context) (samples, error) {
	report, err := b.run(ctx, b.driver(load.OpGet, b.lab.AloneConnections, b.lab.Outstanding))
	if err != nil {
		return nil, err
	}
	return samples{aloneReadRate: {report.OpsPerSecond}, aloneReadCPU: {report.CPUPerOp}}, nil
}

func (b *bout) single(ctx context.Context) (samples, error) {
	report, err := b.run(ctx, b.driver(load.OpSet, 1, 1))
	if err != nil {
		return nil, err
	}
	return samples{singleP50: {report.P50 / 1000}, singleP99: {report.P99 / 1000},
		singleP999: {report.P999 / 1000}}, nil
}

// run drives one load and says what came of it. A load that was not answered
// without errors is no measurement.
func (b *bout) run(ctx context.Context, d *driver) (*load.Report, error) {
	around := listen(d.pids)
	report, err := d.run(ctx)
	if err != nil {
		return nil, err
	}
	others := ""
	if cpus, ok := around.heard(d.own); ok {
		b.lab.samples[b.side].add(samples{otherCPUs: {cpus}})
		others = fmt.Sprintf(", others used %.2f CPUs", cpus)
	}
	b.say("%s%s", summary(report), others)
	// What is lost was in flight at the end: a slow server does not answer it in time.
	if report.Failures+report.Reconnects > 0 {
		return nil, fmt.Errorf("%s failed in part: %d failures, %d reconnects, last %s",
			d.op, report.Failures, report.Reconnects, report.LastError)
	}
	return report, nil
}

// driver is a load for the usual time.
func (b *bout) driver(op load.Op, connections, outstanding int) *driver {
	return &driver{
		binary: b.lab.Binary, servers: b.ensemble.Addresses(), pids: b.ensemble.PIDs(),
		op: op, connections: connections, outstanding: outstanding,
		warmup: b.lab.Warmup, duration: b.lab.Duration,
	}
}

// saturating is a load that asks for as much as three servers can.
func (b *bout) saturating(op load.Op) *driver {
	return b.driver(op, b.lab.Connections, b.lab.Outstanding)
}

func summary(r *load.Report) string {
	return fmt.Sprintf("%s %dx%d: %.0f/s, p50 %.2f ms, p99 %.2f ms, max %.1f ms, "+
		"%.1f us/op of the servers, %.1f us/op of the load",
		r.Op, r.Connections, r.Outstanding, r.OpsPerSecond, r.P50/1000, r.P99/1000, r.Max/1000,
		r.CPUPerOp, r.OwnCPUPerOp)
}

// The leader dies killAfter after the start of a window of killWindow.
const (
	killWarmup = time.Second
	killAfter  = 2 * time.Second
	killWindow = 7 * time.Second
)

// kills ends the leader under load and starts it again, a number of times.
func (b *bout) kills(ctx context.Context) (samples, error) {
	var gaps []float64
	for range b.lab.Kills {
		gap, err := b.kill(ctx)
		if err != nil {
			return nil, err
		}
		gaps = append(gaps, gap)
	}
	if len(b.ensemble.Servers) == 5 {
		return samples{killGapOfFive: gaps}, nil
	}
	return samples{killGap: gaps}, nil
}

func (b *bout) kill(ctx context.Context) (float64, error) {
	leader, err := b.leader(ctx)
	if err != nil {
		return 0, err
	}
	d := b.driver(load.OpSet, b.lab.KillConnections, b.lab.KillOutstanding)
	d.warmup, d.duration = killWarmup, killWindow
	d.at, d.event = killWarmup+killAfter, leader.Kill
	gap, err := b.lost(ctx, d, leader, lossKill)
	if err != nil {
		return 0, err
	}
	return gap, b.restart(ctx, leader)
}

// restart starts a killed server and waits until it serves.
func (b *bout) restart(ctx context.Context, s *ensemble.Server) error {
	ctx, cancel := context.WithTimeout(ctx, restartLimit)
	defer cancel()
	if err := s.Start(); err != nil {
		return err
	}
	return s.WaitServing(ctx)
}

func (b *bout) leader(ctx context.Context) (*ensemble.Server, error) {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	return b.ensemble.Leader(ctx)
}

// dev measures zoo dev from its start to the line that reports the first write. The
// servers of the round are stopped first: nobody starts an ensemble beside another.
func (b *bout) dev(ctx context.Context) (samples, error) {
	if err := b.ensemble.Close(); err != nil {
		return nil, err
	}
	dir, err := b.lab.freshDir("dev")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	took, err := startDev(ctx, b.lab.Binary, filepath.Join(dir, "data"))
	if err != nil {
		return nil, err
	}
	b.say("zoo dev, first write after %.0f ms", millis(took))
	return samples{devTime: {millis(took)}}, nil
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
