package client

import (
	"context"
	"errors"

	"zoo"
	"zoo/internal/wire"
)

type linearizableKey struct{}

// Linearizable gives a context whose reads are linearizable: none of them is older than
// what any client of the ensemble was told of before the read began. Each has a sync before
// it, sent at once with it. Where all servers are zoo's that asks a quorum
// (ZOOKEEPER-1675); in an ensemble with servers in Java it is as good as their sync, which
// a leader that was replaced and does not know it yet may answer.
func Linearizable(ctx context.Context) context.Context {
	return context.WithValue(ctx, linearizableKey{}, true)
}

// wantsLinearizable tells whether a call is a read that has to be.
func (c *Client) wantsLinearizable(ctx context.Context, k *call) bool {
	switch k.op {
	case wire.OpExists, wire.OpGetData, wire.OpGetACL, wire.OpGetChildren, wire.OpGetChildren2,
		wire.OpMultiRead, wire.OpGetEphemerals, wire.OpGetAllChildrenNumber,
		wire.OpCheckNotExists, wire.OpListRecursive, wire.OpGetChildrenPage:
		return c.opts.Linearizable || ctx.Value(linearizableKey{}) != nil
	}
	return false
}

// doBehindSync is do for a linearizable read. If the connection breaks between the two, the
// read goes to a server that has seen as much as the sync's: a session never goes back.
func (c *Client) doBehindSync(ctx context.Context, k *call) error {
	sync := &call{op: wire.OpSync, path: k.path,
		request: &wire.SyncRequest{Path: c.outside("/")}}
	if err := c.begin(ctx, sync); err != nil {
		return k.because(err)
	}
	if err := c.begin(ctx, k); err != nil {
		return err
	}
	if err := c.await(ctx, sync); err != nil {
		return k.because(err)
	}
	return c.await(ctx, k)
}

// because is the failure of a read whose sync has failed.
func (k *call) because(err error) error {
	var sync *Error
	if errors.As(err, &sync) {
		return k.failed(sync.Code, sync.Cause)
	}
	return k.failed(zoo.CodeConnectionLoss, err)
}
