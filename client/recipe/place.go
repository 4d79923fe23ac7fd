package recipe

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"zoo"
	"zoo/client"
)

// place is where a recipe has its znodes, and by which session.
type place struct {
	c   *client.Client
	dir string
	acl []zoo.ACL
}

// at is the path of what is called name in the place.
func (p place) at(name string) string {
	if p.dir == "/" {
		return "/" + name
	}
	return p.dir + "/" + name
}

// below is the place one level down.
func (p place) below(name string) place { return place{p.c, p.at(name), p.acl} }

func (p place) options(mode zoo.CreateMode) client.CreateOptions {
	return client.CreateOptions{Mode: mode, ACL: p.acl}
}

// make makes the directory and all above it, unless they are there.
func (p place) make(ctx context.Context) error { return p.makeDir(ctx, p.dir) }

func (p place) makeDir(ctx context.Context, dir string) error {
	for {
		_, err := p.c.Create(ctx, dir, nil, p.options(zoo.Container))
		parent, _ := zoo.SplitPath(dir)
		switch {
		case errors.Is(err, zoo.CodeNodeExists):
			return nil
		case !errors.Is(err, zoo.CodeNoNode) || parent == "/":
			return err
		}
		if err := p.makeDir(ctx, parent); err != nil {
			return err
		}
	}
}

// again repeats f, which may be repeated, for as long as connections are lost on the way
// and the session lives.
func (p place) again(ctx context.Context, f func() error) error {
	for {
		err := f()
		if !isDoubtful(err) {
			return err
		}
		if err := p.c.WaitConnected(ctx); err != nil && ctx.Err() != nil {
			return fmt.Errorf("%w: %w", ctx.Err(), err)
		} else if err != nil {
			return err
		}
		if ctx.Err() != nil {
			return fmt.Errorf("%w: %w", ctx.Err(), err)
		}
	}
}

// isDoubtful tells that a request may or may not have been executed, and that the session may
// go on elsewhere.
func isDoubtful(err error) bool {
	return errors.Is(err, zoo.CodeConnectionLoss) || errors.Is(err, zoo.CodeSessionMoved)
}

// isOver tells whether the session has ended.
func isOver(c *client.Client) bool {
	switch c.State() {
	case client.StateClosed, client.StateExpired, client.StateAuthFailed:
		return true
	}
	return false
}

// because is ErrLost with its reason where the session is over, and otherwise the error.
func (p place) because(err error) error {
	if err != nil && isOver(p.c) && !errors.Is(err, ErrLost) {
		return fmt.Errorf("%w: %w", ErrLost, err)
	}
	return err
}

// failed is the error of an operation; none if err is nil.
func (p place) failed(op string, err error) error {
	if err == nil {
		return nil
	}
	return &Error{Op: op, Path: p.dir, Err: p.because(err)}
}

// changed waits until something happens to a znode that is there. A znode that is not has
// no watch left behind, unlike after exists.
func (p place) changed(ctx context.Context, path string) error {
	w, came := client.OneEvent()
	err := p.again(ctx, func() error {
		_, _, err := p.c.Get(ctx, path, w)
		return err
	})
	if errors.Is(err, zoo.CodeNoNode) {
		return nil
	}
	if err == nil {
		err = p.hear(ctx, came)
	}
	if ctx.Err() != nil {
		p.unwatch(ctx, path, w)
	}
	return err
}

// list lists what is in the place. The watcher hears once when it changes; a place that is
// not there is empty, and the watcher hears when it is made.
func (p place) list(ctx context.Context, w client.Watcher) (names []string, err error) {
	for {
		err := p.again(ctx, func() (err error) {
			names, _, err = p.c.Children(ctx, p.dir, w)
			return err
		})
		if !errors.Is(err, zoo.CodeNoNode) || w == nil {
			return names, ifNot(err, zoo.CodeNoNode)
		}
		err = p.again(ctx, func() error {
			_, err := p.c.Exists(ctx, p.dir, w)
			return err
		})
		if err != nil {
			return nil, ifNot(err, zoo.CodeNoNode)
		}
	}
}

// ifNot is the error, unless it is of a code that is none here.
func ifNot(err error, code zoo.Code) error {
	if errors.Is(err, code) {
		return nil
	}
	return err
}

// follow lets look look, with a watcher of what it sees, and again after each event, until
// it wants no more or fails. Besides the place look may watch one znode, which it
// names.
func (p place) follow(ctx context.Context,
	look func(w client.Watcher) (watched string, more bool, err error)) error {
	for {
		w, came := client.OneEvent()
		watched, more, err := look(w)
		if err == nil && more {
			err = p.hear(ctx, came)
		}
		if err != nil || !more {
			p.unwatch(ctx, p.dir, w)
			if watched != "" {
				p.unwatch(ctx, watched, w)
			}
			return err
		}
	}
}

// hear waits for an event.
func (p place) hear(ctx context.Context, came <-chan client.Event) error {
	select {
	case <-came:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// unwatch takes a watch away that nobody waits for any more, in the background: who
// tries a lock every second must not leave a watch each time. It ends with the answer,
// or the connection.
func (p place) unwatch(ctx context.Context, path string, w client.Watcher) {
	go func() {
		if ctx.Err() != nil {
			// The request that sets the watch may have been given up with its answer still to
			// come. This one's comes later.
			_, _ = p.c.Exists(context.Background(), path, nil)
		}
		// There may be none any more.
		_ = p.c.RemoveWatches(context.Background(), path,
			client.Removal{Type: zoo.WatcherAny, Watcher: w, Local: true})
	}()
}

// guidPrefix begins the names that have a GUID, guidBytes is how long both are.
const (
	guidPrefix = "_c_"
	guidBytes  = len(guidPrefix) + 36 + len("-")
)

// guid is what a znode is found by again, as Curator writes it: _c_ and a random UUID.
func guid() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // It never fails.
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%s%x-%x-%x-%x-%x-", guidPrefix, b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
