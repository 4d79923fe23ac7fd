package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"zoo/internal/load"
)

// The loads beside those of plain reads and writes.
const (
	smallBytes = 100

	childrenConnections = 30
	multiParts          = 10
	multiOutstanding    = 10
	thirtyConnections   = 30
	sessionsAtOnce      = 60
)

// mixed loads three servers with a part of reads, and with the rest.
func (b *bout) mixed(ctx context.Context) (samples, error) {
	got := samples{}
	for figure, reads := range map[name]float64{mixed30Rate: 0.3, mixed70Rate: 0.7} {
		if !b.lab.wants(figure) {
			continue
		}
		d := b.saturating(load.OpMixed)
		d.reads = reads
		report, err := b.run(ctx, d)
		if err != nil {
			return nil, err
		}
		got[figure] = []float64{report.OpsPerSecond}
	}
	return got, nil
}

func (b *bout) thirty(ctx context.Context) (samples, error) {
	report, err := b.run(ctx, b.driver(load.OpSet, thirtyConnections, 1))
	if err != nil {
		return nil, err
	}
	return samples{thirtyRate: {report.OpsPerSecond}, thirtyP99: {report.P99 / 1000}}, nil
}

// createsLimit bounds the creates of one side.
const createsLimit = 5 * time.Minute

func (b *bout) creates(ctx context.Context) (samples, error) {
	d := b.saturating(load.OpCreate)
	d.warmup, d.duration, d.count, d.sizeBytes = 0, createsLimit, b.lab.Creates, smallBytes
	report, err := b.run(ctx, d)
	if err != nil {
		return nil, err
	}
	if report.Writes != uint64(b.lab.Creates) {
		return nil, fmt.Errorf("%d creates of %d in time", report.Writes, b.lab.Creates)
	}
	return samples{createRate: {report.OpsPerSecond}}, nil
}

// children has fewer requests in flight: one reply is a large part of a megabyte.
func (b *bout) children(ctx context.Context) (samples, error) {
	d := b.driver(load.OpChildren, childrenConnections, 1)
	d.znodes, d.sizeBytes = b.lab.Names, smallBytes
	report, err := b.run(ctx, d)
	if err != nil {
		return nil, err
	}
	return samples{childrenRate: {report.OpsPerSecond}}, nil
}

func (b *bout) watch(ctx context.Context) (samples, error) {
	d := b.saturating(load.OpWatch)
	d.sizeBytes = smallBytes
	report, err := b.run(ctx, d)
	if err != nil {
		return nil, err
	}
	return samples{watchRate: {report.OpsPerSecond}}, nil
}

func (b *bout) multi(ctx context.Context) (samples, error) {
	d := b.driver(load.OpMulti, b.lab.Connections, multiOutstanding)
	d.znodes = multiParts
	report, err := b.run(ctx, d)
	if err != nil {
		return nil, err
	}
	return samples{multiRate: {report.OpsPerSecond}}, nil
}

func (b *bout) watchers(ctx context.Context) (samples, error) {
	d := b.driver(load.OpWatchers, b.lab.Watchers, 1)
	d.sizeBytes, d.session = smallBytes, sessionTimeout
	report, err := b.run(ctx, d)
	if err != nil {
		return nil, err
	}
	b.say("the last of %d watchers was told after %.1f ms, the median of %d changes",
		b.lab.Watchers, report.LastTold/1000, report.Changes)
	return samples{watchersP50: {report.P50 / 1000}, watchersLast: {report.LastTold / 1000}}, nil
}

func (b *bout) sessions(ctx context.Context) (samples, error) {
	report, err := b.run(ctx, b.driver(load.OpSessions, sessionsAtOnce, 1))
	if err != nil {
		return nil, err
	}
	return samples{sessionRate: {report.OpsPerSecond}, sessionCPU: {report.CPUPerOp / 1000}}, nil
}

func (b *bout) idle(ctx context.Context) (samples, error) {
	d := b.driver(load.OpIdle, b.lab.Idle, 1)
	d.warmup, d.session = 0, sessionTimeout
	report, err := b.run(ctx, d)
	if err != nil {
		return nil, err
	}
	b.say("%d idle sessions, %.0f bytes each", b.lab.Idle, report.BytesPerSession)
	return samples{sessionMemory: {report.BytesPerSession / 1000}}, nil
}

// tree fills the server, and kills it.
func (b *bout) tree(ctx context.Context) (samples, error) {
	ctx, cancel := context.WithTimeout(ctx, treeLimit)
	defer cancel()
	s := b.ensemble.Servers[0]
	m, err := measureTree(ctx, s, b.lab.Znodes, b.lab.Recoveries)
	if err != nil {
		return nil, fmt.Errorf("%w\n%s", err, s.LastLines(20))
	}
	b.say("%v", m)
	got := samples{znodeMemory: {m.perZnode()}}
	for _, took := range m.took {
		got[recoveryTime] = append(got[recoveryTime], took.Seconds())
	}
	return got, nil
}

// snapshots is what writers notice of them.
func (b *bout) snapshots(ctx context.Context) (samples, error) {
	live := b.lab.Live
	live.Binary, live.Dir, live.Say = b.lab.Binary, b.lab.Dir, b.lab.Say
	result, err := live.run(ctx, "beside snapshots", 0)
	if err != nil {
		return nil, err
	}
	slowest, with, without, shares := result.figures()
	if shares == 0 || shares == 1 {
		return nil, errors.New("no second without a snapshot, or none with one")
	}
	return samples{snapshotSlowest: {slowest * 100}, snapshotDelay: {with - without}}, nil
}

// The long load has a part of writes; its rate is half of what topTime has shown.
const (
	hourReads = 0.7
	topTime   = 20 * time.Second
)

// hour loads a large tree at half of the rate that the servers reach. The longest pause is
// that of the connection that was longest without an acknowledged write.
func (b *bout) hour(ctx context.Context) (samples, error) {
	d := b.saturating(load.OpMixed)
	d.reads, d.sizeBytes = hourReads, smallBytes
	d.znodes = max(b.lab.Znodes/d.connections, 1)
	d.duration = min(topTime, b.lab.Hour)
	top, err := b.run(ctx, d)
	if err != nil {
		return nil, err
	}
	d.rate, d.duration = top.OpsPerSecond/2, b.lab.Hour
	report, err := b.run(ctx, d)
	if err != nil {
		return nil, err
	}
	return samples{hourP9999: {report.P9999 / 1000}, hourPause: {report.Gap / 1000}}, nil
}
