package recipe

import (
	"context"
	"errors"

	"zoo"
	"zoo/client"
)

// Barrier is a gate that is closed while its znode is there (ZooKeeper's recipe "Barriers"). It
// stays as it is when the session that closed it ends. All who wait are told at once, which
// is what they wait for. All fields are read only.
type Barrier struct {
	Client *client.Client
	// Path is the barrier's znode.
	Path string
	// ACL is that of the znode; nil means zoo.OpenACL.
	ACL []zoo.ACL
}

func (b *Barrier) place() place { return place{b.Client, b.Path, b.ACL} }

// Close closes the barrier. It may be closed already.
func (b *Barrier) Close(ctx context.Context) error {
	return b.place().failed("barrier", b.place().keep(ctx))
}

// keep makes the place as a znode that stays, unless it is there.
func (p place) keep(ctx context.Context) error {
	return p.again(ctx, func() error {
		for {
			_, err := p.c.Create(ctx, p.dir, nil, p.options(zoo.Persistent))
			parent, _ := zoo.SplitPath(p.dir)
			if !errors.Is(err, zoo.CodeNoNode) || parent == "/" {
				return ifNot(err, zoo.CodeNodeExists)
			}
			if err := p.makeDir(ctx, parent); err != nil {
				return err
			}
		}
	})
}

// Open opens the barrier for all who wait. It may be open already.
func (b *Barrier) Open(ctx context.Context) error {
	p := b.place()
	err := p.again(ctx, func() error {
		return ifNot(b.Client.Delete(ctx, b.Path, client.AnyVersion), zoo.CodeNoNode)
	})
	return p.failed("barrier", err)
}

// Wait waits until the barrier is open, as the session's server knows it, or for the end of
// ctx.
func (b *Barrier) Wait(ctx context.Context) error {
	p := b.place()
	for {
		open, err := p.gone(ctx)
		if err == nil && !open {
			err = p.changed(ctx, b.Path)
		}
		if open || err != nil {
			return p.failed("barrier", err)
		}
	}
}

// gone tells whether there is no such znode.
func (p place) gone(ctx context.Context) (gone bool, err error) {
	err = p.again(ctx, func() error {
		_, err := p.c.Exists(ctx, p.dir, nil)
		return err
	})
	return errors.Is(err, zoo.CodeNoNode), ifNot(err, zoo.CodeNoNode)
}
