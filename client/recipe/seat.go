package recipe

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"zoo"
	"zoo/client"
)

// seat is an ephemeral znode of the session, found again by the GUID in its name. One
// goroutine has it at a time.
type seat struct {
	place
	// id begins the name, kind follows it.
	id, kind string
	mode     zoo.CreateMode
	// asked tells that the znode may be there although path is not known.
	asked bool
	// path and token are known once the znode is.
	path  string
	token zoo.Zxid
	// confirmed is when the last request was sent of which the answer shows the znode.
	confirmed time.Time
}

func (p place) seat(kind string, mode zoo.CreateMode) *seat {
	return &seat{place: p, id: guid(), kind: kind, mode: mode}
}

// take makes the znode. When the answer is lost it looks for it, before it makes another.
func (s *seat) take(ctx context.Context, data []byte) error {
	return s.again(ctx, func() error {
		if s.asked {
			if found, err := s.find(ctx); found || err != nil {
				return err
			}
		}
		return s.create(ctx, data)
	})
}

func (s *seat) create(ctx context.Context, data []byte) error {
	for {
		began := time.Now()
		s.asked = true
		path, stat, err := s.c.Create2(ctx, s.at(s.id+s.kind), data, s.options(s.mode))
		if err == nil {
			s.is(path, stat.Czxid, began)
		}
		if !errors.Is(err, zoo.CodeNoNode) {
			return err
		}
		s.asked = false
		if err := s.make(ctx); err != nil {
			return err
		}
	}
}

// is takes note of the znode.
func (s *seat) is(path string, token zoo.Zxid, confirmed time.Time) {
	s.path, s.token, s.confirmed = path, token, confirmed
}

// find looks for the znode. The list is linearizable: the next server may not have
// heard yet of what the last one has done.
func (s *seat) find(ctx context.Context) (bool, error) {
	names, _, err := s.c.Children(client.Linearizable(ctx), s.dir, nil)
	if errors.Is(err, zoo.CodeNoNode) {
		return false, nil
	}
	at := slices.IndexFunc(names, func(name string) bool { return strings.HasPrefix(name, s.id) })
	if err != nil || at < 0 {
		return false, err
	}
	return true, s.show(ctx, s.at(names[at]))
}

// show reads which transaction has made the znode.
func (s *seat) show(ctx context.Context, path string) error {
	began := time.Now()
	stat, err := s.c.Exists(ctx, path, nil)
	if err == nil {
		s.is(path, stat.Czxid, began)
	}
	return err
}

// leave deletes the znode, wherever it is.
func (s *seat) leave(ctx context.Context) error {
	return s.again(ctx, func() error {
		if s.path == "" {
			if found, err := s.find(ctx); !found || err != nil {
				return err
			}
		}
		return ifNot(s.c.Delete(ctx, s.path, client.AnyVersion), zoo.CodeNoNode)
	})
}

// leaveWith deletes the znode and another one in one transaction. If the other one is gone
// already it is left out. It is ErrLost if only the other one is there.
func (s *seat) leaveWith(ctx context.Context, other string) error {
	err := s.again(ctx, func() error {
		_, err := s.c.Multi(ctx, client.DeleteOp(s.path, client.AnyVersion),
			client.DeleteOp(other, client.AnyVersion))
		return err
	})
	var guilty *client.Error
	switch {
	case !errors.Is(err, zoo.CodeNoNode) || !errors.As(err, &guilty):
		return err
	case guilty.Path == other:
		return s.leave(ctx)
	}
	// A try of which the answer was lost has deleted both, or somebody else this one.
	err = s.again(ctx, func() error {
		_, err := s.c.Exists(client.Linearizable(ctx), other, nil)
		return err
	})
	if err == nil {
		return fmt.Errorf("%w: somebody has deleted %s", ErrLost, s.path)
	}
	return ifNot(err, zoo.CodeNoNode)
}

// abandon leaves in the background, since the caller's context is over: until the znode is
// gone, or the session.
func (s *seat) abandon() {
	if s.asked {
		go func() { _ = s.leave(context.Background()) }()
	}
}

// sequenceDigits is how many digits a server appends.
const sequenceDigits = 10

// waiter is one of a line.
type waiter struct {
	name, kind string
	sequence   int
}

