package paper

import (
	"context"
	"fmt"
	"slices"

	"zoo/internal/load"
)

// extremes are the shares of reads of Table 1, in percent.
var extremes = []int{0, 100}

// figure8Reads is the share of reads of Figure 8, in percent.
const figure8Reads = 70

// Run does the experiments in the order of the paper. With an error the results are those that
// there are.
func Run(ctx context.Context, opts Options) (*Results, error) {
	r := &runner{Options: opts, results: &Results{}, measured: map[int]Point{}}
	if err := opts.Validate(); err != nil {
		return r.results, err
	}
	for _, e := range Experiments {
		if !slices.Contains(opts.Experiments, e) {
			continue
		}
		if err := r.do(ctx, e); err != nil {
			return r.results, fmt.Errorf("%s: %w", e, err)
		}
	}
	r.results.sort()
	return r.results, nil
}

// runner is one run. One goroutine owns it.
type runner struct {
	Options
	results *Results
	// measured are shares of reads that need not be measured again.
	measured map[int]Point
}

func (r *runner) do(ctx context.Context, e Experiment) error {
	switch e {
	case Table1:
		return r.shares(ctx, e, extremes)
	case Figure5:
		return r.shares(ctx, e, r.Shares)
	case Table2:
		return r.creates(ctx)
	}
	return r.failures(ctx)
}

// load is that of all experiments but Table 2.
func (r *runner) load(reads int) load.Options {
	return load.Options{Servers: r.Servers, Connections: r.Connections,
		Outstanding: r.Outstanding, SizeBytes: r.SizeBytes, Op: load.OpMixed,
		Reads: float64(reads) / 100, Warmup: r.Warmup, Duration: r.Duration,
		SessionTimeout: r.SessionTimeout}
}

func (r *runner) shares(ctx context.Context, e Experiment, shares []int) error {
	for _, share := range shares {
		p, found := r.measured[share]
		if !found {
			var err error
			if p, err = r.point(ctx, r.load(share)); err != nil {
				return fmt.Errorf("%d %% reads: %w", share, err)
			}
			r.measured[share] = p
		}
		p.Experiment, p.At = e, share
		r.add(p)
	}
	return nil
}

func (r *runner) creates(ctx context.Context) error {
	for _, workers := range r.Workers {
		opts := r.load(0)
		opts.Op, opts.Connections, opts.Outstanding = load.OpReplace, workers, 1
		p, err := r.point(ctx, opts)
		if err != nil {
			return fmt.Errorf("%d workers: %w", workers, err)
		}
		p.Experiment, p.At = Table2, workers
		r.add(p)
	}
	return nil
}

func (r *runner) point(ctx context.Context, opts load.Options) (Point, error) {
	report, err := load.Run(ctx, opts)
	if err != nil {
		return Point{}, err
	}
	if report.Reads+report.Writes == 0 {
		return Point{}, fmt.Errorf("nothing was answered: %s", report.LastError)
	}
	return Point{Ensemble: r.ensemble(), Rate: report.OpsPerSecond, P50: report.P50 / 1000,
		P99: report.P99 / 1000, Failures: report.Failures + report.Lost}, nil
}

func (r *runner) add(p Point) {
	r.results.Points = append(r.results.Points, p)
	r.say("%s, %v, %s: %.0f/s", p.Experiment, p.Ensemble, atOf(p.Experiment, p.At), p.Rate)
}
