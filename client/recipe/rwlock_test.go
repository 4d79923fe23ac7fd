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

// The plot: readers and writers come and go, sessions end. A writer is alone, and readers are
// together: two of them meet inside, each waiting for the other.
func TestWritersAreAloneAndReadersAreNot(t *testing.T) {
	w, ctx := newWorld(t, tick), soon(t)
	var readers, writers atomic.Int32
	var group sync.WaitGroup
	for i := range 6 {
		p := w.person(timeout)
		lock := recipe.RWLock{Client: p.Client, Path: "/rw"}
		group.Go(func() {
			for range 5 {
				if i%3 == 0 {
					inside(ctx, t, lock.AcquireWrite, func() {
						if writers.Add(1) != 1 || readers.Load() != 0 {
							t.Error("a writer is not alone")
						}
						writers.Add(-1)
					})
					continue
				}
				inside(ctx, t, lock.AcquireRead, func() {
					readers.Add(1)
					if writers.Load() != 0 {
						t.Error("a reader met a writer")
					}
					readers.Add(-1)
				})
			}
		})
	}
	group.Wait()
	var meeting sync.WaitGroup
	meeting.Add(2)
	for range 2 {
		lock := recipe.RWLock{Client: w.person(timeout).Client, Path: "/rw"}
		group.Go(func() {
			inside(ctx, t, lock.AcquireRead, func() { meeting.Done(); meeting.Wait() })
		})
	}
	group.Wait()
}

func inside(ctx context.Context, t *testing.T,
	acquire func(context.Context) (*recipe.Lease, error), f func()) {
	lease, err := acquire(ctx)
	if err != nil {
		t.Error(err)
		return
	}
	f()
	if err := lease.Release(ctx); err != nil {
		t.Error(err)
	}
}

// The plot: a reader is inside, a writer waits. A second reader does not overtake the writer;
// when the writer's session ends it goes in beside the first.
func TestAReaderWaitsForTheWriterBeforeIt(t *testing.T) {
	w, ctx := newWorld(t, tick), soon(t)
	ann, bob, cid := w.person(timeout), w.person(timeout), w.person(timeout)
	lock := func(p *person) *recipe.RWLock {
		return &recipe.RWLock{Client: p.Client, Path: "/rw"}
	}
	first, err := lock(ann).AcquireRead(ctx)
	check(t, err)
	if _, err := lock(bob).TryAcquireWrite(ctx); !errors.Is(err, recipe.ErrHeld) {
		t.Fatal(err)
	}
	writer := make(chan error, 1)
	go func() {
		_, err := lock(bob).AcquireWrite(ctx)
		writer <- err
	}()
	inLine(t, ann, "/rw", 2)
	check(t, cid.Sync(ctx, "/"))
	if _, err := lock(cid).TryAcquireRead(ctx); !errors.Is(err, recipe.ErrHeld) {
		t.Fatal(err)
	}
	bob.expire()
	if err := <-writer; !errors.Is(err, recipe.ErrLost) {
		t.Fatal(err)
	}
	second, err := lock(cid).AcquireRead(ctx)
	check(t, err)
	check(t, errors.Join(first.Release(ctx), second.Release(ctx)))
	third, err := lock(ann).TryAcquireWrite(ctx)
	check(t, err)
	check(t, third.Release(ctx))
}

func ExampleRWLock() {
	err := withClient(func(ctx context.Context, c *client.Client) error {
		lock := &recipe.RWLock{Client: c, Path: "/locks/catalog"}
		one, err := lock.AcquireRead(ctx)
		if err != nil {
			return err
		}
		two, err := lock.AcquireRead(ctx) // Readers do not exclude each other.
		if err != nil {
			return err
		}
		_, err = lock.TryAcquireWrite(ctx)
		fmt.Println("write:", errors.Is(err, recipe.ErrHeld))
		return errors.Join(one.Release(ctx), two.Release(ctx))
	})
	fmt.Println(err)
	// Output:
	// write: true
	// <nil>
}
