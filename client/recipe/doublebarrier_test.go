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

func doubleBarrier(p *person, count int) *recipe.DoubleBarrier {
	return &recipe.DoubleBarrier{Client: p.Client, Path: "/both", Count: count}
}

// The plot: five compute together, three times over at one barrier, while answers are lost
// and the server is restarted. Nobody is in before all have come, nor out before all have
// left.
func TestADoubleBarrierLetsAllInAndOutTogether(t *testing.T) {
	w, ctx := newWorld(t, tick), soon(t)
	const count = 5
	var all []*person
	for range count {
		all = append(all, w.person(timeout))
	}
	for round := range 3 {
		var came, left atomic.Int32
		var group sync.WaitGroup
		for i, p := range all {
			group.Go(func() {
				if i == round {
					p.loseAnswers(2)
				}
				came.Add(1)
				visit, err := doubleBarrier(p, count).Enter(ctx)
				if err != nil || came.Load() != count {
					t.Errorf("%d of %d have come: %v", came.Load(), count, err)
					return
				}
				left.Add(1)
				if err := visit.Leave(ctx); err != nil || left.Load() != count {
					t.Errorf("%d of %d have left: %v", left.Load(), count, err)
				}
			})
		}
		if round == 1 {
			w.restart()
		}
		group.Wait()
	}
	names, _, err := all[0].Children(client.Linearizable(ctx), "/both", nil)
	if err != nil || len(names) > 0 {
		t.Fatal(names, err)
	}
}

// The plot: three are inside when one's session ends, the first of the line. It hears of
// it, and the others do not wait for it.
func TestALostVisitorCountsAsGone(t *testing.T) {
	w, ctx := newWorld(t, tick), soon(t)
	var all []*person
	visits := make([]*recipe.Visit, 3)
	_, err := w.person(timeout).Create(ctx, "/both", nil, client.CreateOptions{})
	check(t, err)
	var group sync.WaitGroup
	for i := range visits {
		p := w.person(timeout)
		all = append(all, p)
		group.Go(func() {
			var err error
			if visits[i], err = doubleBarrier(p, 3).Enter(ctx); err != nil {
				t.Error(err)
			}
		})
		if i < 2 {
			inLine(t, all[0], "/both", i+1)
		}
	}
	group.Wait()
	all[0].expire()
	<-visits[0].Context().Done()
	if err := visits[0].Leave(ctx); !errors.Is(err, recipe.ErrLost) {
		t.Fatal(err)
	}
	for _, v := range visits[1:] {
		group.Go(func() {
			if err := v.Leave(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
}

// The plot: one of two comes, and gives up; the other one's session ends while it waits.
func TestWhoDoesNotGetInIsNotCounted(t *testing.T) {
	w, ctx := newWorld(t, tick), soon(t)
	ann, bob := w.person(timeout), w.person(timeout)
	impatient, leave := context.WithCancel(ctx)
	ended := make(chan error, 1)
	_, err := ann.Create(ctx, "/both", nil, client.CreateOptions{})
	check(t, err)
	go func() {
		_, err := doubleBarrier(ann, 2).Enter(impatient)
		ended <- err
	}()
	inLine(t, bob, "/both", 1)
	leave()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	inLine(t, bob, "/both", 0)
	go func() {
		_, err := doubleBarrier(bob, 2).Enter(ctx)
		ended <- err
	}()
	inLine(t, ann, "/both", 1)
	bob.expire()
	if err := <-ended; !errors.Is(err, recipe.ErrLost) {
		t.Fatal(err)
	}
	if _, err := doubleBarrier(ann, 0).Enter(ctx); !errors.Is(err, recipe.ErrConfig) {
		t.Fatal(err)
	}
}

func ExampleDoubleBarrier() {
	err := withClient(func(ctx context.Context, c *client.Client) error {
		b := &recipe.DoubleBarrier{Client: c, Path: "/computation", Count: 1}
		visit, err := b.Enter(ctx)
		if err != nil {
			return err
		}
		fmt.Println("computing")
		return visit.Leave(ctx)
	})
	fmt.Println(err)
	// Output:
	// computing
	// <nil>
}
