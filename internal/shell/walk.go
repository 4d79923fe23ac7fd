package shell

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"zoo"
	"zoo/client"
)

// readAheadMax is how many znodes of one family are read before it is their turn.
const readAheadMax = 64

// found is what a walk has read of one znode.
type found struct {
	path string
	// depth is 0 for the znode that the walk begins with.
	depth int
	// last tells that no sibling comes behind it.
	last bool
	stat zoo.Stat
	mode zoo.CreateMode
	// ttl is that of an import, in milliseconds.
	ttl int64
	// data and acl are read by a walk that wants the whole.
	data []byte
	acl  []zoo.ACL
	// names are the first page of its children, and more tells that there are others.
	names []string
	more  bool
	err   error
}

// walk visits a znode and all below it, parents first and children sorted, while what comes
// next is being read. A znode that goes away meanwhile is passed over.
type walk struct {
	shell *Shell
	// whole wants data and ACLs, too.
	whole bool
	// depthMax is how far down it goes, -1 to the end.
	depthMax int
	// skip tells what is left out with all below it; nil leaves out nothing.
	skip func(path string) bool
	// visit hears of each znode, if it is not nil.
	visit func(*found) error
	// listed hears of the names of each family, a page at a time and all before the first of
	// them is visited, if it is not nil.
	listed func(parent string, names []string) error

	readers sync.WaitGroup
}

// run walks. All that it reads has ended when it returns.
func (w *walk) run(ctx context.Context, path string) error {
	if err := checkPath(path); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer w.readers.Wait()
	defer stop()
	first := w.fetch(ctx, path)
	first.last = true
	if first.err != nil {
		return first.err
	}
	return w.enter(ctx, &first)
}

func (w *walk) enter(ctx context.Context, at *found) error {
	if w.visit != nil {
		if err := w.visit(at); err != nil {
			return err
		}
	}
	if at.depth == w.depthMax || len(at.names) == 0 && !at.more {
		return nil
	}
	at.data, at.acl = nil, nil // A deep walk holds all that are above it.
	if w.listed == nil {
		return w.pages(ctx, at, func(names []string, more bool) error {
			return w.descend(ctx, at, names, more)
		})
	}
	var all []string
	err := w.pages(ctx, at, func(names []string, _ bool) error {
		all = append(all, names...)
		return w.listed(at.path, names)
	})
	if err != nil {
		return err
	}
	return w.descend(ctx, at, all, false)
}

// pages gives the names of a family, a page at a time.
func (w *walk) pages(ctx context.Context, at *found,
	visit func(names []string, more bool) error) error {
	names, more := at.names, at.more
	for {
		if err := visit(names, more); err != nil || !more {
			return err
		}
		after := names[len(names)-1]
		var err error
		names, more, _, err = w.shell.page(ctx, at.path, client.Page{After: after})
		if err != nil {
			return err
		}
		if len(names) == 0 {
			return nil
		}
	}
}

// descend visits children, in their order.
func (w *walk) descend(ctx context.Context, parent *found, names []string, more bool) error {
	paths := make([]string, 0, len(names))
	for _, name := range names {
		if path := below(parent.path, name); w.skip == nil || !w.skip(path) {
			paths = append(paths, path)
		}
	}
	var ahead []<-chan found
	begun := 0
	for i := range paths {
		for ; begun < min(len(paths), i+readAheadMax); begun++ {
			ahead = append(ahead, w.read(ctx, paths[begun]))
		}
		at := <-ahead[0]
		ahead = ahead[1:]
		if errors.Is(at.err, zoo.CodeNoNode) {
			continue
		}
		if at.err != nil {
			return at.err
		}
		at.depth, at.last = parent.depth+1, !more && i == len(paths)-1
		if err := w.enter(ctx, &at); err != nil {
			return err
		}
	}
	return nil
}

// read begins to read a znode.
func (w *walk) read(ctx context.Context, path string) <-chan found {
	c := make(chan found, 1)
	w.readers.Go(func() { c <- w.fetch(ctx, path) })
	return c
}

func (w *walk) fetch(ctx context.Context, path string) found {
	at := found{path: path}
	at.names, at.more, at.stat, at.err = w.shell.page(ctx, path, client.Page{})
	if w.whole && at.err == nil {
		at.data, at.stat, at.err = w.shell.client.Get(ctx, path, nil)
	}
	if w.whole && at.err == nil {
		at.acl, _, at.err = w.shell.client.GetACL(ctx, path)
	}
	at.mode = modeOf(at.stat)
	return at
}

// ownSubtree is where a server keeps what is about itself.
const ownSubtree = "/zookeeper"

// leaveOutOwn leaves out what is the server's own, unless the walk begins there.
func leaveOutOwn(root string) func(string) bool {
	return func(path string) bool { return root == "/" && path == ownSubtree }
}

// relative is a path below another one, from there: "/" is that one itself.
func relative(root, path string) string {
	if root == "/" {
		return path
	}
	return "/" + strings.TrimPrefix(strings.TrimPrefix(path, root), "/")
}

// join is a path that relative gave, below another root.
func join(root, rest string) string {
	switch {
	case rest == "/":
		return root
	case root == "/":
		return rest
	}
	return root + rest
}

// progressStep is after how many znodes a counter shows them.
const progressStep = 1000

// progress counts what a long command has done, for somebody who waits at a terminal.
type progress struct {
	out   io.Writer
	what  string
	count int
}

func (s *Shell) progress(what string) *progress { return &progress{out: s.Progress, what: what} }

func (p *progress) one() { p.add(1) }

func (p *progress) add(n int) {
	before := p.count
	p.count += n
	if p.out != nil && before/progressStep != p.count/progressStep {
		fmt.Fprintf(p.out, "\r\x1b[K%d znodes %s", p.count, p.what)
	}
}

// end removes the counter.
func (p *progress) end() {
	if p.out != nil && p.count >= progressStep {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}
