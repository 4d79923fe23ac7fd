package recipe

import (
	"context"
	"errors"
	"slices"
	"sync"

	"zoo"
	"zoo/client"
)

// Cache keeps a copy of a znode and all below it, as far as the session's server knows it,
// and follows its changes. Each znode in it is as it was at some time, and never goes back;
// two of them need not be of the same time. Without a server the copy stays as it was
// (client.State tells).
//
// It watches each znode with one-time watches, two for each: of persistent ones no server
// tells what they missed between two connections. The session must be allowed to read all.
type Cache struct {
	place
	w    client.Watcher
	stop context.CancelFunc
	done chan struct{}
	// wake tells the keeper that something is dirty.
	wake chan struct{}

	mu sync.Mutex
	// The rest is under mu.

	nodes map[string]Cached
	// dirty is what has to be read anew, and which parts of it.
	dirty map[string]part
	// revision counts the changes, from 1 when all was read. changed is closed, and made anew,
	// with it.
	revision uint64
	changed  chan struct{}
	err      error
}

// Cached is a znode in a Cache. It must not be changed.
type Cached struct {
	Data []byte
	// Stat belongs to the data. Its NumChildren, Cversion and Pzxid may be older than Children.
	Stat zoo.Stat
	// Children are the names, sorted.
	Children []string
}

// part is what can be dirty.
type part int

const (
	partData part = 1 << iota
	partChildren
	partAll = partData | partChildren
)

// readsAtOnce is how many znodes are read at the same time.
const readsAtOnce = 16

// OpenCache reads the subtree at the path, which need not exist. It returns when all of
// it is there, or with ctx. Close ends the cache, and so does the end of the session.
func OpenCache(ctx context.Context, c *client.Client, path string) (*Cache, error) {
	live, stop := context.WithCancel(context.WithoutCancel(ctx))
	k := &Cache{place: place{c: c, dir: path}, stop: stop, done: make(chan struct{}),
		wake: make(chan struct{}, 1), nodes: map[string]Cached{}, dirty: map[string]part{},
		changed: make(chan struct{})}
	k.w = client.NewWatcher(k.process)
	k.mark(path, partAll)
	go k.keep(live)
	if _, err := k.Wait(ctx, 0); err != nil {
		go k.forget(context.Background())
		return nil, err
	}
	return k, nil
}

// Get gives a znode of the copy. It still does after the end.
func (k *Cache) Get(path string) (Cached, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	node, found := k.nodes[path]
	return node, found
}

// Revision counts the changes of the copy.
func (k *Cache) Revision() uint64 {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.revision
}

// Wait waits until the copy has changed since a revision, and returns the new one. The error
// is that of ctx, or tells why the cache has ended.
func (k *Cache) Wait(ctx context.Context, since uint64) (uint64, error) {
	for {
		k.mu.Lock()
		revision, changed, err := k.revision, k.changed, k.err
		k.mu.Unlock()
		if revision > since || err != nil {
			return revision, k.failed("cache", err)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return revision, k.failed("cache", ctx.Err())
		}
	}
}

// Close ends the cache and takes its watches away, which is a request for each znode. With
// the end of ctx it goes on in the background.
func (k *Cache) Close(ctx context.Context) error {
	forgotten := make(chan struct{})
	go func() {
		defer close(forgotten)
		k.forget(context.WithoutCancel(ctx))
	}()
	select {
	case <-forgotten:
		return nil
	case <-ctx.Done():
		return k.failed("cache", ctx.Err())
	}
}

// forget ends the keeper and removes the watches.
func (k *Cache) forget(ctx context.Context) {
	k.stop()
	<-k.done
	k.mu.Lock()
	paths := []string{k.dir}
	for path := range k.nodes {
		paths = append(paths, path)
	}
	k.mu.Unlock()
	for _, path := range paths {
		if isOver(k.c) {
			return
		}
		// A watch may have been used up.
		_ = k.c.RemoveWatches(ctx, path,
			client.Removal{Type: zoo.WatcherAny, Watcher: k.w, Local: true})
	}
}

// process hears of all watches.
func (k *Cache) process(e client.Event) {
	switch e.Type {
	case zoo.EventNodeDataChanged:
		k.mark(e.Path, partData)
	case zoo.EventNodeChildrenChanged:
		k.mark(e.Path, partChildren)
	case zoo.EventNodeCreated, zoo.EventNodeDeleted:
		k.mark(e.Path, partAll)
	case zoo.EventNone:
		k.mark(k.dir, partAll) // The session is over, which reading will tell.
	}
}

