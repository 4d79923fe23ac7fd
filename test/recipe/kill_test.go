package recipe

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"zoo"
	"zoo/client"
	"zoo/client/recipe"
	"zoo/test/ensemble"
)

// The bounds of the story: whatever takes longer has failed. No session ends by itself.
const (
	storyLimit     = 4 * time.Minute
	sessionTimeout = 20 * time.Second
)

func TestRecipesOutliveOurLeaders(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), storyLimit)
	defer cancel()
	binary, err := ensemble.Build(ctx, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	play(ctx, t, ensemble.Zoo(binary))
}

func TestRecipesOutliveJavasLeaders(t *testing.T) {
	ensemble.LeaveOut(t, "Java's ZooKeeper", ensemble.FindJava())
	ctx, cancel := context.WithTimeout(t.Context(), storyLimit)
	defer cancel()
	play(ctx, t, ensemble.Java("128m"))
}

// round is how often each contender works before and after the leader's death.
const round = 8

// play is the plot: four sessions work under a lock, where they count, in ZooKeeper and
// outside of it, and share two permits and a queue. When half is done the leader is killed,
// while they go on. All that was confirmed is there, once, and each token is greater than
// those before. A cache follows the queue.
func play(ctx context.Context, t *testing.T, program ensemble.Program) {
	e, err := ensemble.New(ensemble.Options{Dir: t.TempDir(), Voters: 3, Program: program,
		TickTime: time.Second})
	must(t, err)
	defer e.End(t, "ZOO_RECIPE_LOGS", func(*ensemble.Server) string { return "a server" })
	must(t, e.Start(ctx))
	must(t, e.WaitServing(ctx))
	s := &story{t: t, e: e, half: make(chan struct{})}
	var group sync.WaitGroup
	group.Go(func() { s.follow(ctx) })
	for range 4 {
		group.Go(func() { s.work(ctx) })
	}
	select {
	case <-s.half:
		leader, err := e.Leader(ctx)
		must(t, err)
		must(t, leader.Kill())
	case <-ctx.Done():
		t.Error("half of the work was never done")
	}
	group.Wait()
	s.judge(ctx)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// story is what the contenders do. What the lock protects is under it alone, but for the race
// detector's sake, which does not know of it, under mu, too.
type story struct {
	t    *testing.T
	e    *ensemble.Ensemble
	half chan struct{}

	mu    sync.Mutex
	last  zoo.Zxid
	count int
}

func (s *story) dial(ctx context.Context) *client.Client {
	c, err := client.Dial(ctx, client.Options{Servers: s.e.Addresses(),
		SessionTimeout: sessionTimeout})
	if err != nil {
		s.t.Error(err)
	}
	return c
}

func (s *story) work(ctx context.Context) {
	c := s.dial(ctx)
	if c == nil {
		return
	}
	lock := recipe.Lock{Client: c, Path: "/app/lock"}
	counter := recipe.Counter{Client: c, Path: "/app/count"}
	pool := recipe.Semaphore{Client: c, Path: "/app/pool", Permits: 2}
	queue := recipe.Queue{Client: c, Path: "/app/queue"}
	for range 2 * round {
		s.under(ctx, lock.Acquire, func(l *recipe.Lease) {
			s.note(l.Token())
			if _, err := counter.Add(ctx, 1); err != nil {
				s.t.Error(err)
			}
		})
		s.under(ctx, pool.Acquire, func(*recipe.Lease) {
			if err := queue.Put(ctx, nil); err != nil {
				s.t.Error(err)
			}
		})
	}
	if err := c.Close(ctx); err != nil {
		s.t.Error(err)
	}
}

func (s *story) under(ctx context.Context,
	acquire func(context.Context) (*recipe.Lease, error), f func(*recipe.Lease)) {
	lease, err := acquire(ctx)
	if err != nil {
		s.t.Error(err)
		return
	}
	f(lease)
	if err := lease.Release(ctx); err != nil {
		s.t.Error(err)
	}
}

func (s *story) note(token zoo.Zxid) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if token <= s.last {
		s.t.Errorf("the token %v came after %v", token, s.last)
	}
	s.last = token
	s.count++
	if s.count == 4*round {
		close(s.half)
	}
}

// follow keeps a copy of the queue, until all items have come.
func (s *story) follow(ctx context.Context) {
	c := s.dial(ctx)
	if c == nil {
		return
	}
	cache, err := recipe.OpenCache(ctx, c, "/app/queue/items")
	if err != nil {
		s.t.Error(err)
		return
	}
	for items := 0; items < 8*round && err == nil; {
		revision := cache.Revision()
		copied, _ := cache.Get("/app/queue/items")
		if items = len(copied.Children); items < 8*round {
			_, err = cache.Wait(ctx, revision)
		}
	}
	if err := errors.Join(err, cache.Close(ctx), c.Close(ctx)); err != nil {
		s.t.Error(err)
	}
}

// judge compares what is there with what was done.
func (s *story) judge(ctx context.Context) {
	c := s.dial(ctx)
	if c == nil {
		return
	}
	counter := recipe.Counter{Client: c, Path: "/app/count"}
	value, err := counter.Value(client.Linearizable(ctx))
	if err != nil || value != int64(s.count) || s.count != 8*round {
		s.t.Errorf("%d times worked, counted %d: %v", s.count, value, err)
	}
	names, _, err := c.Children(ctx, "/app/queue/items", nil)
	if err != nil || len(names) != 8*round {
		s.t.Errorf("%d items are in the queue: %v", len(names), err)
	}
	if err := c.Close(ctx); err != nil {
		s.t.Error(err)
	}
}
