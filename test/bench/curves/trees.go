package curves

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"

	"zoo/client"
	"zoo/internal/jute"
	"zoo/internal/wire"
	"zoo/test/ensemble"
)

const (
	// crowdSize sessions fill and ask, each with crowdDepth requests in flight.
	crowdSize, crowdDepth = 16, 16
	// asked is how many operations a figure of single ones is the mean of.
	asked = 200_000
	// small is the size of the values of many znodes.
	small = 100
	// treeDirectory znodes are in one directory.
	treeDirectory = 1000
)

func treeDir(i int) string { return fmt.Sprintf("/tree/dir-%06d", i/treeDirectory) }

func treePath(i int) string { return fmt.Sprintf("%s/a-znode-%09d", treeDir(i), i) }

// grove is a server with a tree that a crowd asks.
type grove struct {
	*spot
	crowd
	// empty is the memory of the server before it had the tree.
	empty float64
}

// plant starts a server with a znode for each of the paths, and a crowd of sessions.
func (s *spot) plant(ctx context.Context, paths []string, opts ensemble.Options) (*grove, error) {
	opts.Voters = 1
	if err := s.start(ctx, opts); err != nil {
		return nil, err
	}
	g := &grove{spot: s}
	var err error
	if g.crowd, err = dialMany(ctx, s.server().Address(), crowdSize); err != nil {
		return nil, err
	}
	at := func(i int) string { return paths[i] }
	if err := g.crowd[:1].fill(0, len(paths), at, nil); err != nil {
		return nil, err
	}
	return g, nil
}

// warm lets the server reach the memory that it works with, and takes that for empty.
func (g *grove) warm(path string) (err error) {
	for _, next := range []request{
		func(int) (wire.Op, jute.Record) { return setOf(path) },
		func(int) (wire.Op, jute.Record) {
			return wire.OpGetData, &wire.GetDataRequest{Path: path}
		}} {
		if err := g.ask(asked, crowdDepth, next); err != nil {
			return err
		}
	}
	g.empty, err = g.resident()
	return err
}

// asking measures n single requests: the CPU of the server for each.
func (g *grove) asking(got figures, t task) error {
	m, err := g.meter()
	if err != nil {
		return err
	}
	if err := g.ask(t.n, crowdDepth, t.next); err != nil {
		return fmt.Errorf("%s: %w", t.column, err)
	}
	return m.into(got, t.column, t.n)
}

// task is a figure of single requests.
type task struct {
	column string
	n      int
	next   request
}

// perform takes the figures of the tasks, one after another.
func (g *grove) perform(got figures, tasks ...task) error {
	for _, t := range tasks {
		if err := g.asking(got, t); err != nil {
			return err
		}
	}
	return nil
}

// grownMin is how much more memory has to have been taken: less may be a buffer.
const grownMin = 16 << 20

// grown puts the memory that the server has taken since it was empty into a column, for
// each of n.
func (g *grove) grown(got figures, column string, n int) error {
	now, err := g.resident()
	if more := now - g.empty; more >= grownMin {
		got[column] = more / float64(n)
	}
	return err
}

func setOf(path string) (wire.Op, jute.Record) {
	return wire.OpSetData, &wire.SetDataRequest{Path: path, Data: make([]byte, small),
		Version: -1}
}

// treeDirs are those of n znodes, and theirs.
func treeDirs(n int) []string {
	dirs := []string{"/tree"}
	for i := 0; i < n; i += treeDirectory {
		dirs = append(dirs, treeDir(i))
	}
	return dirs
}

func znodes(ctx context.Context, s *spot) (figures, error) {
	opts := ensemble.Options{Operated: true}
	if s.at > pacedMax {
		opts.Lines = append(opts.Lines, "snapRateLimitInKb=1000000")
	}
	g, err := s.plant(ctx, treeDirs(s.at), opts)
	if err != nil {
		return nil, err
	}
	if err := g.warm("/tree"); err != nil {
		return nil, err
	}
	m, err := g.meter()
	if err != nil {
		return nil, err
	}
	if err := g.fill(0, s.at, treePath, make([]byte, small)); err != nil {
		return nil, err
	}
	got := figures{}
	if err := m.into(got, "create_cpu_us", s.at); err != nil {
		return nil, err
	}
	if err := g.grown(got, "rss_per_znode", s.at); err != nil {
		return nil, err
	}
	chosen := func() string { return treePath(rand.IntN(s.at)) }
	err = g.perform(got,
		task{"set_cpu_us", asked, func(int) (wire.Op, jute.Record) { return setOf(chosen()) }},
		task{"get_cpu_us", asked, func(int) (wire.Op, jute.Record) {
			return wire.OpGetData, &wire.GetDataRequest{Path: chosen()}
		}})
	if err != nil {
		return nil, err
	}
	return got, g.comeBack(ctx, got)
}

