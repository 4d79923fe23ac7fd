package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"zoo/internal/load"
	"zoo/test/ensemble"
)

// The ways to lose a leader.
const (
	// lossKill is SIGKILL: its connections end at once.
	lossKill = "killed"
	// lossHang is SIGSTOP: its connections stay, and nothing comes by them.
	lossHang = "hung"
)

// Failover says how often and how to lose the leader.
type Failover struct {
	// Settings are those of the programs and of the load while a leader is lost.
	Settings
	// Voters are the sizes of the ensembles, Losses how often each loses its leader in
	// each of the Ways.
	Voters []int
	Losses int
	Ways   []string
	// TickTime is that of the servers; syncLimitTicks of it are a leader's patience with
	// its followers and theirs with it.
	TickTime time.Duration
}

// syncLimitTicks is the syncLimit of the ensembles' zoo.cfg.
const syncLimitTicks = 5

// What may pass without a write, at any survivor: after a kill, and after a hang beyond
// syncLimit.
const (
	killGapMax  = 100 * time.Millisecond
	hangGrace   = 200 * time.Millisecond
	lossAfter   = time.Second
	lossWindow  = 3 * time.Second
	javaPenalty = 6 * time.Second
)

// Loss is what was seen of one way in one ensemble of one side.
type Loss struct {
	Side, Way string
	Voters    int
	// Gaps are the longest times, in ms, that any connection to a survivor was without an
	// acknowledged write, one for each loss, in their order.
	Gaps []float64
	// Limit is the longest gap that is asked of zoo.
	Limit time.Duration
}

// Measure loses leaders until all was seen.
func (f *Failover) Measure(ctx context.Context) ([]*Loss, error) {
	var all []*Loss
	l := newLab(f.Settings)
	for _, voters := range f.Voters {
		for _, side := range f.Sides {
			losses, err := f.ensemble(ctx, l, side, voters)
			if err != nil {
				return nil, fmt.Errorf("%d servers of %s: %w", voters, side, err)
			}
			all = append(all, losses...)
		}
	}
	return all, nil
}

// ensemble measures all ways on one new ensemble. Its directory stays when it fails.
func (f *Failover) ensemble(
	ctx context.Context, l *lab, side string, voters int) (_ []*Loss, err error) {
	program, err := l.program(side, "")
	if err != nil {
		return nil, err
	}
	dir, err := l.freshDir(side)
	if err != nil {
		return nil, err
	}
	e, err := ensemble.New(ensemble.Options{
		Dir: dir, Voters: voters, Program: program, TickTime: f.TickTime})
	if err != nil {
		return nil, err
	}
	defer func() {
		if err = errors.Join(err, e.Close()); err == nil {
			err = os.RemoveAll(dir)
		}
	}()
	b := &bout{lab: l, side: side, ensemble: e}
	if _, err := b.start(ctx); err != nil {
		return nil, err
	}
	var all []*Loss
	for _, way := range f.Ways {
		loss := &Loss{Side: side, Way: way, Voters: voters, Limit: f.limit(way)}
		for range f.Losses {
			gap, err := f.lose(ctx, b, way)
			if err != nil {
				return nil, err
			}
			loss.Gaps = append(loss.Gaps, gap)
		}
		all = append(all, loss)
	}
	return all, nil
}

func (f *Failover) limit(way string) time.Duration {
	if way == lossKill {
		return killGapMax
	}
	return syncLimitTicks*f.TickTime + hangGrace
}

// lose loses the leader once, under load, and brings it back.
func (f *Failover) lose(ctx context.Context, b *bout, way string) (float64, error) {
	leader, err := b.leader(ctx)
	if err != nil {
		return 0, err
	}
	d := b.driver(load.OpSet, f.KillConnections, f.KillOutstanding)
	d.warmup, d.duration = killWarmup, lossWindow+f.limit(way)
	if b.side == sideJava {
		d.duration += javaPenalty
	}
	d.at, d.event = killWarmup+lossAfter, leader.Kill
	if way == lossHang {
		d.event = leader.Pause
	}
	gap, err := b.lost(ctx, d, leader, way)
	if err != nil {
		return 0, err
	}
	if way == lossHang {
		return gap, b.revive(ctx, leader)
	}
	return gap, b.restart(ctx, leader)
}

