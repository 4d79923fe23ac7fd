package client_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"

	"zoo"
	"zoo/client"
	"zoo/internal/wire"
)

// loop is a loop over a Watch, in a goroutine of its own.
type loop struct {
	heard []string
	err   error
	// leave makes the loop end with the next event.
	leave bool
	done  chan struct{}
}

func watchLoop(ctx context.Context, c *client.Client, path string) *loop {
	l := &loop{done: make(chan struct{})}
	go func() {
		defer close(l.done)
		for e, err := range c.Watch(ctx, path, zoo.WatchPersistent) {
			if err != nil {
				l.err = err
				continue
			}
			line := fmt.Sprint(e.Type, " ", e.Path)
			if e.Type == zoo.EventNone {
				line = fmt.Sprint(e.State, " ", e.Rearmed())
			}
			l.heard = append(l.heard, line)
			if l.leave {
				return
			}
		}
	}()
	return l
}

// arm answers addWatch.
func (p *peer) arm() {
	p.t.Helper()
	p.reply(p.hear(wire.OpAddWatch, &wire.AddWatchRequest{}), 1, nil)
	synctest.Wait()
}

// The plot: a loop hears of a change, of a lost connection and of the watch that the next
// server has, and is left. The moral: the server is told to forget the watch.
func TestAWatchIsALoopThatOutlivesConnections(t *testing.T) {
	for _, keep := range []client.WatchReset{client.RearmWatches, client.ForgetWatches} {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			opts := f.options()
			opts.Chroot, opts.KeepWatches = "/app", keep
			c := f.begin(opts)
			p := f.accept(granted())
			l := watchLoop(t.Context(), c, "/a")
			p.arm()
			p.event(zoo.EventNodeDataChanged, "/app/a")
			synctest.Wait()
			p.nc.Close()

			p = f.accept(granted())
			var again wire.SetWatches2
			p.hear(wire.OpSetWatches2, &again)
			if !slices.Equal(again.PersistentWatches, []string{"/app/a"}) {
				t.Fatalf("armed again: %v", again.PersistentWatches)
			}
			l.leave = true
			p.event(zoo.EventNodeDeleted, "/app/a")
			var removal wire.RemoveWatchesRequest
			p.reply(p.hear(wire.OpRemoveWatches, &removal), 3, nil)
			<-l.done
			if removal.Path != "/app/a" || removal.Type != zoo.WatcherAny || l.err != nil {
				t.Fatal(removal, l.err)
			}
			want := []string{"SyncConnected true", "NodeDataChanged /a", "Disconnected false",
				"SyncConnected true", "NodeDeleted /a"}
			if !slices.Equal(l.heard, want) {
				t.Fatalf("heard %q", l.heard)
			}
			p.leave(c)
		})
	}
}

// The plot: two loops over one path and a one-time watch. The moral: the server forgets a
// persistent watch when the last loop is left, and nothing else.
func TestOnlyTheLastLoopEndsTheServersWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		c := f.begin(f.options())
		p := f.accept(granted())
		one, leaveOne := context.WithCancel(t.Context())
		two, leaveTwo := context.WithCancel(t.Context())
		first := watchLoop(one, c, "/a")
		p.arm()
		second := watchLoop(two, c, "/a")
		p.arm()
		w, _ := client.OneEvent()
		go func() { _, _, _ = c.Get(t.Context(), "/a", w) }()
		p.reply(p.hear(wire.OpGetData, nil), 1, &wire.GetDataResponse{})
		leaveOne()
		<-first.done
		leaveTwo()
		<-second.done
		if !errors.Is(first.err, context.Canceled) ||
			!errors.Is(first.err, zoo.ErrOperationTimeout) {
			t.Fatal(first.err)
		}
		var removal wire.RemoveWatchesRequest
		p.reply(p.hear(wire.OpRemoveWatches, &removal), 3, nil)
		if removal.Type != zoo.WatcherPersistent {
			t.Fatal(removal)
		}
		p.leave(c)
	})
}

