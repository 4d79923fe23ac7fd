package recipe

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"zoo"
	"zoo/client"
)

// DoubleBarrier lets sessions begin a computation together and end it together (ZooKeeper's
// recipe "Double Barriers"): nobody is in before Count have come, and nobody out before all
// have left. The end of a session counts as leaving. When the last has left the barrier can
// be used again; if its session has ended instead, the znode "ready" in it has to be
// deleted first. All fields are read only.
type DoubleBarrier struct {
	Client *client.Client
	// Path is the barrier's directory, the same for all.
	Path string
	// Count is how many must come, at least 1. All must agree on it. Who comes while others
	// are inside joins them.
	Count int
	// ACL is that of the znodes; nil means zoo.OpenACL.
	ACL []zoo.ACL
}

// Visit is one session's way through a DoubleBarrier.
type Visit struct {
	lease *Lease
	b     *DoubleBarrier
}

const (
	visitKind = "visit-"
	readyName = "ready"
)

func (b *DoubleBarrier) place() place { return place{b.Client, b.Path, b.ACL} }

// Enter waits until Count sessions have entered, or for the end of ctx; then it has not.
func (b *DoubleBarrier) Enter(ctx context.Context) (*Visit, error) {
	if b.Count < 1 {
		err := fmt.Errorf("%w: a count of %d", ErrConfig, b.Count)
		return nil, b.place().failed("double barrier", err)
	}
	s := b.place().seat(visitKind, zoo.EphemeralSequential)
	lease, err := s.settle(ctx, nil)
	if err != nil {
		return nil, b.place().failed("double barrier", err)
	}
	if err := b.gather(ctx, lease); err != nil {
		lease.stop() // Its guard leaves.
		return nil, b.place().failed("double barrier", err)
	}
	return &Visit{lease, b}, nil
}

// gather waits until all are there. Whoever sees that they are says so with the znode
// ready, which all the others watch, so that none of them has to look again and again. The
// session that says it may end before the others have heard: then the next one says it.
func (b *DoubleBarrier) gather(ctx context.Context, lease *Lease) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(lease.ctx, func() { cancel(context.Cause(lease.ctx)) })()
	for {
		w, came := client.OneEvent()
		ready, err := b.isReady(ctx, w)
		if !ready && err == nil {
			err = b.sayIfAll(ctx, lease)
		}
		if !ready && err == nil {
			err = b.place().hear(ctx, came)
		}
		if ready || err != nil {
			b.place().unwatch(ctx, b.place().at(readyName), w)
		}
		switch {
		case ready:
			return nil
		case err != nil && lease.ctx.Err() != nil:
			return context.Cause(lease.ctx)
		case err != nil:
			return err
		}
	}
}

func (b *DoubleBarrier) isReady(ctx context.Context, w client.Watcher) (bool, error) {
	p := b.place()
	err := p.again(ctx, func() error {
		_, err := b.Client.Exists(ctx, p.at(readyName), w)
		return err
	})
	return err == nil, ifNot(err, zoo.CodeNoNode)
}

// sayIfAll makes the znode ready if all are there, one of them the holder of the lease.
func (b *DoubleBarrier) sayIfAll(ctx context.Context, lease *Lease) error {
	p := b.place()
	line, err := p.line(ctx, visitKind)
	if err != nil || len(line) < b.Count {
		return err
	}
	return p.again(ctx, func() error {
		_, err := b.Client.Multi(ctx, lease.Fence(),
			client.CreateOp(p.at(readyName), nil, p.options(zoo.Persistent)))
		if errors.Is(err, zoo.CodeNoNode) {
			return fmt.Errorf("%w: %w", ErrLost, err)
		}
		return ifNot(err, zoo.CodeNodeExists)
	})
}

// Context is for the computation: it is over when the session is no longer inside, see
// Lease.Context.
func (v *Visit) Context() context.Context { return v.lease.Context() }

// Leave waits until all who are inside have left or lost their sessions, or for the end of
// ctx; then this one has left. An error that is ErrLost tells that it was not inside any
// more before.
//
// The first of the line leaves last: it watches the last of the line, and the others watch
// it.
func (v *Visit) Leave(ctx context.Context) error {
	err := v.leave(ctx)
	v.lease.stop()
	return v.b.place().failed("double barrier", err)
}

func (v *Visit) leave(ctx context.Context) error {
	p := v.b.place()
	left, last := false, 0
	for {
		line, err := p.line(ctx, visitKind)
		if err != nil {
			return err
		}
		// Who comes after this one has left comes for the next time.
		line = slices.DeleteFunc(line, func(w waiter) bool { return left && w.sequence > last })
		first := len(line) > 0 && p.at(line[0].name) == v.lease.Path()
		switch {
		case left && len(line) == 0:
			return nil
		case left:
			err = p.changed(ctx, p.at(line[0].name))
		case first && len(line) == 1:
			return v.lease.releaseWith(ctx, p.at(readyName))
		case first:
			err = p.changed(ctx, p.at(line[len(line)-1].name))
		default:
			left, last = true, lastOf(line)
			err = v.lease.Release(ctx)
		}
		if err != nil {
			return err
		}
	}
}

func lastOf(line []waiter) int {
	if len(line) == 0 {
		return 0
	}
	return line[len(line)-1].sequence
}
