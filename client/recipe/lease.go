package recipe

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"zoo"
	"zoo/client"
)

// Lease is a place that a session has won and has until it releases or loses it: a lock,
// a leadership, a permit. One goroutine of its own guards it.
type Lease struct {
	seat *seat
	// ctx is what the holder works under, asked is over when it releases.
	ctx    context.Context
	cancel context.CancelCauseFunc
	asked  context.Context
	stop   context.CancelFunc
	// with is what is to be deleted with the znode when it is released, if it is not nil.
	with atomic.Pointer[string]
	// err is known once done is closed.
	done chan struct{}
	err  error
}

// hold begins a lease.
func (s *seat) hold(ctx context.Context) *Lease {
	l := &Lease{seat: s, done: make(chan struct{})}
	// The caller's context bounds the waiting, not what comes of it.
	l.ctx, l.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	l.asked, l.stop = context.WithCancel(l.ctx)
	go l.guard()
	return l
}

// Context is for the work that the lease allows: it is over when the lease is, and
// context.Cause tells why, ErrReleased or ErrLost. It has the values of the context that the
// lease was won under, but not its end.
func (l *Lease) Context() context.Context { return l.ctx }

// Token is the fencing token: the zxid of the transaction that made the lease's znode.
// Who holds an exclusive lease later has a greater one.
func (l *Lease) Token() zoo.Zxid { return l.seat.token }

// Path is the lease's own znode.
func (l *Lease) Path() string { return l.seat.path }

// Fence makes a client.Multi fail with zoo.CodeNoNode, and change nothing, if the lease is
// over at the moment in which it would make its changes.
func (l *Lease) Fence() client.Op { return client.CheckOp(l.seat.path, client.AnyVersion) }

// Release ends the lease: first its context, then its znode. It returns when others can
// have it, or with ctx; then it goes on in the background until that is so or the session
// has ended. To release twice is the same as once. An error that is ErrLost tells that the
// lease was lost before.
func (l *Lease) Release(ctx context.Context) error {
	l.stop()
	select {
	case <-l.done:
		return l.seat.failed("release", l.err)
	case <-ctx.Done():
		return l.seat.failed("release", ctx.Err())
	}
}

// guard sees the lease to its end.
func (l *Lease) guard() {
	defer close(l.done)
	defer l.stop()
	why := l.keep(l.seat.confirmed)
	l.cancel(why)
	// The session may live on after all, and others wait.
	err := l.leave(why)
	switch {
	case errors.Is(why, ErrLost):
		l.err = why
	case l.with.Load() != nil && err != nil:
		// Whether both are gone matters also where the session is over.
		l.err = err
	case !isOver(l.seat.c):
		l.err = err
	}
}

func (l *Lease) leave(why error) error {
	if with := l.with.Load(); with != nil && errors.Is(why, ErrReleased) {
		return l.seat.leaveWith(context.Background(), *with)
	}
	return l.seat.leave(context.Background())
}

// releaseWith is Release, which deletes another znode in the same transaction.
func (l *Lease) releaseWith(ctx context.Context, path string) error {
	l.with.Store(&path)
	return l.Release(ctx)
}

// beats is how often a lease is confirmed in a session timeout: as often as a client
// pings.
const beats = 3

// keep confirms the lease again and again, until it is released or lost. The server
// counts the session's timeout from a request's arrival, we from before it was sent.
func (l *Lease) keep(confirmed time.Time) error {
	heard := make(chan zoo.EventType, 1)
	w := client.NewWatcher(func(e client.Event) {
		select {
		case heard <- e.Type:
		default: // One is waiting already, and a deletion is found by the next beat.
		}
	})
	// The first arms the watch only.
	ctx := l.asked
	for {
		began := time.Now()
		switch err := l.confirm(ctx, confirmed, w); {
		case errors.Is(err, context.Canceled):
			return ErrReleased
		case err != nil:
			return fmt.Errorf("%w: %w", ErrLost, err)
		}
		confirmed, ctx = began, client.Linearizable(l.asked)
		timer := time.NewTimer(l.seat.c.SessionTimeout() / beats)
		select {
		case <-timer.C:
		case <-l.asked.Done():
			timer.Stop()
			return ErrReleased
		case e := <-heard:
			timer.Stop()
			if e == zoo.EventNodeDeleted {
				return fmt.Errorf("%w: somebody has deleted %s", ErrLost, l.seat.path)
			}
		}
	}
}

var errUnconfirmed = errors.New("no server has confirmed it for a session timeout")

// confirm asks for the znode until a server answers, or until the session may have ended.
func (l *Lease) confirm(ctx context.Context, since time.Time, w client.Watcher) error {
	ctx, cancel := context.WithDeadlineCause(ctx, since.Add(l.seat.c.SessionTimeout()),
		errUnconfirmed)
	defer cancel()
	err := l.seat.again(ctx, func() error {
		_, err := l.seat.c.Exists(ctx, l.seat.path, w)
		return err
	})
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return context.Cause(ctx)
	}
	return err
}