// The plot: a loop is left before the server has answered, and another one while the
// first one's answer is on its way. The moral: no watch is left behind, and none that is
// needed is taken away.
func TestALoopThatIsLeftEarlyLeavesNoWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		c := f.begin(f.options())
		p := f.accept(granted())
		ctx, leave := context.WithCancel(t.Context())
		first := watchLoop(ctx, c, "/a")
		h1 := p.hear(wire.OpAddWatch, nil)
		second := watchLoop(t.Context(), c, "/a")
		h2 := p.hear(wire.OpAddWatch, nil)
		leave()
		<-first.done
		p.reply(h1, 1, nil)
		p.reply(h2, 2, nil)
		synctest.Wait()
		second.leave = true
		p.event(zoo.EventNodeCreated, "/a")
		<-second.done
		p.reply(p.hear(wire.OpRemoveWatches, nil), 3, nil)

		ctx, leave = context.WithCancel(t.Context())
		third := watchLoop(ctx, c, "/b")
		h := p.hear(wire.OpAddWatch, nil)
		leave()
		<-third.done
		p.reply(h, 4, nil)
		p.reply(p.hear(wire.OpRemoveWatches, nil), 5, nil)
		p.leave(c)
	})
}

// The plot: a loop does not come round while more happens than is kept for it. It is told
// that it has missed something, and hears what comes then. Another watcher has heard all.
func TestASlowLoopIsToldThatItMissedEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		c := f.begin(f.options())
		p := f.accept(granted())
		heard := 0
		p.watchAll(c, client.NewWatcher(func(client.Event) { heard++ }))
		gate, done := make(chan struct{}), make(chan struct{})
		var lines []string
		go func() {
			defer close(done)
			for e := range c.Watch(t.Context(), "/a", zoo.WatchPersistent) {
				lines = append(lines, fmt.Sprint(e.Type, e.Rearmed()))
				<-gate
				if e.Type == zoo.EventNodeDeleted {
					return
				}
			}
		}()
		p.arm()
		for range burst {
			p.event(zoo.EventNodeDataChanged, "/a")
		}
		p.event(zoo.EventNodeDeleted, "/a")
		synctest.Wait()
		if heard != burst+1 {
			t.Fatalf("the other watcher heard %d", heard)
		}
		close(gate)
		p.hear(wire.OpRemoveWatches, nil)
		<-done
		if len(lines) < 3 || len(lines) > burst/2 || lines[1] != "None true" {
			t.Fatalf("%d lines, %q", len(lines), lines[:2])
		}
		p.nc.Close()
		p = f.accept(granted())
		p.hear(wire.OpSetWatches2, nil)
		p.leave(c)
	})
}

// ends are the ways in which a watch ends by itself, and what it tells.
var ends = map[string]struct {
	end  func(*peer, *client.Client, *fake)
	want error
}{
	"the server refuses": {func(p *peer, _ *client.Client, _ *fake) {
		h := p.hear(wire.OpAddWatch, nil)
		p.answer(wire.ReplyHeader{Xid: h.Xid, Err: zoo.CodeNoAuth}, nil)
	}, zoo.ErrNoAuth},
	"the watch is removed": {func(p *peer, c *client.Client, _ *fake) {
		p.arm()
		go func() { p.reply(p.hear(wire.OpRemoveWatches, nil), 2, nil) }()
		check(p.t, c.RemoveWatches(p.t.Context(), "/a", client.Removal{Type: zoo.WatcherAny}))
	}, zoo.ErrNoWatcher},
	"the session expires": {func(p *peer, _ *client.Client, f *fake) {
		p.arm()
		p.nc.Close()
		f.accept(wire.ConnectResponse{Passwd: make([]byte, wire.PasswordBytes)})
	}, zoo.ErrSessionExpired},
	"the client is closed": {func(p *peer, c *client.Client, _ *fake) {
		p.arm()
		p.leave(c)
	}, client.ErrClosed},
}

