package curves

import (
	"context"
	"fmt"

	"zoo/internal/jute"
	"zoo/internal/wire"
	"zoo/test/ensemble"
)

const (
	// watchedMax znodes are watched, by as many sessions as it takes.
	watchedMax = 100_000
	// told is about how many events the mean is of.
	told = 500_000
)

func watchedPath(i int) string { return fmt.Sprintf("/watched/a-znode-%06d", i) }

func watches(ctx context.Context, s *spot) (figures, error) {
	paths := min(s.at, watchedMax)
	watchers := s.at / paths
	g, err := s.plant(ctx, []string{"/watched", "/unwatched"}, ensemble.Options{})
	if err != nil {
		return nil, err
	}
	if err := g.fill(0, paths, watchedPath, nil); err != nil {
		return nil, err
	}
	all, err := dialMany(ctx, s.server().Address(), watchers)
	if err != nil {
		return nil, err
	}
	if err := g.warm("/unwatched"); err != nil {
		return nil, err
	}
	got := figures{}
	if err := g.arm(got, all, paths); err != nil {
		return nil, err
	}
	if err := g.grown(got, "rss_per_watch", s.at); err != nil {
		return nil, err
	}
	err = g.perform(got, task{"set_cpu_us", asked,
		func(int) (wire.Op, jute.Record) { return setOf("/unwatched") }})
	if err != nil {
		return nil, err
	}
	changes := min(paths, max(1, told/watchers))
	return got, g.tell(got, all, changes)
}

// arm lets each session watch all the paths: the CPU of one watch.
func (g *grove) arm(got figures, all crowd, paths int) error {
	m, err := g.meter()
	if err != nil {
		return err
	}
	err = all.each(func(s *session, _ int) error {
		return s.ask(0, paths, watchDepth, func(i int) (wire.Op, jute.Record) {
			return wire.OpGetData, &wire.GetDataRequest{Path: watchedPath(i), Watch: true}
		})
	})
	if err != nil {
		return err
	}
	return m.into(got, "arm_cpu_us", g.at)
}

// watchDepth is how many watches a session sets at once.
const watchDepth = 200

// tell changes some of the znodes that are watched: the CPU of one event, a part of the
// change included, once all have come.
func (g *grove) tell(got figures, all crowd, changes int) error {
	m, err := g.meter()
	if err != nil {
		return err
	}
	if err := g.ask(changes, crowdDepth, func(i int) (wire.Op, jute.Record) {
		return setOf(watchedPath(i))
	}); err != nil {
		return err
	}
	err = all.each(func(s *session, _ int) error {
		for s.events < changes {
			if _, err := s.hear(); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return m.into(got, "event_cpu_us", changes*len(all))
}