// pacedMax is up to how many znodes snapshots are written at the rate that a server is born
// with, which is chosen to disturb nobody; with more a point would only wait for it.
const pacedMax = 1_000_000

// comeBack kills the server and starts it with what it has, then takes a snapshot and does
// it again. Java's server takes none when it is asked.
func (g *grove) comeBack(ctx context.Context, got figures) error {
	took, err := g.reborn(ctx)
	if err != nil {
		return err
	}
	got["recovery_log_ms"] = millis(took)
	if g.side == sideJava {
		return nil
	}
	begun := time.Now()
	written, err := g.takeSnapshot(ctx)
	if err != nil {
		return err
	}
	if g.at <= pacedMax {
		got["snapshot_ms"] = millis(time.Since(begun))
	}
	got["snapshot_per_znode"] = written / float64(g.at)
	took, err = g.reborn(ctx)
	got["recovery_snapshot_ms"] = millis(took)
	return err
}

// takeSnapshot lets the server write one and tells its size in bytes.
func (g *grove) takeSnapshot(ctx context.Context) (bytes float64, err error) {
	ask, err := http.NewRequestWithContext(ctx, http.MethodGet,
		g.server().AdminURL()+"/commands/snapshot?streaming=false", nil)
	if err != nil {
		return 0, err
	}
	ask.Header.Set("Authorization", "digest u:p")
	response, err := http.DefaultClient.Do(ask)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("snapshot: %s: %s", response.Status, text)
	}
	_, err = fmt.Sscan(response.Header.Get("snapshot_size"), &bytes)
	return bytes, err
}

const family = "/family"

// childPath scatters the names: they come in no order.
func childPath(i int) string { return fmt.Sprintf("%s/child-%08x", family, uint32(i)*2654435761) }

func children(ctx context.Context, s *spot) (figures, error) {
	g, err := s.plant(ctx, []string{family}, ensemble.Options{})
	if err != nil {
		return nil, err
	}
	if err := g.warm(family); err != nil {
		return nil, err
	}
	if err := g.fill(0, s.at, childPath, nil); err != nil {
		return nil, err
	}
	got := figures{}
	if err := g.grown(got, "rss_per_child", s.at); err != nil {
		return nil, err
	}
	// What is created is deleted again, so that all is about s.at of them.
	const more = asked / 4
	err = g.perform(got,
		task{"exists_cpu_us", asked, func(int) (wire.Op, jute.Record) {
			return wire.OpExists, &wire.ExistsRequest{Path: childPath(rand.IntN(s.at))}
		}},
		task{"create_cpu_us", more, func(i int) (wire.Op, jute.Record) {
			return wire.OpCreate, createOf(childPath(s.at+i), nil)
		}},
		task{"delete_cpu_us", more, func(i int) (wire.Op, jute.Record) {
			return wire.OpDelete, &wire.DeleteRequest{Path: childPath(s.at + i), Version: -1}
		}})
	if err != nil || s.side == sideJava {
		return got, err
	}
	return got, s.pages(ctx, got)
}

// pages measures the first page of names and the median of others.
func (s *spot) pages(ctx context.Context, got figures) (err error) {
	c, err := client.Dial(ctx, client.Options{Servers: []string{s.server().Address()}})
	if err != nil {
		return err
	}
	defer func() { _ = c.Close(ctx) }() // its session dies with the server
	if _, err := c.Exists(ctx, family, nil); err != nil {
		return err
	}
	var took []float64
	after := ""
	for len(took) < 20 {
		begun := time.Now()
		names, more, _, err := c.ChildrenPage(ctx, family, client.Page{After: after})
		if err != nil {
			return err
		}
		took = append(took, millis(time.Since(begun)))
		after = ""
		if more {
			after = names[len(names)-1]
		}
	}
	got["first_page_ms"] = took[0]
	slices.Sort(took)
	got["page_ms"] = took[len(took)/2]
	return nil
}
