package bench

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"zoo"
	"zoo/client"
	"zoo/internal/load"
	"zoo/test/ensemble"
)

var children = flag.Int("children", 0,
	"children of one parent; 0 is 30,000, or 5,000,000 with ZOO_SOAK=1")

const (
	childrenDefault, childrenSoak = 30_000, 5_000_000
	familyPath                    = "/family"
	// familyBatch of them are made or deleted by one multi, familyClients do it at once.
	familyBatch   = 1000
	familyClients = 4
	// One of so many children is deleted.
	familyDeletes = 5
	familyLimit   = time.Hour
	// probePause is between two writes of the probe.
	probePause = time.Millisecond
)

// family is a parent with very many children on a real server, and who works with it.
type family struct {
	*testing.T
	ctx     context.Context
	server  *ensemble.Server
	clients []*client.Client
	names   []string // names are those that are there, sorted.
}

// The plot: clients make millions of children under scattered names, by multis. They are
// counted, looked up and listed page by page; then every fifth is deleted and all are
// listed once more. Meanwhile somebody writes without a pause, and waits for nobody.
func TestAFamilyOfMillionsIsServedByPages(t *testing.T) {
	f := newFamily(t)
	f.change("created", f.names, func(path string) client.Op {
		return client.CreateOp(path, nil, client.CreateOptions{})
	})
	slices.Sort(f.names)
	f.while("counted", f.count)
	f.while("looked up", f.lookUp)
	f.while("listed", f.list)
	f.while("listed once more", f.list)
	var gone []string
	for i := 0; i < len(f.names); i += familyDeletes {
		gone = append(gone, f.names[i])
	}
	f.change("deleted", gone, func(path string) client.Op {
		return client.DeleteOp(path, client.AnyVersion)
	})
	missing := make(map[string]bool, len(gone))
	for _, name := range gone {
		missing[name] = true
	}
	f.names = slices.DeleteFunc(f.names, func(name string) bool { return missing[name] })
	f.while("counted", f.count)
	f.while("listed", f.list)
	bytes, err := load.ResidentBytes(f.server.PID())
	f.must(err)
	f.Logf("the server takes %d MiB", bytes>>20)
}

func newFamily(t *testing.T) *family {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), familyLimit)
	t.Cleanup(cancel)
	f := &family{T: t, ctx: ctx}
	program := *binary
	if program == "" {
		built, err := ensemble.Build(ctx, t.TempDir())
		f.must(err)
		program = built
	}
	e, err := ensemble.New(ensemble.Options{Dir: t.TempDir(), Voters: 1,
		Program: ensemble.Zoo(program)})
	f.must(err)
	t.Cleanup(func() { f.must(e.Close()) })
	f.must(e.Start(ctx))
	f.server = e.Servers[0]
	for range familyClients {
		f.clients = append(f.clients, f.dial())
	}
	_, err = f.clients[0].Create(ctx, familyPath, nil, client.CreateOptions{})
	f.must(err)
	n := *children
	if n == 0 {
		n = childrenDefault
		if os.Getenv("ZOO_SOAK") != "" {
			n = childrenSoak
		}
	}
	for i := range n {
		f.names = append(f.names, fmt.Sprintf("child-%08x", uint32(i)*2654435761))
	}
	return f
}

func (f *family) dial() *client.Client {
	f.Helper()
	c, err := client.Dial(f.ctx, client.Options{Servers: []string{f.server.Address()}})
	f.must(err)
	f.Cleanup(func() {
		if err := c.Close(context.Background()); err != nil {
			f.Error(err)
		}
	})
	return c
}

func (f *family) must(err error) {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
}

// change makes or deletes children, each client what is next.
func (f *family) change(what string, names []string, op func(path string) client.Op) {
	f.Helper()
	began := time.Now()
	var next atomic.Int64
	errs := make([]error, len(f.clients))
	var group sync.WaitGroup
	for i, c := range f.clients {
		group.Go(func() {
			for errs[i] == nil {
				start := int(next.Add(familyBatch)) - familyBatch
				if start >= len(names) {
					return
				}
				var ops []client.Op
				for _, name := range names[start:min(start+familyBatch, len(names))] {
					ops = append(ops, op(familyPath+"/"+name))
				}
				_, errs[i] = c.Multi(f.ctx, ops...)
			}
		})
	}
	group.Wait()
	f.must(errors.Join(errs...))
	took := time.Since(began)
	f.Logf("%d %s in %v, %.0f a second", len(names), what, took.Round(time.Millisecond),
		float64(len(names))/took.Seconds())
}

// while does something while somebody writes, and tells how long one write took.
func (f *family) while(what string, do func()) {
	f.Helper()
	const path = "/probe"
	c, stop, ended := f.dial(), make(chan struct{}), make(chan error, 1)
	if _, err := c.Create(f.ctx, path, nil, client.CreateOptions{}); !errors.Is(err,
		zoo.CodeNodeExists) {
		f.must(err)
	}
	var delays []time.Duration
	go func() {
		pause := time.NewTicker(probePause)
		defer pause.Stop()
		for {
			began := time.Now()
			_, err := c.Set(f.ctx, path, nil, client.AnyVersion)
			delays = append(delays, time.Since(began))
			select {
			case <-stop:
				ended <- err
				return
			case <-pause.C:
			}
			if err != nil {
				ended <- err
				return
			}
		}
	}()
	do()
	close(stop)
	f.must(<-ended)
	slices.Sort(delays)
	f.Logf("%s; of %d writes meanwhile the median took %v, the longest %v", what, len(delays),
		delays[len(delays)/2], delays[len(delays)-1])
}

func (f *family) count() {
	stat, err := f.clients[0].Exists(f.ctx, familyPath, nil)
	f.must(err)
	began := time.Now()
	below, err := f.clients[0].AllChildrenNumber(f.ctx, familyPath)
	f.must(err)
	f.Logf("all below counted in %v", time.Since(began))
	if want := int32(len(f.names)); stat.NumChildren != want || below != want {
		f.Fatalf("%d children and %d below, not %d", stat.NumChildren, below, want)
	}
}

// lookUp finds some that are there, and misses some that are not.
func (f *family) lookUp() {
	for i := 0; i < len(f.names); i += len(f.names)/1000 + 1 {
		path := familyPath + "/" + f.names[i]
		_, err := f.clients[0].Exists(f.ctx, path, nil)
		f.must(err)
		if _, err := f.clients[0].Exists(f.ctx, path+"-", nil); !errors.Is(err, zoo.CodeNoNode) {
			f.Fatalf("%s- : %v", path, err)
		}
	}
}

// list goes through all pages.
func (f *family) list() {
	var times []time.Duration
	at, after := 0, ""
	for more := true; more; {
		began := time.Now()
		var names []string
		var err error
		names, more, _, err = f.clients[0].ChildrenPage(f.ctx, familyPath,
			client.Page{After: after})
		times = append(times, time.Since(began))
		f.must(err)
		if end := at + len(names); end > len(f.names) || len(names) == 0 ||
			!slices.Equal(names, f.names[at:end]) {
			f.Fatalf("the page behind %q has other names, %d", after, len(names))
		}
		at += len(names)
		after = f.names[at-1]
	}
	if at != len(f.names) {
		f.Fatalf("%d names, not %d", at, len(f.names))
	}
	first := times[0]
	slices.Sort(times)
	f.Logf("%d pages: the first took %v, the median %v, the longest %v", len(times), first,
		times[len(times)/2], times[len(times)-1])
}