func (k *Cache) mark(path string, p part) {
	k.mu.Lock()
	k.dirty[path] |= p
	k.mu.Unlock()
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

// keep reads what is dirty until the end.
func (k *Cache) keep(ctx context.Context) {
	defer close(k.done)
	for {
		select {
		case <-k.wake:
		case <-ctx.Done():
			k.turn(nil, client.ErrClosed)
			return
		}
		if err := k.read(ctx); err != nil {
			if ctx.Err() != nil {
				err = client.ErrClosed
			}
			k.turn(nil, err)
			return
		}
	}
}

// read reads until nothing is dirty, and makes each step known; the first time only the last.
func (k *Cache) read(ctx context.Context) error {
	for {
		k.mu.Lock()
		dirty := k.dirty
		k.dirty = map[string]part{}
		k.mu.Unlock()
		if len(dirty) == 0 {
			return nil
		}
		if err := k.readAll(ctx, dirty); err != nil {
			return err
		}
		k.turn(func() bool { return k.revision > 0 || len(k.dirty) == 0 }, nil)
	}
}

// turn lets those who wait look again: at the next revision if there is one, or the end.
func (k *Cache) turn(next func() bool, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case err != nil:
		k.err = err
	case next():
		k.revision++
	default:
		return
	}
	close(k.changed)
	k.changed = make(chan struct{})
}

func (k *Cache) readAll(ctx context.Context, dirty map[string]part) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var group sync.WaitGroup
	free := make(chan struct{}, readsAtOnce)
	for path, p := range dirty {
		free <- struct{}{}
		group.Go(func() {
			defer func() { <-free }()
			if err := k.refresh(ctx, path, p); err != nil {
				cancel(err)
			}
		})
	}
	group.Wait()
	return context.Cause(ctx)
}

// refresh reads parts of a znode, with watches of what comes next.
func (k *Cache) refresh(ctx context.Context, path string, p part) error {
	var data []byte
	var stat zoo.Stat
	var names []string
	err := k.again(ctx, func() (err error) {
		if p&partData != 0 {
			data, stat, err = k.c.Get(ctx, path, k.w)
		}
		if p&partChildren != 0 && err == nil {
			names, _, err = k.c.Children(ctx, path, k.w)
		}
		return err
	})
	if errors.Is(err, zoo.CodeNoNode) {
		return k.lose(ctx, path)
	}
	if err == nil && p&partData != 0 {
		k.putData(path, data, stat)
	}
	if err == nil && p&partChildren != 0 {
		k.putChildren(path, names)
	}
	return err
}

func (k *Cache) putData(path string, data []byte, stat zoo.Stat) {
	k.mu.Lock()
	defer k.mu.Unlock()
	node := k.nodes[path]
	node.Data, node.Stat = data, stat
	k.nodes[path] = node
}

// putChildren takes note of who is there, and has those read who are new.
func (k *Cache) putChildren(path string, names []string) {
	slices.Sort(names)
	k.mu.Lock()
	node := k.nodes[path]
	for _, name := range node.Children {
		if _, found := slices.BinarySearch(names, name); !found {
			k.dropLocked(place{dir: path}.at(name))
		}
	}
	node.Children = names
	k.nodes[path] = node
	var fresh []string
	for _, name := range names {
		child := place{dir: path}.at(name)
		if _, known := k.nodes[child]; !known {
			fresh = append(fresh, child)
		}
	}
	k.mu.Unlock()
	for _, child := range fresh {
		k.mark(child, partAll)
	}
}

func (k *Cache) dropLocked(path string) {
	node := k.nodes[path]
	delete(k.nodes, path)
	for _, name := range node.Children {
		k.dropLocked(place{dir: path}.at(name))
	}
}

// lose drops a znode that is not there. Its parent is listed once more: it may have been
// created again, and listed, before it was dropped here.
func (k *Cache) lose(ctx context.Context, path string) error {
	k.mu.Lock()
	k.dropLocked(path)
	parent, _ := zoo.SplitPath(path)
	_, known := k.nodes[parent]
	k.mu.Unlock()
	if path != k.dir {
		if known {
			k.mark(parent, partChildren)
		}
		return nil
	}
	err := k.again(ctx, func() error {
		_, err := k.c.Exists(ctx, path, k.w)
		return err
	})
	if err == nil {
		k.mark(path, partAll)
	}
	return ifNot(err, zoo.CodeNoNode)
}
