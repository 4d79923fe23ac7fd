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

// The tree whose memory is measured: paths of 35 bytes, a thousand to a directory.
const (
	treeDirectory  = 1000
	treeValueBytes = 100
	// treeClients create it, each with treeDepth requests in flight.
	treeClients = 8
	treeDepth   = 64
)

// memoryFloor is what a znode may add to the memory of a server, in bytes.
const memoryFloor = 350

// Memory is what a tree costs a standalone server's process.
type Memory struct {
	Znodes int
	// Empty is the resident memory of the process before the tree was made, Created
	// right after its last znode, and Restarted when it serves once more from what lies
	// on the disk.
	Empty, Created, Restarted int64
}

// PerZnode is how much a znode adds, at the worse of the two times.
func (m Memory) PerZnode() float64 {
	return float64(max(m.Created, m.Restarted)-m.Empty) / float64(m.Znodes)
}

// String is one line for people.
func (m Memory) String() string {
	each := func(now int64) float64 { return float64(now-m.Empty) / float64(m.Znodes) }
	return fmt.Sprintf("%d znodes: %.0f bytes each as created, %.0f after a restart, "+
		"over %.1f MiB without them", m.Znodes, each(m.Created), each(m.Restarted),
		float64(m.Empty)/(1<<20))
}

// treePath is the path of the i-th znode.
func treePath(i int) string { return fmt.Sprintf("%s/a-znode-%09d", treeDir(i), i) }

func treeDir(i int) string { return fmt.Sprintf("/bench/dir-%06d", i/treeDirectory) }

// MeasureMemory has clients create a tree on a server, and starts the server again.
func MeasureMemory(ctx context.Context, binary, dir string, znodes int) (m Memory, err error) {
	e, err := ensemble.New(ensemble.Options{Dir: dir, Voters: 1, Program: ensemble.Zoo(binary)})
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	if err := e.Start(ctx); err != nil {
		return m, err
	}
	s := e.Servers[0]
	m.Znodes = znodes
	if m.Empty, err = resident(s); err != nil {
		return m, err
	}
	if err := createTree(ctx, s.Address(), znodes); err != nil {
		return m, fmt.Errorf("%w\n%s", err, s.LastLines(20))
	}
	if m.Created, err = resident(s); err != nil {
		return m, err
	}
	if err := errors.Join(s.Kill(), s.Start(), s.WaitServing(ctx)); err != nil {
		return m, err
	}
	m.Restarted, err = resident(s)
	return m, err
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

// memoryLimit bounds the whole measurement.
const memoryLimit = 10 * time.Minute
