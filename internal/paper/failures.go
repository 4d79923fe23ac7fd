package paper

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"zoo/internal/load"
)

// failures drives the load of Figure 8 while the plan is carried out.
func (r *runner) failures(ctx context.Context) error {
	plan, whole := Plan(len(r.Servers), r.Step)
	opts := r.load(figure8Reads)
	opts.Timeline, opts.Duration = true, whole
	begun := make(chan time.Time, 1)
	opts.Begun = func(at time.Time) { begun <- at }
	running, stop := context.WithCancel(ctx)
	defer stop()
	c := &conductor{Options: &r.Options, plan: plan, hit: newCast(),
		down: map[int]bool{}}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		c.conduct(running, begun)
	}()
	report, err := load.Run(ctx, opts)
	stop()
	<-ended
	r.results.Happenings = append(r.results.Happenings, c.happened...)
	if report == nil {
		return errors.Join(err, c.err)
	}
	for at, second := range report.Timeline {
		r.results.Seconds = append(r.results.Seconds, Second{r.ensemble(), at, second.Ops})
	}
	return errors.Join(err, c.err)
}

// conductor carries out the plan beside the load. Its goroutine owns it until it ends.
type conductor struct {
	*Options
	plan []Event
	hit  cast
	// down are servers that have failed and were not healed.
	down     map[int]bool
	begun    time.Time
	happened []Happening
	err      error
}

func (c *conductor) conduct(ctx context.Context, begun <-chan time.Time) {
	select {
	case <-ctx.Done():
		return
	case c.begun = <-begun:
	}
	for i, e := range c.plan {
		if !pause(ctx, time.Until(c.begun.Add(e.At))) {
			c.say("the load has ended before the last %d events", len(c.plan)-i)
			break
		}
		c.play(ctx, e)
	}
	c.mend(ctx)
}

// pause tells whether the time has passed before the context ended.
func pause(ctx context.Context, long time.Duration) bool {
	timer := time.NewTimer(long)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// play does what an event says, or has an operator do it.
func (c *conductor) play(ctx context.Context, e Event) {
	h := Happening{Ensemble: c.ensemble(), Mark: e.Mark, Kind: e.Kind}
	server := c.whom(ctx, e)
	switch {
	case server >= 0:
		h.Server = c.Servers[server]
		c.hit[e.Loss] = server
		c.note(ctx, &h, c.act(ctx, e.Kind, server))
	case e.Kind == Heal:
		return // what did not fail need not be healed, and its failure was told
	default:
		c.note(ctx, &h, errors.New("no server says that it is one"))
	}
	h.At = time.Since(c.begun).Seconds()
	c.happened = append(c.happened, h)
	c.say("%.0f s, %s: %s: %s", h.At, h.Mark, h.Kind, cmp.Or(h.Error, h.Server))
}

// note keeps an error with the event and with the run, unless the run's end is the reason.
func (c *conductor) note(ctx context.Context, h *Happening, err error) {
	if err == nil || ctx.Err() != nil {
		return
	}
	h.Error = err.Error()
	c.err = errors.Join(c.err, fmt.Errorf("%s, %s %s: %w", h.Mark, h.Kind, h.Server, err))
}

// askPause lies between two questions who leads: right after a failure nobody may.
const askPause = 200 * time.Millisecond

// whom an event is about. It is asked again for a step, while an election is on.
func (c *conductor) whom(ctx context.Context, e Event) int {
	asking, enough := context.WithTimeout(ctx, c.Step)
	defer enough()
	for {
		var roles []string
		if e.Kind != Heal {
			roles = c.Roles(asking, c.Servers)
			for i := range c.down {
				roles[i] = "" // an operator may not be that quick
			}
		}
		server := c.hit.choose(e, roles)
		if server >= 0 || e.Kind == Heal || !pause(asking, askPause) {
			return server
		}
	}
}

func (c *conductor) act(ctx context.Context, kind Kind, server int) error {
	act, word := c.Fail, "end"
	if kind == Heal {
		act, word = c.Heal, "start"
	} else {
		c.down[server] = true // a failure that failed may have ended it
	}
	if act == nil {
		c.say("** now %s the server %s", word, c.Servers[server])
	} else if err := act(ctx, server); err != nil {
		return err
	}
	if kind == Heal {
		delete(c.down, server)
	}
	return nil
}

// mendLimit bounds how long it takes to heal all that is left.
const mendLimit = time.Minute

// mend heals what the plan did not come to, since the load failed or somebody interrupted it.
func (c *conductor) mend(ctx context.Context) {
	ctx, enough := context.WithTimeout(context.WithoutCancel(ctx), mendLimit)
	defer enough()
	for _, server := range slices.Sorted(maps.Keys(c.down)) {
		if err := c.act(ctx, Heal, server); err != nil {
			c.err = errors.Join(c.err, fmt.Errorf("heal %s: %w", c.Servers[server], err))
		}
	}
}
