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

// The plot: five wait at a closed barrier, through a restart of the server and the end of
// the session that closed it. It opens once, with the answer lost, and all go through.
func TestABarrierHoldsAllUntilItIsOpened(t *testing.T) {
	w, ctx := newWorld(t, tick), soon(t)
	ann, bob := w.person(timeout), w.person(timeout)
	barrier := func(p *person) *recipe.Barrier {
		return &recipe.Barrier{Client: p.Client, Path: "/app/barrier"}
	}
	check(t, barrier(ann).Wait(ctx)) // It is open.
	ann.loseAnswers(1)
	check(t, barrier(ann).Close(ctx))
	check(t, barrier(ann).Close(ctx))
	var opened atomic.Bool
	var group sync.WaitGroup
	for range 5 {
		p := w.person(timeout)
		group.Go(func() {
			if err := barrier(p).Wait(ctx); err != nil || !opened.Load() {
				t.Error("went through", err)
			}
		})
	}
	ann.expire()
	w.restart()
	impatient, leave := context.WithCancel(ctx)
	leave()
	if err := barrier(bob).Wait(impatient); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	opened.Store(true)
	bob.loseAnswers(1)
	check(t, barrier(bob).Open(ctx))
	check(t, barrier(bob).Open(ctx))
	group.Wait()
}

func ExampleBarrier() {
	err := withClient(func(ctx context.Context, c *client.Client) error {
		b := &recipe.Barrier{Client: c, Path: "/maintenance"}
		if err := b.Close(ctx); err != nil {
			return err
		}
		waited := make(chan error)
		go func() { waited <- b.Wait(ctx) }()
		return errors.Join(b.Open(ctx), <-waited)
	})
	fmt.Println(err)
	// Output:
	// <nil>
}
