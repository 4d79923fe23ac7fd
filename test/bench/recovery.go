package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"zoo/client"
	"zoo/internal/load"
	"zoo/test/ensemble"
)

// recoveryFloor is how long a server with a million znodes may be away after a kill,
// from the start of its process on.
const recoveryFloor = time.Second

// recoveryLimit bounds the measurement of one side.
const recoveryLimit = 15 * time.Minute

// Recovery is how long a killed server with a large tree needs to serve again.
type Recovery struct {
	Side   string
	Znodes int
	// Took is the time of each start, from that of the process to the first
	// acknowledged write and the first answered read of the tree.
	Took []time.Duration
}

// String is one line for people.
func (r Recovery) String() string {
	return fmt.Sprintf("%s: %d znodes, serving after %v", r.Side, r.Znodes, r.Took)
}

// MeasureRecovery has clients create a tree on a standalone server, kills it, and starts
// it again, as often as rounds says. The snapshots and the log are those that the server
// has made while it was written to.
func MeasureRecovery(ctx context.Context, opts ensemble.Options, znodes, rounds int,
) (took []time.Duration, err error) {
	opts.Voters = 1
	e, err := ensemble.New(opts)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	if err := e.Start(ctx); err != nil {
		return nil, err
	}
	s := e.Servers[0]
	if err := createTree(ctx, s.Address(), znodes); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, s.LastLines(20))
	}
	for range rounds {
		if err := s.Kill(); err != nil {
			return took, err
		}
		begun := time.Now()
		if err := errors.Join(s.Start(), serves(ctx, s.Address(), znodes)); err != nil {
			return took, fmt.Errorf("%w\n%s", err, s.LastLines(20))
		}
		took = append(took, time.Since(begun))
	}
	return took, nil
}

// serves returns when a write was acknowledged and the last znode of the tree was read.
func serves(ctx context.Context, server string, znodes int) error {
	if err := load.FirstWrite(ctx, server); err != nil {
		return err
	}
	c, err := client.Dial(ctx, client.Options{Servers: []string{server}})
	if err != nil {
		return err
	}
	data, _, err := c.Get(ctx, treePath(znodes-1), nil)
	if err == nil && len(data) != treeValueBytes {
		err = fmt.Errorf("the last znode has %d bytes", len(data))
	}
	return errors.Join(err, c.Close(ctx))
}
