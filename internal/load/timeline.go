package load

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Second is one second of the window, by the clock of the load.
type Second struct {
	Ops  uint64  `json:"ops"`
	P999 float64 `json:"p999_us"`
	Max  float64 `json:"max_us"`
	// Latencies are all of them, for quantiles over several seconds.
	Latencies []Bucket `json:"latencies"`
}

// record takes a latency into the second in which its reply came.
func (r *result) record(at int64, latency time.Duration) {
	n := int(at / int64(time.Second))
	for len(r.seconds) <= n {
		r.seconds = append(r.seconds, &Histogram{})
	}
	r.seconds[n].Record(latency, 1)
}

// addTimeline reports the whole seconds of the window.
func (rep *Report) addTimeline(r *run, workers []*worker) {
	rep.Timeline = make([]Second, (r.until-r.from)/int64(time.Second))
	for n := range rep.Timeline {
		latency := &Histogram{}
		for _, w := range workers {
			if n < len(w.result.seconds) {
				latency.Merge(w.result.seconds[n])
			}
		}
		rep.Timeline[n] = Second{
			Ops:  latency.Count(),
			P999: micros(latency.Quantile(0.999)), Max: micros(latency.Max()),
			Latencies: latency.Buckets(),
		}
	}
}

// fillersMax is how many sessions fill the tree at once.
const fillersMax = 8

// fill creates the znodes that the requests choose from.
func (r *run) fill(ctx context.Context, workers []*worker) error {
	if r.opts.Znodes == 0 {
		return nil
	}
	if r.opts.Op == OpChildren {
		workers = workers[:1] // all list its children
	}
	shares := min(fillersMax, len(workers))
	errs := make([]error, shares)
	var group sync.WaitGroup
	for i := range shares {
		group.Go(func() {
			for n := i; n < len(workers) && errs[i] == nil; n += shares {
				errs[i] = workers[n].fill(ctx)
			}
		})
	}
	group.Wait()
	return errors.Join(errs...)
}

func (w *worker) fill(ctx context.Context) error {
	c, err := openAny(ctx, w.run.opts.Servers, w.run.opts.SessionTimeout)
	if err != nil {
		return err
	}
	defer c.close(ctx)
	var frames [][]byte
	for w.created < int64(w.run.opts.Znodes) {
		frames = append(frames, createFrame(w.createdPath(w.created), w.run.value, 0))
		w.created++
		if len(frames) < prepareBatch && w.created < int64(w.run.opts.Znodes) {
			continue
		}
		codes, err := c.call(ctx, frames...)
		if err != nil {
			return err
		}
		for _, code := range codes {
			if code != 0 {
				return fmt.Errorf("create below %s: code %d", w.path, code)
			}
		}
		frames = frames[:0]
	}
	return nil
}