// revive resumes a server that has led, and waits until it follows.
func (b *bout) revive(ctx context.Context, s *ensemble.Server) error {
	ctx, cancel := context.WithTimeout(ctx, restartLimit)
	defer cancel()
	if err := s.Resume(); err != nil {
		return err
	}
	return ensemble.Until(ctx, fmt.Sprintf("server %d follows", s.ID),
		func(ctx context.Context) error {
			mode, err := s.Mode(ctx)
			if err == nil && mode != "follower" {
				err = fmt.Errorf("it is a %s", mode)
			}
			return err
		})
}

// lost loses the leader by the driver's event, and tells how long, in ms, a survivor was without
// a write for that. Where that is more than slowLoss it says what the survivors have noted.
func (b *bout) lost(
	ctx context.Context, d *driver, leader *ensemble.Server, way string) (float64, error) {
	logs, err := b.logs()
	if err != nil {
		return 0, err
	}
	var at time.Time
	lose := d.event
	d.event = func() error {
		at = time.Now()
		return lose()
	}
	report, err := d.run(ctx)
	if err != nil {
		return 0, err
	}
	if died := diedOf(report); way == lossKill && !slices.Equal(died, []string{leader.Address()}) {
		return 0, fmt.Errorf("the load saw %v die, and not %s", died, leader.Address())
	}
	longest, other := survivorsGaps(report, leader.Address(), at)
	gap := longest.Length / 1000
	b.say("leader %d of %d %s under %dx%d: %.0f ms without a write at a survivor, from %+.0f ms "+
		"on, and %.0f ms at another time", leader.ID, len(b.ensemble.Servers), way,
		report.Connections, report.Outstanding, gap, longest.At/1000, other/1000)
	if gap > millis(slowLoss) {
		return gap, b.tell(logs)
	}
	return gap, nil
}

func diedOf(report *load.Report) (died []string) {
	for _, view := range report.Servers {
		if view.Died {
			died = append(died, view.Address)
		}
	}
	return died
}

// slowLoss is how long a gap is that has to be explained.
const slowLoss = 50 * time.Millisecond

// logs tells how long the log of each server is.
func (b *bout) logs() (sizes []int64, _ error) {
	for _, s := range b.ensemble.Servers {
		info, err := os.Stat(s.LogFile())
		if err != nil {
			return nil, err
		}
		sizes = append(sizes, info.Size())
	}
	return sizes, nil
}

// tell says what the logs have got since they were so long.
func (b *bout) tell(sizes []int64) error {
	for i, s := range b.ensemble.Servers {
		text, err := os.ReadFile(s.LogFile())
		if err != nil {
			return err
		}
		for line := range strings.Lines(string(text[sizes[i]:])) {
			b.say("      %s", strings.TrimSpace(line))
		}
	}
	return nil
}

// survivorsGaps are the longest gaps at any server but the lost one: of those that the loss has
// a part in, for they end after it and begin within lossAfter, seen from the loss, and how long
// others were, when a disk or the machine was slow.
func survivorsGaps(
	report *load.Report, lost string, at time.Time) (gap load.Silence, other float64) {
	when := float64(at.UnixMicro() - report.Began*1000)
	for _, view := range report.Servers {
		if view.Address == lost {
			continue
		}
		for _, s := range view.Silences {
			s.At -= when
			switch {
			case s.End() <= 0 || s.At >= float64(lossAfter.Microseconds()):
				other = max(other, s.Length)
			case s.Length > gap.Length:
				gap = s
			}
		}
	}
	return gap, other
}

// Met tells whether the worst gap is within the limit.
func (l *Loss) Met() bool { return worst(l.Gaps) <= millis(l.Limit) }

// WriteLosses writes one line for each loss: the least, the middle and the worst.
func WriteLosses(w io.Writer, losses []*Loss) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "\nLEADER\tSERVERS\tSIDE\tTIMES\tMIN MS\tMEDIAN MS\tWORST MS\tASKED\t")
	for _, l := range losses {
		verdict := ""
		if l.Side == sideZoo {
			verdict = "NOT MET"
			if l.Met() {
				verdict = "met"
			}
		}
		fmt.Fprintf(t, "%s\t%d\t%s\t%d\t%.0f\t%.0f\t%.0f\t<= %.0f\t%s\n", l.Way, l.Voters,
			l.Side, len(l.Gaps), slices.Min(l.Gaps), middle(l.Gaps), worst(l.Gaps),
			millis(l.Limit), verdict)
	}
	return t.Flush()
}
