package bench

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"zoo/client"
	"zoo/internal/load"
	"zoo/test/ensemble"
)

// treeLimit bounds the measurement of one side.
const treeLimit = 15 * time.Minute

// The tree whose memory is measured: paths of 35 bytes, a thousand to a directory.
const (
	treeDirectory  = 1000
	treeValueBytes = 100
	// treeClients create it, each with treeDepth requests in flight.
	treeClients = 8
	treeDepth   = 64
)

// treeCost is what a tree costs a standalone server's process.
type treeCost struct {
	znodes int
	// empty is the resident memory of the process before the tree was made, created
	// right after its last znode, and restarted when it serves once more from what lies
	// on the disk.
	empty, created, restarted int64
	// took is the time of each start after a kill, from that of the process to the first
	// acknowledged write and the first answered read of the tree.
	took []time.Duration
}

// perZnode is how much a znode adds, at the worse of the two times.
func (c treeCost) perZnode() float64 {
	return float64(max(c.created, c.restarted)-c.empty) / float64(c.znodes)
}

// String is one line for people.
func (c treeCost) String() string {
	each := func(now int64) float64 { return float64(now-c.empty) / float64(c.znodes) }
	return fmt.Sprintf("%d znodes: %.0f bytes each as created, %.0f after a restart, "+
		"over %.1f MiB without them; serving after %v", c.znodes, each(c.created),
		each(c.restarted), float64(c.empty)/(1<<20), c.took)
}

// treePath is the path of the i-th znode.
func treePath(i int) string { return fmt.Sprintf("%s/a-znode-%09d", treeDir(i), i) }

func treeDir(i int) string { return fmt.Sprintf("/bench/dir-%06d", i/treeDirectory) }

// measureTree has clients create a tree on a server that serves, kills it, and starts it
// again, a number of times. The snapshots and the log are those that the server has made
// while it was written to.
func measureTree(ctx context.Context, s *ensemble.Server, znodes, kills int) (treeCost, error) {
	c := treeCost{znodes: znodes}
	var err error
	if c.empty, err = resident(s); err != nil {
		return c, err
	}
	if err := createTree(ctx, s.Address(), znodes); err != nil {
		return c, err
	}
	if c.created, err = resident(s); err != nil {
		return c, err
	}
	for range kills {
		if err := s.Kill(); err != nil {
			return c, err
		}
		begun := time.Now()
		if err := errors.Join(s.Start(), serves(ctx, s.Address(), znodes)); err != nil {
			return c, err
		}
		c.took = append(c.took, time.Since(begun))
	}
	c.restarted, err = resident(s)
	return c, err
}

func resident(s *ensemble.Server) (int64, error) { return load.ResidentBytes(s.PID()) }

// createTree makes the directories, and then all that lies in them with many clients
// at once.
func createTree(ctx context.Context, server string, znodes int) error {
	var next atomic.Int64
	errs := make([]error, treeClients)
	if err := createDirectories(ctx, server, znodes); err != nil {
		return err
	}
	var group sync.WaitGroup
	for i := range treeClients {
		group.Go(func() { errs[i] = createShare(ctx, server, &next, int64(znodes)) })
	}
	group.Wait()
	return errors.Join(errs...)
}

func createDirectories(ctx context.Context, server string, znodes int) error {
	c, err := client.Dial(ctx, client.Options{Servers: []string{server}})
	if err != nil {
		return err
	}
	if _, err := c.Create(ctx, "/bench", nil, client.CreateOptions{}); err != nil {
		return err
	}
	for i := 0; i < znodes; i += treeDirectory {
		if _, err := c.Create(ctx, treeDir(i), nil, client.CreateOptions{}); err != nil {
			return err
		}
	}
	return c.Close(ctx)
}

// createShare is one client's part: whatever is next.
func createShare(ctx context.Context, server string, next *atomic.Int64, end int64) error {
	c, err := client.Dial(ctx, client.Options{Servers: []string{server}})
	if err != nil {
		return err
	}
	value := []byte(strings.Repeat("v", treeValueBytes))
	errs := make([]error, treeDepth)
	var group sync.WaitGroup
	for d := range errs {
		group.Go(func() {
			for i := next.Add(1) - 1; i < end && errs[d] == nil; i = next.Add(1) - 1 {
				_, errs[d] = c.Create(ctx, treePath(int(i)), value, client.CreateOptions{})
			}
		})
	}
	group.Wait()
	return errors.Join(append(errs, c.Close(ctx))...)
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
