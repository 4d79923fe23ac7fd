package recipe_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"

	"zoo/client"
	"zoo/client/recipe"
)

// The plot: three put and three take, while answers are lost and the server is restarted.
// Each item is done once, and those of one putter in their order.
func TestAQueueLosesNothingAndRepeatsNothing(t *testing.T) {
	w, ctx := newWorld(t, tick), soon(t)
	done := make(chan string, 3*each)
	var group sync.WaitGroup
	for i := range 3 {
		p, c := w.person(timeout), w.person(timeout)
		group.Go(func() { put(ctx, t, p, i) })
		group.Go(func() { take(ctx, t, c, i, done) })
	}
	w.restart()
	group.Wait()
	close(done)
	seen := map[string]bool{}
	for data := range done {
		if seen[data] {
			t.Errorf("%s came twice", data)
		}
		seen[data] = true
	}
	if len(seen) != 3*each {
		t.Fatalf("%d of %d items came", len(seen), 3*each)
	}
}

// each is how many items one puts, and one takes.
const each = 8

func put(ctx context.Context, t *testing.T, p *person, i int) {
	q := recipe.Queue{Client: p.Client, Path: "/q"}
	for n := range each {
		if n%3 == i {
			p.loseAnswers(1)
		}
		if err := q.Put(ctx, fmt.Appendf(nil, "%d.%d", i, n)); err != nil {
			t.Error(err)
		}
	}
	if err := q.Close(ctx); err != nil {
		t.Error(err)
	}
}

func take(ctx context.Context, t *testing.T, p *person, i int, done chan<- string) {
	q := recipe.Queue{Client: p.Client, Path: "/q"}
	for n := range each {
		if n%3 == i {
			p.loseAnswers(1)
		}
		item, err := q.Take(ctx)
		if err != nil {
			t.Error(err)
			return
		}
		done <- string(item.Data)
		if err := item.Done(ctx); err != nil {
			t.Error(err)
		}
	}
}

// The plot: three items. The taker of the first gives it back, and gets it again; its
// session ends, and another one gets it. The fence of the first taker holds by then.
func TestAnItemOfALostSessionIsTakenByAnother(t *testing.T) {
	w, ctx := newWorld(t, tick), soon(t)
	ann, bob := w.person(timeout), w.person(timeout)
	a := &recipe.Queue{Client: ann.Client, Path: "/q"}
	b := &recipe.Queue{Client: bob.Client, Path: "/q"}
	for n := range 3 {
		check(t, a.Put(ctx, []byte(strconv.Itoa(n))))
	}
	check(t, taken(t, a, "0").Release(ctx))
	lost := taken(t, a, "0")
	second := taken(t, b, "1")
	ann.expire()
	<-lost.Context().Done()
	check(t, bob.Sync(ctx, "/"))
	check(t, taken(t, b, "0").Done(ctx))
	if err := lost.Done(ctx); !errors.Is(err, recipe.ErrLost) {
		t.Fatal(err)
	}
	if _, err := bob.Multi(ctx, lost.Fence()); err == nil {
		t.Fatal("the fence is open")
	}
	check(t, second.Done(ctx))
	check(t, taken(t, b, "2").Done(ctx))
}

func taken(t *testing.T, q *recipe.Queue, want string) *recipe.Item {
	t.Helper()
	item, err := q.Take(soon(t))
	if err != nil || string(item.Data) != want {
		t.Fatal(item, err)
	}
	return item
}

// The plot: a taker waits at an empty queue, and gives up. It is no longer in the way of others.
func TestWhoTakesFromAnEmptyQueueMayGiveUp(t *testing.T) {
	w, ctx := newWorld(t, tick), soon(t)
	p := w.person(timeout)
	q := &recipe.Queue{Client: p.Client, Path: "/q"}
	check(t, q.Put(ctx, []byte("a")))
	check(t, taken(t, q, "a").Done(ctx))
	impatient, leave := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() {
		_, err := q.Take(impatient)
		ended <- err
	}()
	inLine(t, p, "/q/locks", 1)
	leave()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	check(t, q.Put(ctx, []byte("b")))
	check(t, taken(t, q, "b").Done(ctx))
}

func ExampleQueue() {
	err := withClient(func(ctx context.Context, c *client.Client) error {
		q := &recipe.Queue{Client: c, Path: "/jobs"}
		if err := q.Put(ctx, []byte("paint the fence")); err != nil {
			return err
		}
		item, err := q.Take(ctx)
		if err != nil {
			return err
		}
		fmt.Printf("%s\n", item.Data)
		return errors.Join(item.Done(ctx), q.Close(ctx))
	})
	fmt.Println(err)
	// Output:
	// paint the fence
	// <nil>
}
