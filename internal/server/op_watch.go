package server

import (
	"sync"

	"zoo"
	"zoo/internal/core/watch"
	"zoo/internal/jute"
	"zoo/internal/wire"
)

// watches is the table of all watches of this server. It changes under the
// tree's write lock, or under its read lock and mu: so the loop, which fires
// watches under the write lock, needs no mu while it calls connections.
type watches struct {
	mu    sync.Mutex
	table *watch.Table
}

func (w *watches) add(path string, id watch.ConnID, mode watch.Mode) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.table.Add(path, id, mode)
}

func (w *watches) removeConn(id watch.ConnID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.table.RemoveConn(id)
}

// counts are the sizes of the table of data watches, and the number of watches in
// both tables.
func (w *watches) counts() (data watch.Counts, all int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.table.Counts(watch.DataWatches),
		w.table.Len(watch.DataWatches) + w.table.Len(watch.ChildWatches)
}

// walk shows a part of the table of data watches, and gives where to go on; see
// watch.Table.
func (w *watches) walk(from uint32, show func(path string, id watch.ConnID)) uint32 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.table.Walk(watch.DataWatches, from, shownPerHold, show)
}

// each shows a part of all watches, and gives where to go on.
func (w *watches) each(from uint32,
	show func(path string, id watch.ConnID, modes watch.Mode)) uint32 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.table.Each(from, shownPerHold, show)
}

// of shows the watches of a path, or those of a connection for none, if they are so few that
// one hold of the locks is enough; else it is false.
func (w *watches) of(path string, id watch.ConnID,
	show func(path string, id watch.ConnID, modes watch.Mode)) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if path != "" {
		return w.table.OfPath(path, shownPerHold, show)
	}
	return w.table.OfConn(id, shownPerHold, show)
}

// watch registers a watch of this connection.
func (x *exec) watch(path string, mode watch.Mode) {
	x.conn.watched = true
	x.server.watches.add(path, watch.ConnID(x.conn.id), mode)
}

// addWatch sets a persistent watch, whether or not the znode exists and who may
// read it: events are filtered when they are sent.
func (x *exec) addWatch(d *jute.Decoder) zoo.Code {
	path, mode := d.String(), zoo.AddWatchMode(d.Int())
	if d.Err() != nil {
		return zoo.CodeMarshallingError
	}
	switch mode {
	case zoo.WatchPersistent:
		x.watch(path, watch.Persistent)
	case zoo.WatchPersistentRecursive:
		x.watch(path, watch.Recursive)
	default:
		return zoo.CodeMarshallingError
	}
	response := wire.ErrorResponse{}
	x.out = response.AppendTo(x.out)
	return zoo.CodeOK
}

func (x *exec) checkWatches(d *jute.Decoder) zoo.Code {
	return x.aboutWatch(d, (*watch.Table).Contains)
}

func (x *exec) removeWatches(d *jute.Decoder) zoo.Code {
	return x.aboutWatch(d, (*watch.Table).Remove)
}

// aboutWatch asks the table about a watch of this connection.
func (x *exec) aboutWatch(d *jute.Decoder,
	ask func(*watch.Table, string, watch.ConnID, zoo.WatcherType) bool) zoo.Code {
	path, kind := d.String(), zoo.WatcherType(d.Int())
	if d.Err() != nil || kind < zoo.WatcherChildren || kind > zoo.WatcherPersistentRecursive {
		return zoo.CodeMarshallingError
	}
	w := &x.server.watches
	w.mu.Lock()
	defer w.mu.Unlock()
	if !ask(w.table, path, watch.ConnID(x.conn.id), kind) {
		return zoo.CodeNoWatcher
	}
	return zoo.CodeOK
}

// setWatches sets the one-shot watches of a client that has reconnected, and
// tells it at once what it has missed since relativeZxid.
func (x *exec) setWatches(d *jute.Decoder) zoo.Code {
	var r wire.SetWatches
	r.DecodeFrom(d)
	if d.Err() != nil {
		return zoo.CodeMarshallingError
	}
	x.catchUp(r.RelativeZxid, r.DataWatches, missedData)
	x.catchUpExists(r.ExistWatches)
	x.catchUp(r.RelativeZxid, r.ChildWatches, missedChild)
	return zoo.CodeOK
}

// setWatches2 is setWatches with persistent watches, for which there is no
// catching up.
func (x *exec) setWatches2(d *jute.Decoder) zoo.Code {
	var r wire.SetWatches2
	r.DecodeFrom(d)
	if d.Err() != nil {
		return zoo.CodeMarshallingError
	}
	x.catchUp(r.RelativeZxid, r.DataWatches, missedData)
	x.catchUpExists(r.ExistWatches)
	x.catchUp(r.RelativeZxid, r.ChildWatches, missedChild)
	for _, path := range r.PersistentWatches {
		x.watch(path, watch.Persistent)
	}
	for _, path := range r.PersistentRecursiveWatches {
		x.watch(path, watch.Recursive)
	}
	return zoo.CodeOK
}

// missed says what a kind of one-shot watch looks at.
type missed struct {
	mode  watch.Mode
	event zoo.EventType
	last  func(st *zoo.Stat) zoo.Zxid
}

var (
	missedData = missed{watch.Data, zoo.EventNodeDataChanged,
		func(st *zoo.Stat) zoo.Zxid { return st.Mzxid }}
	missedChild = missed{watch.Child, zoo.EventNodeChildrenChanged,
		func(st *zoo.Stat) zoo.Zxid { return st.Pzxid }}
)

func (x *exec) catchUp(since zoo.Zxid, paths []string, m missed) {
	for _, path := range paths {
		node, found := x.tree.Lookup(path)
		if !found {
			x.tellMissed(zoo.EventNodeDeleted, path)
			continue
		}
		if st := node.Stat(); m.last(&st) > since {
			x.tellMissed(m.event, path)
			continue
		}
		x.watch(path, m.mode)
	}
}

// catchUpExists serves watches on znodes that were missing.
func (x *exec) catchUpExists(paths []string) {
	for _, path := range paths {
		if _, found := x.tree.Lookup(path); found {
			x.tellMissed(zoo.EventNodeCreated, path)
			continue
		}
		x.watch(path, watch.Data)
	}
}

// tellMissed sends an event in front of the reply; which transaction it was is
// not known any more.
func (x *exec) tellMissed(kind zoo.EventType, path string) {
	x.before = appendEvent(x.before, zoo.ZxidNone, kind, path)
}