// line lists those of the kinds in their order. Other znodes do not count.
func (p place) line(ctx context.Context, kinds ...string) ([]waiter, error) {
	var names []string
	err := p.again(ctx, func() (err error) {
		names, _, err = p.c.Children(ctx, p.dir, nil)
		return err
	})
	if errors.Is(err, zoo.CodeNoNode) {
		return nil, nil
	}
	return waiters(names, kinds), err
}

func waiters(names, kinds []string) []waiter {
	var all []waiter
	for _, name := range names {
		at := max(len(name)-sequenceDigits, 0)
		sequence, err := strconv.Atoi(name[at:])
		kind := slices.IndexFunc(kinds, func(kind string) bool {
			return strings.HasSuffix(name[:at], kind)
		})
		if err == nil && kind >= 0 {
			all = append(all, waiter{name, kinds[kind], sequence})
		}
	}
	slices.SortFunc(all, func(a, b waiter) int { return cmp.Compare(a.sequence, b.sequence) })
	return all
}

// order says who has to wait for whom: a seat for those before it in the line of which the
// kind is among its blockers.
type order map[string][]string

func (o order) kinds() []string {
	var all []string
	for kind := range o {
		all = append(all, kind)
	}
	return all
}

// blocker is the last of those before the seat that it has to wait for.
func (s *seat) blocker(line []waiter, o order) (string, error) {
	at := slices.IndexFunc(line, func(w waiter) bool { return s.at(w.name) == s.path })
	if at < 0 {
		return "", fmt.Errorf("%w: somebody has deleted %s", ErrLost, s.path)
	}
	for _, w := range slices.Backward(line[:at]) {
		if slices.Contains(o[s.kind], w.kind) {
			return w.name, nil
		}
	}
	return "", nil
}

// wait waits until nobody is before the seat.
func (s *seat) wait(ctx context.Context, o order) error {
	for {
		blocker, err := s.look(ctx, o)
		if err != nil || blocker == "" {
			return err
		}
		if err := s.changed(ctx, s.at(blocker)); err != nil {
			return err
		}
	}
}

// look finds whom the seat has to wait for; nobody is empty.
func (s *seat) look(ctx context.Context, o order) (string, error) {
	began := time.Now()
	line, err := s.line(ctx, o.kinds()...)
	if err != nil {
		return "", err
	}
	blocker, err := s.blocker(line, o)
	if err == nil {
		s.confirmed = began
	}
	return blocker, err
}

// queue takes a seat in a line and waits for its turn.
func (p place) queue(ctx context.Context, kind string, data []byte, o order) (*seat, error) {
	s := p.seat(kind, zoo.EphemeralSequential)
	err := s.take(ctx, data)
	if err == nil {
		err = s.wait(ctx, o)
	}
	if err != nil {
		s.abandon()
		return nil, err
	}
	return s, nil
}

// contend holds a seat when it is its turn.
func (p place) contend(ctx context.Context, kind string, data []byte, o order) (*Lease, error) {
	s, err := p.queue(ctx, kind, data, o)
	if err != nil {
		return nil, err
	}
	return s.hold(ctx), nil
}

// settle holds a seat that nobody contends for.
func (s *seat) settle(ctx context.Context, data []byte) (*Lease, error) {
	if err := s.take(ctx, data); err != nil {
		s.abandon()
		return nil, err
	}
	return s.hold(ctx), nil
}

// attempt takes a seat if nobody is in its way now.
func (p place) attempt(
	ctx context.Context, kind string, data []byte, o order) (*Lease, error) {
	line, err := p.line(ctx, o.kinds()...)
	if err != nil {
		return nil, err
	}
	for _, w := range line {
		if slices.Contains(o[kind], w.kind) {
			return nil, ErrHeld // Nothing has to be written to know it.
		}
	}
	s := p.seat(kind, zoo.EphemeralSequential)
	if err := s.take(ctx, data); err != nil {
		s.abandon()
		return nil, err
	}
	return s.ifFree(ctx, o)
}

// ifFree holds the seat if nobody is before it, or leaves it.
func (s *seat) ifFree(ctx context.Context, o order) (*Lease, error) {
	blocker, err := s.look(ctx, o)
	if err == nil && blocker == "" {
		return s.hold(ctx), nil
	}
	if err == nil && s.leave(ctx) == nil {
		return nil, ErrHeld
	}
	s.abandon()
	return nil, cmp.Or(err, ErrHeld)
}
