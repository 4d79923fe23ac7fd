package client_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"zoo"
	"zoo/client"
	"zoo/internal/wire"
)

// begun is a call whose answer the test gives.
type begun chan error

func start(call func() error) begun {
	b := make(begun, 1)
	go func() { b <- call() }()
	return b
}

// ofAny takes the watches of w away, whatever they are.
func ofAny(w client.Watcher) client.Removal {
	return client.Removal{Type: zoo.WatcherAny, Watcher: w}
}

// watchA lets w watch /a.
func watchA(t *testing.T, c *client.Client, w client.Watcher) begun {
	return start(func() error { return c.AddWatch(t.Context(), "/a", zoo.WatchPersistent, w) })
}

// watched is a watcher of /a that the server has a watch for.
func (p *peer) watched(c *client.Client) client.Watcher {
	p.t.Helper()
	w, _ := journal()
	armed := watchA(p.t, c, w)
	p.arm()
	check(p.t, <-armed)
	return w
}

// remove takes the watches of w on /a away.
func remove(t *testing.T, c *client.Client, w client.Watcher) begun {
	return start(func() error { return c.RemoveWatches(t.Context(), "/a", ofAny(w)) })
}

// crossings are what may be on its way to the server while a watcher of its path is taken
// away, and what the first watcher has there.
var crossings = map[string]struct {
	op     wire.Op
	second begin
}{
	"addWatch": {wire.OpAddWatch,
		func(ctx context.Context, c *client.Client, w client.Watcher) error {
			return c.AddWatch(ctx, "/a", zoo.WatchPersistent, w)
		}},
	"exists": {wire.OpExists,
		func(ctx context.Context, c *client.Client, w client.Watcher) error {
			_, err := c.Exists(ctx, "/a", w)
			return err
		}},
}

// begin is a way to begin to watch /a.
type begin func(context.Context, *client.Client, client.Watcher) error

// The plot: one watcher of a path is taken away while the watch of another one is on its way
// to the server, or while a read with a watch is. The moral: the server keeps its watch for
// the other, who hears of the next change.
func TestAWatchThatCrossesARemovalIsArmed(t *testing.T) {
	for name, row := range crossings {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t)
				c := f.begin(f.options())
				p := f.accept(granted())
				first, lines := journal()
				armed := start(func() error { return row.second(t.Context(), c, first) })
				p.reply(p.hear(row.op, nil), 1, &wire.ExistsResponse{})
				check(t, <-armed)

				second, heard := journal()
				added := start(func() error { return row.second(t.Context(), c, second) })
				onItsWay := p.hear(row.op, nil)
				removed := remove(t, c, first)
				asked := p.hear(wire.OpCheckWatches, nil)
				p.reply(onItsWay, 2, &wire.ExistsResponse{})
				p.reply(asked, 2, nil)
				check(t, <-added)
				check(t, <-removed)
				p.event(zoo.EventNodeDataChanged, "/a")
				synctest.Wait()
				const change = "NodeDataChanged SyncConnected /a"
				if !slices.Equal(*heard, []string{change}) || slices.Contains(*lines, change) {
					t.Errorf("the second heard %q, the first %q", *heard, *lines)
				}
				p.leave(c)
			})
		})
	}
}

// The plot: the server refuses the watch for which it was to keep its own. The moral: it is
// told to forget a watch of which nobody hears.
func TestAWatchThatWasKeptForWhoWasRefusedIsTakenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		c := f.begin(f.options())
		p := f.accept(granted())
		first := p.watched(c)
		refused := watchA(t, c, client.NewWatcher(func(client.Event) {}))
		onItsWay := p.hear(wire.OpAddWatch, nil)
		removed := remove(t, c, first)
		asked := p.hear(wire.OpCheckWatches, nil)
		p.answer(wire.ReplyHeader{Xid: onItsWay.Xid, Err: zoo.CodeNoAuth}, nil)
		p.reply(asked, 2, nil)
		p.reply(p.hear(wire.OpRemoveWatches, nil), 3, nil)
		check(t, <-removed)
		if err := <-refused; !errors.Is(err, zoo.ErrNoAuth) {
			t.Error(err)
		}
		p.leave(c)
	})
}

// The plot: two watchers of one path are taken away at the same time, each while the other
// one is there. The moral: the server is told to forget its watch when the second one goes.
func TestTwoThatGoTogetherLeaveNoWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		c := f.begin(f.options())
		p := f.accept(granted())
		both := []client.Watcher{p.watched(c), p.watched(c)}
		var gone []begun
		var questions []wire.RequestHeader
		for _, w := range both {
			gone = append(gone, remove(t, c, w))
			questions = append(questions, p.hear(wire.OpCheckWatches, nil))
		}
		p.reply(questions[0], 4, nil)
		p.reply(questions[1], 4, nil)
		var removal wire.RemoveWatchesRequest
		p.reply(p.hear(wire.OpRemoveWatches, &removal), 5, nil)
		check(t, <-gone[0])
		check(t, <-gone[1])
		if removal.Path != "/a" || removal.Type != zoo.WatcherAny {
			t.Error(removal)
		}
		p.leave(c)
	})
}

// The plot: many goroutines add a watcher to one path, write, hear of it, and take the watcher
// back, all the time. The moral: whoever's watch the server has confirmed hears of its write,
// and in the end the server has no watch.
func TestWatchersOfOnePathDoNotDisturbEachOther(t *testing.T) {
	address, ctx := serve(t), t.Context()
	c := dial(t, client.Options{Servers: []string{address}})
	_, err := c.Create(ctx, "/s", nil, client.CreateOptions{})
	check(t, err)
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			for range 20 {
				if err := hearAndLeave(ctx, c); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	nobodyWatches(t, c, address)
}

// hearAndLeave adds a watcher, writes, waits until the watcher has heard, and takes it back.
func hearAndLeave(ctx context.Context, c *client.Client) error {
	changed := make(chan struct{})
	var once sync.Once
	w := client.NewWatcher(func(e client.Event) {
		if e.Type == zoo.EventNodeDataChanged {
			once.Do(func() { close(changed) })
		}
	})
	if err := c.AddWatch(ctx, "/s", zoo.WatchPersistent, w); err != nil {
		return err
	}
	if _, err := c.Set(ctx, "/s", nil, client.AnyVersion); err != nil {
		return err
	}
	<-changed
	return c.RemoveWatches(ctx, "/s", ofAny(w))
}
