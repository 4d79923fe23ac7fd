package recipe

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"

	"zoo"
	"zoo/client"
)

// Counter is a number that many sessions change. Each change is made exactly once, also
// when its answer is lost: in one transaction it writes the number and a mark of its own,
// an ephemeral child that tells afterwards whether the change was made. Fields are read
// only.
//
// Changes of many at once are tried again until they do not meet; one of them always gets
// through.
type Counter struct {
	Client *client.Client
	// Path is the counter's znode. Its data is the number as decimal text.
	Path string
	// ACL is that of the znodes; nil means zoo.OpenACL.
	ACL []zoo.ACL

	once sync.Once
	mark *mark
}

func (n *Counter) place() place { return place{n.Client, n.Path, n.ACL} }

func (n *Counter) marked() *mark {
	n.once.Do(func() { n.mark = newMark(n.place()) })
	return n.mark
}

// Value reads the number, as the session's server knows it: with client.Linearizable it is the
// latest. A counter that nobody has changed is 0.
func (n *Counter) Value(ctx context.Context) (int64, error) {
	value, _, err := n.read(ctx)
	return value, n.place().failed("counter", ifNot(err, zoo.CodeNoNode))
}

// Add adds to the number, which wraps around at the ends of int64, and returns what it is
// then.
func (n *Counter) Add(ctx context.Context, delta int64) (int64, error) {
	value, err := n.change(ctx, func(old int64) (int64, error) { return old + delta, nil })
	return value, n.place().failed("counter", err)
}

// Swap changes the number from one value to another. If it is not the old one it stays, and the
// error is ErrHeld; the number that is there is returned in any case.
func (n *Counter) Swap(ctx context.Context, from, to int64) (int64, error) {
	value, err := n.change(ctx, func(old int64) (int64, error) {
		if old != from {
			return old, fmt.Errorf("%w: it is %d", ErrHeld, old)
		}
		return to, nil
	})
	return value, n.place().failed("counter", err)
}

// Set writes a number, whatever it was.
func (n *Counter) Set(ctx context.Context, value int64) error {
	_, err := n.change(ctx, func(int64) (int64, error) { return value, nil })
	return n.place().failed("counter", err)
}

// Close removes this counter's mark, which otherwise goes with the session. The next
// change would make another.
func (n *Counter) Close(ctx context.Context) error {
	return n.place().failed("counter", n.marked().close(ctx))
}

func (n *Counter) read(ctx context.Context) (value int64, version int32, err error) {
	p := n.place()
	err = p.again(ctx, func() error {
		data, stat, err := n.Client.Get(ctx, n.Path, nil)
		if err != nil {
			return err
		}
		version = stat.Version
		if len(data) > 0 {
			value, err = strconv.ParseInt(string(data), 10, 64)
		}
		return err
	})
	return value, version, err
}

// change tries until nobody else has changed the number meanwhile.
func (n *Counter) change(
	ctx context.Context, to func(int64) (int64, error)) (value int64, err error) {
	for {
		old, version, err := n.read(ctx)
		if errors.Is(err, zoo.CodeNoNode) {
			if err := n.create(ctx); err != nil {
				return 0, err
			}
			continue
		}
		if err != nil {
			return 0, err
		}
		value, err := to(old)
		if err != nil {
			return value, err
		}
		err = n.marked().do(ctx,
			client.SetOp(n.Path, strconv.AppendInt(nil, value, 10), version))
		if !errors.Is(err, zoo.CodeBadVersion) {
			return value, err
		}
	}
}

// create makes the counter, which is to stay, other than a container.
func (n *Counter) create(ctx context.Context) error {
	p := n.place()
	return p.again(ctx, func() error {
		parent, _ := zoo.SplitPath(n.Path)
		if parent != "/" {
			if err := p.makeDir(ctx, parent); err != nil {
				return err
			}
		}
		_, err := n.Client.Create(ctx, n.Path, nil, p.options(zoo.Persistent))
		return ifNot(err, zoo.CodeNodeExists)
	})
}
