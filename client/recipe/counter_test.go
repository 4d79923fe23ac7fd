package recipe_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"

	"zoo"
	"zoo/client"
	"zoo/client/recipe"
)

// The plot: six sessions add while answers are lost and the server is restarted. Every addition
// that was confirmed is there, and none twice.
func TestACounterCountsEachAdditionOnce(t *testing.T) {
	w, ctx := newWorld(t, tick), soon(t)
	var group sync.WaitGroup
	for range 6 {
		p := w.person(timeout)
		group.Go(func() {
			n := recipe.Counter{Client: p.Client, Path: "/app/count"}
			for i := range 10 {
				if i%3 == 0 {
					p.loseAnswers(1)
				}
				if _, err := n.Add(ctx, 1); err != nil {
					t.Error(err)
				}
				if i == 5 {
					p.sever()
					p.heal()
				}
			}
			if err := n.Close(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	w.restart()
	group.Wait()
	p := w.person(timeout)
	n := recipe.Counter{Client: p.Client, Path: "/app/count"}
	if value, err := n.Value(client.Linearizable(ctx)); err != nil || value != 60 {
		t.Fatal(value, err)
	}
	names, _, err := p.Children(ctx, "/app/count", nil)
	if err != nil || len(names) != 0 {
		t.Fatal(names, err)
	}
}

// The plot: a session ends with an answer outstanding. Its owner is told that it cannot know.
func TestAnAdditionWithoutAnAnswerIsUnknown(t *testing.T) {
	w, ctx := newWorld(t, tick), soon(t)
	p := w.person(timeout)
	n := recipe.Counter{Client: p.Client, Path: "/count"}
	_, err := n.Add(ctx, 1)
	check(t, err)
	p.mu.Lock()
	p.lose, p.cut = 1, true
	p.mu.Unlock()
	ended := make(chan error, 1)
	go func() {
		_, err := n.Add(ctx, 1)
		ended <- err
	}()
	for p.State().Connected() && ctx.Err() == nil {
		runtime.Gosched() // Until the answer was lost.
	}
	p.expire()
	p.heal()
	if err := <-ended; !errors.Is(err, recipe.ErrUnknown) || !errors.Is(err, recipe.ErrLost) {
		t.Fatal(err)
	}
	late := w.person(timeout)
	n = recipe.Counter{Client: late.Client, Path: "/count"}
	if value, err := n.Add(ctx, -2); err != nil || value != 0 {
		t.Fatal(value, err)
	}
}

func TestACounterIsSwappedOnlyFromItsOldValue(t *testing.T) {
	w, ctx := newWorld(t, tick), soon(t)
	p := w.person(timeout)
	n := recipe.Counter{Client: p.Client, Path: "/count"}
	if value, err := n.Value(ctx); err != nil || value != 0 {
		t.Fatal(value, err)
	}
	check(t, n.Set(ctx, 7))
	if value, err := n.Swap(ctx, 6, 8); !errors.Is(err, recipe.ErrHeld) || value != 7 {
		t.Fatal(value, err)
	}
	if value, err := n.Swap(ctx, 7, 8); err != nil || value != 8 {
		t.Fatal(value, err)
	}
	_, err := p.Set(ctx, "/count", []byte("many"), client.AnyVersion)
	check(t, err)
	if _, err := n.Add(ctx, 1); err == nil {
		t.Fatal("something that is no number was added to")
	}
}

// The plot: an operator clears the counter's children. The change that meets it fails,
// nothing is changed, and the next one works.
func TestACounterWithoutItsMarkSaysSo(t *testing.T) {
	w, ctx := newWorld(t, tick), soon(t)
	p := w.person(timeout)
	n := recipe.Counter{Client: p.Client, Path: "/count"}
	check(t, n.Set(ctx, 1))
	names, _, err := p.Children(ctx, "/count", nil)
	check(t, err)
	check(t, p.Delete(ctx, "/count/"+names[0], client.AnyVersion))
	_, err = n.Add(ctx, 1)
	if !errors.Is(err, recipe.ErrLost) || !errors.Is(err, zoo.CodeNoNode) {
		t.Fatal(err)
	}
	if value, err := n.Add(ctx, 1); err != nil || value != 2 {
		t.Fatal(value, err)
	}
}

func ExampleCounter() {
	err := withClient(func(ctx context.Context, c *client.Client) error {
		n := &recipe.Counter{Client: c, Path: "/visits"}
		value, err := n.Add(ctx, 3)
		fmt.Println(value)
		return errors.Join(err, n.Close(ctx))
	})
	fmt.Println(err)
	// Output:
	// 3
	// <nil>
}
