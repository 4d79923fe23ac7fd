package recipe_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"zoo"
	"zoo/client"
	"zoo/client/recipe"
)

// ledger is something outside of ZooKeeper that a lock protects. It refuses who comes with an
// older token than it has seen.
type ledger struct {
	mu      sync.Mutex
	highest zoo.Zxid
	value   int
	written int
}

// add adds one in two steps, as a program does that reads, thinks and writes. If two
// were let in at once one of the additions would be lost.
func (l *ledger) add(token zoo.Zxid) (ok bool) {
	value, ok := l.read(token)
	if !ok {
		return false
	}
	runtime.Gosched()
	l.mu.Lock()
	defer l.mu.Unlock()
	if token < l.highest {
		return false
	}
	l.value = value + 1
	l.written++
	return true
}

func (l *ledger) read(token zoo.Zxid) (int, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if token < l.highest {
		return 0, false
	}
	l.highest = token
	return l.value, true
}

// The plot: ten sessions, two of which share a client's connection each, take the lock in
// turns. Every token is greater than those before, and no addition is lost.
func TestALockLetsInOneAfterTheOther(t *testing.T) {
	w, ctx := newWorld(t, tick), soon(t)
	var l ledger
	var group sync.WaitGroup
	for range 5 {
		p := w.person(timeout)
		for range 2 {
			lock := &recipe.Lock{Client: p.Client, Path: "/locks/a"}
			group.Go(func() {
				for range 5 {
					lease, err := lock.Acquire(ctx)
					if err != nil {
						t.Error(err)
						return
					}
					if !l.add(lease.Token()) {
						t.Errorf("the token %v is older than the last", lease.Token())
					}
					if err := lease.Release(ctx); err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
	group.Wait()
	if l.value != 50 {
		t.Fatalf("%d of 50 additions are left", l.value)
	}
}

// The plot: contenders work under a lock while their sessions are ended at random moments and
// the server is restarted. Who has lost its lease comes again as a new session. What the ledger
// took is all there.
func TestALockOutlivesSessionsAndServers(t *testing.T) {
	w, ctx := newWorld(t, tick), soon(t)
	var l ledger
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() { contend(ctx, w, &l) })
	}
	for _, target := range []int{5, 10, 15} {
		for l.count() < target && ctx.Err() == nil {
			runtime.Gosched()
		}
		w.restart()
	}
	group.Wait()
	if l.value != l.written || l.written < 40 {
		t.Fatalf("%d of %d additions are left", l.value, l.written)
	}
}

func (l *ledger) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.written
}

// contend adds ten times. Every third session ends while it has the lock, and adds
// nevertheless if the ledger lets it.
func contend(ctx context.Context, w *world, l *ledger) {
	p := w.person(timeout)
	for i := 0; i < 10; {
		lock := &recipe.Lock{Client: p.Client, Path: "/lock"}
		lease, err := lock.Acquire(ctx)
		if err != nil {
			w.t.Error(err)
			return
		}
		ending := i%3 == 2
		if ending {
			p.expire()
		}
		if l.add(lease.Token()) {
			i++
		}
		if err := lease.Release(ctx); err != nil && !ending {
			w.t.Error(err)
		}
		if ending {
			p = w.person(timeout)
		}
	}
}

// The plot: the holder's session ends behind its back. Its context ends, its fence holds, its
// token is less than the next one's, and to release what is lost is an error.
func TestALostSessionEndsItsLease(t *testing.T) {
	w, ctx := newWorld(t, tick), soon(t)
	p, other := w.person(timeout), w.person(timeout)
	lease, err := (&recipe.Lock{Client: p.Client, Path: "/lock"}).Acquire(ctx)
	check(t, err)
	if _, err := p.Multi(ctx, lease.Fence(), client.CreateOp("/mine", nil,
		client.CreateOptions{})); err != nil {
		t.Fatal(err)
	}
	p.expire()
	<-lease.Context().Done()
	if cause := context.Cause(lease.Context()); !errors.Is(cause, recipe.ErrLost) {
		t.Fatal(cause)
	}
	_, err = other.Multi(ctx, lease.Fence(), client.DeleteOp("/mine", 0))
	if !errors.Is(err, zoo.CodeNoNode) {
		t.Fatal(err)
	}
	if err := lease.Release(ctx); !errors.Is(err, recipe.ErrLost) {
		t.Fatal(err)
	}
	next, err := (&recipe.Lock{Client: other.Client, Path: "/lock"}).Acquire(ctx)
	if err != nil || next.Token() <= lease.Token() {
		t.Fatal(next, err)
	}
	check(t, next.Release(ctx))
	if cause := context.Cause(next.Context()); !errors.Is(cause, recipe.ErrReleased) {
		t.Fatal(cause)
	}
}

// The plot: the holder's connection is cut, and no server answers it. It gives up by
// itself, while the server may still keep its session. When it is connected again its znode
// goes.
func TestAHolderWithoutAServerGivesUp(t *testing.T) {
	w, ctx := newWorld(t, time.Second), soon(t)
	p, other := w.person(3*time.Second), w.person(timeout)
	lease, err := (&recipe.Lock{Client: p.Client, Path: "/lock"}).Acquire(ctx)
	check(t, err)
	p.sever()
	<-lease.Context().Done()
	if cause := context.Cause(lease.Context()); !errors.Is(cause, recipe.ErrLost) {
		t.Fatal(cause)
	}
	p.heal()
	next, err := (&recipe.Lock{Client: other.Client, Path: "/lock"}).Acquire(ctx)
	check(t, err)
	check(t, next.Release(ctx))
}

// The plot: somebody deletes the holder's znode.
func TestADeletedZnodeEndsItsLease(t *testing.T) {
	w, ctx := newWorld(t, tick), soon(t)
	p, operator := w.person(timeout), w.person(timeout)
	lease, err := (&recipe.Lock{Client: p.Client, Path: "/lock"}).Acquire(ctx)
	check(t, err)
	check(t, operator.Delete(ctx, lease.Path(), client.AnyVersion))
	<-lease.Context().Done()
	if cause := context.Cause(lease.Context()); !errors.Is(cause, recipe.ErrLost) {
		t.Fatal(cause)
	}
}

// The plot: the answers to the create and to the delete are lost. There is one znode, and then
// none, and nobody waited for a ghost.
func TestALostAnswerLeavesNoSecondZnode(t *testing.T) {
	w, ctx := newWorld(t, tick), soon(t)
	p, other := w.person(timeout), w.person(timeout)
	lock := &recipe.Lock{Client: p.Client, Path: "/lock"}
	_, err := p.Create(ctx, "/lock", nil, client.CreateOptions{})
	check(t, err)
	p.loseAnswers(1)
	lease, err := lock.Acquire(ctx)
	check(t, err)
	check(t, other.Sync(ctx, "/"))
	names, _, err := other.Children(ctx, "/lock", nil)
	if err != nil || len(names) != 1 || "/lock/"+names[0] != lease.Path() {
		t.Fatal(names, err)
	}
	stat, err := other.Exists(ctx, lease.Path(), nil)
	if err != nil || stat.Czxid != lease.Token() {
		t.Fatal(stat, err)
	}
	p.loseAnswers(1)
	check(t, lease.Release(ctx))
	next, err := (&recipe.Lock{Client: other.Client, Path: "/lock"}).TryAcquire(ctx)
	check(t, err)
	check(t, next.Release(ctx))
}

// The plot: a waiter gives up while the holder works. It leaves the line, and takes its watch
// along.
func TestWhoGivesUpLeavesTheLine(t *testing.T) {
	w, ctx := newWorld(t, tick), soon(t)
	p, waiter := w.person(timeout), w.person(timeout)
	lease, err := (&recipe.Lock{Client: p.Client, Path: "/lock"}).Acquire(ctx)
	check(t, err)
	impatient, leave := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() {
		_, err := (&recipe.Lock{Client: waiter.Client, Path: "/lock"}).Acquire(impatient)
		ended <- err
	}()
	inLine(t, p, "/lock", 2)
	leave()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	inLine(t, p, "/lock", 1)
	_, err = (&recipe.Lock{Client: waiter.Client, Path: "/lock"}).TryAcquire(ctx)
	if !errors.Is(err, recipe.ErrHeld) {
		t.Fatal(err)
	}
	inLine(t, p, "/lock", 1)
	for unwatching() && ctx.Err() == nil {
		runtime.Gosched() // In the background.
	}
	check(t, lease.Release(ctx))
	check(t, waiter.Sync(ctx, "/"))
	if heard := waiter.heard(); heard > 0 {
		t.Fatalf("who has given up heard %d events", heard)
	}
}

// unwatching tells whether somebody takes its watches away just now.
func unwatching() bool {
	return slices.ContainsFunc(leftovers(), func(stack string) bool {
		return strings.Contains(stack, "recipe.place.unwatch")
	})
}

// inLine waits until a znode has as many children.
func inLine(t *testing.T, p *person, path string, count int) {
	t.Helper()
	ctx := soon(t)
	for {
		w, came := client.OneEvent()
		names, _, err := p.Children(ctx, path, w)
		check(t, err)
		if len(names) == count {
			return
		}
		select {
		case <-came:
		case <-ctx.Done():
			t.Fatalf("%s has %d children, want %d: %q", path, len(names), count, names)
		}
	}
}

// The plot: five wait in a line. Each hears of two znodes in all, the one before it and its
// own, although five others come and go; and they come in their order.
func TestOnlyTheNextInLineIsWoken(t *testing.T) {
	w, ctx := newWorld(t, tick), soon(t)
	holder := w.person(timeout)
	lease, err := (&recipe.Lock{Client: holder.Client, Path: "/lock"}).Acquire(ctx)
	check(t, err)
	var group sync.WaitGroup
	var order []zoo.Zxid
	var waiting []*person
	for i := range 5 {
		p := w.person(timeout)
		waiting = append(waiting, p)
		group.Go(func() {
			lease, err := (&recipe.Lock{Client: p.Client, Path: "/lock"}).Acquire(ctx)
			if err != nil {
				t.Error(err)
				return
			}
			order = append(order, lease.Token()) // Under the lock.
			if err := lease.Release(ctx); err != nil {
				t.Error(err)
			}
		})
		inLine(t, holder, "/lock", i+2)
	}
	check(t, lease.Release(ctx))
	group.Wait()
	for i := 1; i < len(order); i++ {
		if order[i] <= order[i-1] {
			t.Fatalf("they came in the order %v", order)
		}
	}
	for i, p := range waiting {
		if heard := p.heard(); heard > 2 {
			t.Errorf("waiter %d heard %d events", i, heard)
		}
	}
}

func TestErrorsTellRecipeAndPath(t *testing.T) {
	w := newWorld(t, tick)
	p := w.person(timeout)
	_, err := (&recipe.Lock{Client: p.Client, Path: "relative"}).Acquire(soon(t))
	var failure *recipe.Error
	if !errors.As(err, &failure) || failure.Path != "relative" ||
		!errors.Is(err, zoo.CodeBadArguments) || !strings.HasPrefix(err.Error(), "lock ") {
		t.Fatal(err)
	}
	check(t, p.Close(soon(t)))
	_, err = (&recipe.Lock{Client: p.Client, Path: "/lock"}).Acquire(soon(t))
	if !errors.Is(err, recipe.ErrLost) || !errors.Is(err, client.ErrClosed) {
		t.Fatal(err)
	}
}

func ExampleLock() {
	err := withClient(func(ctx context.Context, c *client.Client) error {
		lock := &recipe.Lock{Client: c, Path: "/locks/report"}
		lease, err := lock.Acquire(ctx)
		if err != nil {
			return err
		}
		// Whatever takes long goes under the lease's own context.
		_, err = c.Multi(lease.Context(), lease.Fence(),
			client.CreateOp("/report", []byte("done"), client.CreateOptions{}))
		fmt.Println("written:", err)
		fmt.Println("token is positive:", lease.Token() > 0)
		return lease.Release(ctx)
	})
	fmt.Println(err)
	// Output:
	// written: <nil>
	// token is positive: true
	// <nil>
}
