package recipe_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"zoo/client"
	"zoo/client/recipe"
)

// The plot: eight sessions share three permits, while answers are lost and the server is
// restarted. Never are more than three inside, and all three are used: three meet there.
func TestASemaphoreLetsInAsManyAsItHasPermits(t *testing.T) {
	w, ctx := newWorld(t, tick), soon(t)
	var inside atomic.Int32
	var group sync.WaitGroup
	for i := range 8 {
		p := w.person(timeout)
		s := recipe.Semaphore{Client: p.Client, Path: "/pool", Permits: 3}
		group.Go(func() {
			for range 4 {
				if i%2 == 0 {
					p.loseAnswers(1)
				}
				use(ctx, t, &s, func() {
					if n := inside.Add(1); n > 3 {
						t.Errorf("%d are inside", n)
					}
					inside.Add(-1)
				})
			}
		})
	}
	w.restart()
	group.Wait()
	var meeting sync.WaitGroup
	meeting.Add(3)
	for range 3 {
		s := recipe.Semaphore{Client: w.person(timeout).Client, Path: "/pool", Permits: 3}
		group.Go(func() { use(ctx, t, &s, func() { meeting.Done(); meeting.Wait() }) })
	}
	group.Wait()
}

func use(ctx context.Context, t *testing.T, s *recipe.Semaphore, f func()) {
	inside(ctx, t, s.Acquire, f)
}

// The plot: both permits are taken, and two wait. A holder's session ends: one of those who
// wait gets its permit. The other gives up, and leaves nothing behind.
func TestAPermitOfALostSessionIsGivenAgain(t *testing.T) {
	w, ctx := newWorld(t, tick), soon(t)
	impatient, leave := context.WithCancel(ctx)
	defer leave()
	ann, bob := w.person(timeout), w.person(timeout)
	cid, dan := w.person(timeout), w.person(timeout)
	first, err := pool(ann).Acquire(ctx)
	check(t, err)
	second, err := pool(bob).Acquire(ctx)
	check(t, err)
	won := make(chan *recipe.Lease, 1)
	go func() {
		lease, _ := pool(cid).Acquire(ctx)
		won <- lease
	}()
	inLine(t, bob, "/pool/locks", 1)
	ended := make(chan error, 1)
	go func() {
		_, err := pool(dan).Acquire(impatient)
		ended <- err
	}()
	inLine(t, bob, "/pool/locks", 2)
	ann.expire()
	third := <-won
	if third == nil || third.Token() <= second.Token() || first.Token() >= second.Token() {
		t.Fatal(first.Token(), second.Token(), third.Token())
	}
	leave()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	// The first was told of the permits, the one behind it only that it went.
	if cid.heard() > 3 || dan.heard() > 2 {
		t.Errorf("who waited heard %d and %d events", cid.heard(), dan.heard())
	}
	inLine(t, bob, "/pool/locks", 0)
	inLine(t, bob, "/pool/leases", 2)
	check(t, errors.Join(second.Release(ctx), third.Release(ctx)))
}

func pool(p *person) *recipe.Semaphore {
	return &recipe.Semaphore{Client: p.Client, Path: "/pool", Permits: 2}
}

func TestASemaphoreWithoutPermitsIsRefused(t *testing.T) {
	p := newWorld(t, tick).person(timeout)
	s := recipe.Semaphore{Client: p.Client, Path: "/pool"}
	if _, err := s.Acquire(soon(t)); !errors.Is(err, recipe.ErrConfig) {
		t.Fatal(err)
	}
}

func ExampleSemaphore() {
	err := withClient(func(ctx context.Context, c *client.Client) error {
		s := &recipe.Semaphore{Client: c, Path: "/workers", Permits: 2}
		one, err := s.Acquire(ctx)
		if err != nil {
			return err
		}
		two, err := s.Acquire(ctx)
		fmt.Println("two permits:", err == nil)
		return errors.Join(one.Release(ctx), two.Release(ctx))
	})
	fmt.Println(err)
	// Output:
	// two permits: true
	// <nil>
}