func TestAWatchTellsWhyItEnds(t *testing.T) {
	for name, row := range ends {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t)
				c := f.begin(f.options())
				p := f.accept(granted())
				l := watchLoop(t.Context(), c, "/a")
				row.end(p, c, f)
				<-l.done
				if !errors.Is(l.err, row.want) {
					t.Error(l.err)
				}
				if c.State().Connected() {
					p.leave(c)
					return
				}
				for _, err := range c.Watch(t.Context(), "/a", zoo.WatchPersistent) {
					if !errors.Is(err, row.want) {
						t.Error(err)
					}
				}
			})
		})
	}
}

func TestAMalformedPathIsNotWatched(t *testing.T) {
	c, err := client.New(client.Options{Servers: []string{"127.0.0.1:0"}})
	check(t, err)
	defer func() { _ = c.Close(t.Context()) }()
	for _, err := range c.Watch(t.Context(), "a/", zoo.WatchPersistent) {
		if !errors.Is(err, zoo.ErrBadArguments) {
			t.Error(err)
		}
	}
}

// The plot: a loop begins before there is a server. The moral: it waits for one, and the
// watch is armed with the session.
func TestAWatchWaitsForAConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		c := f.begin(f.options())
		l := watchLoop(t.Context(), c, "/a")
		synctest.Wait()
		p := f.accept(granted())
		p.hear(wire.OpSetWatches2, &wire.SetWatches2{})
		synctest.Wait()
		if !slices.Equal(l.heard, []string{"SyncConnected true"}) {
			t.Fatalf("heard %q", l.heard)
		}
		p.leave(c)
		<-l.done
	})
}

// The plot: a program follows a znode that is not there, comes, changes and goes.
func TestWhoFollowsAZnodeSeesItsValues(t *testing.T) {
	c, ctx := dial(t, client.Options{Servers: []string{serve(t)}}), t.Context()
	steps := []func() error{
		func() error {
			_, err := c.Create(ctx, "/f", []byte("1"), client.CreateOptions{})
			return err
		},
		func() error { _, err := c.Set(ctx, "/f", []byte("2"), 0); return err },
		func() error { return c.Delete(ctx, "/f", client.AnyVersion) },
	}
	var seen []string
	for value, err := range c.Follow(ctx, "/f") {
		check(t, err)
		seen = append(seen, fmt.Sprint(value.Exists, string(value.Data), value.Stat.Version))
		if len(seen) > len(steps) {
			break
		}
		check(t, steps[len(seen)-1]())
	}
	want := []string{"false0", "true10", "true21", "false0"}
	if !slices.Equal(seen, want) {
		t.Fatalf("seen %q", seen)
	}
}

// The plot: the connection breaks while a value is read. The moral: it is read again from
// the next server, and the program that follows it notices nothing.
func TestWhoFollowsAZnodeNoticesNoLostConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		c := f.begin(f.options())
		p := f.accept(granted())
		values, done := make(chan string), make(chan error)
		go func() {
			for value, err := range c.Follow(t.Context(), "/f") {
				if err != nil {
					done <- err
					return
				}
				values <- string(value.Data)
			}
		}()
		p.reply(p.hear(wire.OpAddWatch, nil), 1, nil)
		p.hear(wire.OpGetData, nil)
		p.nc.Close()
		p = f.accept(granted())
		p.hear(wire.OpSetWatches2, &wire.SetWatches2{})
		p.reply(p.hear(wire.OpGetData, nil), 2, &wire.GetDataResponse{Data: []byte("v")})
		if v := <-values; v != "v" {
			t.Fatal(v)
		}
		// The same value again is no news.
		p.event(zoo.EventNodeDataChanged, "/f")
		p.reply(p.hear(wire.OpGetData, nil), 2, &wire.GetDataResponse{Data: []byte("v")})
		p.event(zoo.EventNodeDataChanged, "/f")
		h := p.hear(wire.OpGetData, nil)
		p.answer(wire.ReplyHeader{Xid: h.Xid, Err: zoo.CodeNoAuth}, nil)
		if err := <-done; !errors.Is(err, zoo.ErrNoAuth) {
			t.Fatal(err)
		}
		p.hear(wire.OpRemoveWatches, nil)
		p.nc.Close()
		f.accept(granted()).leave(c)
	})
}
