package client

import (
	"context"
	"maps"
	"slices"

	"zoo"
	"zoo/internal/wire"
)

// kind is one of the lists of watches that a client keeps, in the order in which
// setWatches2 carries them.
type kind int

const (
	dataWatches kind = iota
	existWatches
	childWatches
	persistentWatches
	recursiveWatches
	kinds
)

// registry is what the client watches, by the server's paths: who has to be told, and
// what the next server has to be asked for. It is under Client.mu. Its size is the
// caller's affair, as is the number of watches it sets.
type registry [kinds]map[string]map[Watcher]struct{}

func (r *registry) add(k kind, path string, w Watcher) {
	if r[k] == nil {
		r[k] = map[string]map[Watcher]struct{}{}
	}
	if r[k][path] == nil {
		r[k][path] = map[Watcher]struct{}{}
	}
	r[k][path][w] = struct{}{}
}

// drop forgets one watcher and tells it nothing. It tells whether there was one.
func (r *registry) drop(k kind, path string, w Watcher) bool {
	_, known := r[k][path][w]
	delete(r[k][path], w)
	if len(r[k][path]) == 0 {
		delete(r[k], path)
	}
	return known
}

// fire collects who hears an event of a server, and forgets those whose watch is
// used up by it.
func (r *registry) fire(t zoo.EventType, path string) []Watcher {
	heard := map[Watcher]struct{}{}
	use := func(kinds ...kind) {
		for _, k := range kinds {
			maps.Copy(heard, r[k][path])
			delete(r[k], path)
		}
	}
	switch t {
	case zoo.EventNodeCreated, zoo.EventNodeDataChanged:
		use(dataWatches, existWatches)
	case zoo.EventNodeChildrenChanged:
		use(childWatches)
	case zoo.EventNodeDeleted:
		use(dataWatches, existWatches, childWatches)
	}
	maps.Copy(heard, r[persistentWatches][path])
	if t != zoo.EventNodeChildrenChanged {
		r.above(path, heard)
	}
	return slices.Collect(maps.Keys(heard))
}

// above adds those who watch the path or anything above it recursively.
func (r *registry) above(path string, heard map[Watcher]struct{}) {
	if len(r[recursiveWatches]) == 0 {
		return
	}
	for {
		maps.Copy(heard, r[recursiveWatches][path])
		if path == "/" || path == "" {
			return
		}
		path, _ = zoo.SplitPath(path)
	}
}

// all are all watchers, each once.
func (r *registry) all() []Watcher {
	heard := map[Watcher]struct{}{}
	for _, paths := range r {
		for _, watchers := range paths {
			maps.Copy(heard, watchers)
		}
	}
	return slices.Collect(maps.Keys(heard))
}

// kindsOf are the lists that a watcher type speaks of.
func kindsOf(t zoo.WatcherType) []kind {
	switch t {
	case zoo.WatcherChildren:
		return []kind{childWatches}
	case zoo.WatcherData:
		return []kind{dataWatches, existWatches}
	case zoo.WatcherPersistent:
		return []kind{persistentWatches}
	case zoo.WatcherPersistentRecursive:
		return []kind{recursiveWatches}
	}
	return []kind{childWatches, dataWatches, existWatches, persistentWatches, recursiveWatches}
}

// removedEvent is what a watcher hears when its watch is taken away.
var removedEvent = [kinds]zoo.EventType{
	dataWatches:       zoo.EventDataWatchRemoved,
	existWatches:      zoo.EventDataWatchRemoved,
	childWatches:      zoo.EventChildWatchRemoved,
	persistentWatches: zoo.EventPersistentWatchRemoved,
	recursiveWatches:  zoo.EventPersistentWatchRemoved,
}

// contains tells whether w, or anybody if it is nil, watches the path.
func (r *registry) contains(path string, t zoo.WatcherType, w Watcher) bool {
	for _, k := range kindsOf(t) {
		if _, ok := r[k][path][w]; ok || w == nil && len(r[k][path]) > 0 {
			return true
		}
	}
	return false
}

// removal is one kind of event, and who hears it.
type removal struct {
	event    zoo.EventType
	watchers []Watcher
}

// remove forgets w, or all if it is nil, and tells who hears of it: data watches
// before child watches before persistent ones.
func (r *registry) remove(path string, t zoo.WatcherType, w Watcher) []removal {
	gone := map[zoo.EventType]map[Watcher]struct{}{}
	for _, k := range kindsOf(t) {
		for known := range r[k][path] {
			if w != nil && known != w {
				continue
			}
			if gone[removedEvent[k]] == nil {
				gone[removedEvent[k]] = map[Watcher]struct{}{}
			}
			gone[removedEvent[k]][known] = struct{}{}
			r.drop(k, path, known)
		}
	}
	var all []removal
	for _, event := range slices.Sorted(maps.Keys(gone)) {
		all = append(all, removal{event, slices.Collect(maps.Keys(gone[event]))})
	}
	return all
}

// rearmBytesMax bounds the paths of one setWatches request, so that it stays well
// below a server's limit of a frame.
const rearmBytesMax = 128 << 10

// rearm gives the requests that arm all watches on another server: the server sends
// events for what has changed after seen.
func (r *registry) rearm(seen zoo.Zxid) []*wire.SetWatches2 {
	var requests []*wire.SetWatches2
	size := rearmBytesMax
	var lists [kinds]*[]string
	for k, paths := range r {
		for _, path := range slices.Sorted(maps.Keys(paths)) {
			if size+len(path) > rearmBytesMax {
				next := &wire.SetWatches2{RelativeZxid: seen}
				requests = append(requests, next)
				lists = [kinds]*[]string{&next.DataWatches, &next.ExistWatches,
					&next.ChildWatches, &next.PersistentWatches, &next.PersistentRecursiveWatches}
				size = 0
			}
			*lists[k] = append(*lists[k], path)
			size += len(path) + 4
		}
	}
	return requests
}

// Settle waits until the watchers have heard all events that have come so far. A
// watcher must not call it: it would wait for itself.
func (c *Client) Settle(ctx context.Context) error {
	last, heard := OneEvent()
	c.events.mark(last)
	select {
	case <-heard:
	case <-c.done:
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}
