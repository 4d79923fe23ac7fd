package watch

import (
	"strings"

	"zoo"
)

// ConnID names a client connection of this server.
type ConnID uint64

// Mode is a set of ways in which one connection watches one path.
type Mode uint8

// The modes.
const (
	// Data is the one-shot watch of exists and getData.
	Data Mode = 1 << iota
	// Child is the one-shot watch of getChildren.
	Child
	// Persistent stays and counts as a data and as a child watch.
	Persistent
	// Recursive stays and covers the data of the path and of all below it.
	Recursive
)

// Kind selects one of the two tables that ZooKeeper shows to operators.
type Kind int

// The kinds of tables.
const (
	DataWatches Kind = iota
	ChildWatches
	kinds
)

// members are the modes that make a watch appear in a table.
var members = [kinds]Mode{Data | Persistent | Recursive, Child | Persistent}

// Counts are the sizes of a table.
type Counts struct {
	Watches int // Watches is the number of pairs of a path and a connection.
	Paths   int // Paths is the number of paths with a watch.
	Conns   int // Conns is the number of connections with a watch.
}

// Table holds all watches of a server. It belongs to one owner; nobody reads it
// during a change. A watch takes 28 bytes, as much again where many watch the same
// path, plus for each path its text and about 100 bytes.
//
// Watches are records without pointers in a slab, chained by path and by
// connection in the order of their arrival, so that the garbage collector has
// nothing to follow and the order of deliveries depends on nothing but the past.
// Index 0 of each slab means none.
type Table struct {
	paths map[string]uint32
	conns map[ConnID]uint32
	// crowd finds the watches of the paths with more than crowdMin watches; for the
	// others the chain is searched.
	crowd map[pair]uint32

	pathSlab  slab[pathEntry]
	connSlab  slab[connEntry]
	watchSlab slab[watchEntry]

	counts    [kinds]Counts
	recursive int
	// events counts the calls of Trigger.
	events uint64
}

// crowdMin is the length from which a chain is no longer searched.
const crowdMin = 16

// pair is a path and a connection, as places in their slabs.
type pair struct{ path, conn uint32 }

type pathEntry struct {
	path    string
	first   uint32
	last    uint32
	len     uint32
	members [kinds]uint32
}

type connEntry struct {
	id      ConnID
	event   uint64 // event is the last event that the connection was told.
	first   uint32
	last    uint32
	members [kinds]uint32
}

type watchEntry struct {
	pair
	nextOfPath, prevOfPath uint32
	nextOfConn, prevOfConn uint32
	modes                  Mode
}

// NewTable makes a table without watches.
func NewTable() *Table {
	return &Table{
		paths: map[string]uint32{}, conns: map[ConnID]uint32{}, crowd: map[pair]uint32{},
	}
}

// Add makes a connection watch a path in the given modes, besides those in which it
// does already. It keeps a copy of the path.
func (t *Table) Add(path string, conn ConnID, modes Mode) {
	if modes == 0 {
		return
	}
	at := pair{t.internPath(path), t.internConn(conn)}
	w := t.find(at)
	if w == 0 {
		w = t.link(at)
	}
	t.setModes(w, t.watchSlab.at(w).modes|modes)
}

func (t *Table) internPath(path string) uint32 {
	if p, ok := t.paths[path]; ok {
		return p
	}
	path = strings.Clone(path)
	p := t.pathSlab.add(pathEntry{path: path})
	t.paths[path] = p
	return p
}

func (t *Table) internConn(conn ConnID) uint32 {
	if c, ok := t.conns[conn]; ok {
		return c
	}
	c := t.connSlab.add(connEntry{id: conn})
	t.conns[conn] = c
	return c
}

// find gives the watch of a pair, or 0.
func (t *Table) find(at pair) uint32 {
	p := t.pathSlab.at(at.path)
	if p.len > crowdMin {
		return t.crowd[at]
	}
	for w := p.first; w != 0; {
		entry := t.watchSlab.at(w)
		if entry.conn == at.conn {
			return w
		}
		w = entry.nextOfPath
	}
	return 0
}

// lookup gives the watch of a connection on a path, or 0.
func (t *Table) lookup(path string, conn ConnID) uint32 {
	p, knowsPath := t.paths[path]
	c, knowsConn := t.conns[conn]
	if !knowsPath || !knowsConn {
		return 0
	}
	return t.find(pair{p, c})
}

// modesOf gives the modes in which a watcher type appears.
func modesOf(kind zoo.WatcherType) Mode {
	switch kind {
	case zoo.WatcherChildren:
		return Child
	case zoo.WatcherData:
		return Data
	case zoo.WatcherAny:
		return Data | Child | Persistent | Recursive
	case zoo.WatcherPersistent:
		return Persistent
	case zoo.WatcherPersistentRecursive:
		return Recursive
	}
	return 0
}

// Contains tells whether a connection watches a path in a way of the given type.
func (t *Table) Contains(path string, conn ConnID, kind zoo.WatcherType) bool {
	w := t.lookup(path, conn)
	return w != 0 && t.watchSlab.at(w).modes&modesOf(kind) != 0
}

// Remove ends the ways of the given type in which a connection watches a path. It
// is false if there were none.
func (t *Table) Remove(path string, conn ConnID, kind zoo.WatcherType) bool {
	w := t.lookup(path, conn)
	if w == 0 || t.watchSlab.at(w).modes&modesOf(kind) == 0 {
		return false
	}
	t.setModes(w, t.watchSlab.at(w).modes&^modesOf(kind))
	return true
}

// RemoveConn ends all watches of a connection.
func (t *Table) RemoveConn(conn ConnID) {
	c, ok := t.conns[conn]
	if !ok {
		return
	}
	for w := t.connSlab.at(c).first; w != 0; {
		next := t.watchSlab.at(w).nextOfConn
		t.setModes(w, 0)
		w = next
	}
}

// Len is the number of watches in a table.
func (t *Table) Len(kind Kind) int { return t.counts[kind].Watches }

// Counts gives the sizes of a table.
func (t *Table) Counts(kind Kind) Counts { return t.counts[kind] }

// Walk calls emit for the watches of a table among the next limit places, beginning
// with the place from, and gives the place to go on from. A walk begins at 0 and ends
// when that is what it gives. The table may change between two calls: a watch that
// stays is shown once, one that goes and comes again perhaps twice.
func (t *Table) Walk(kind Kind, from, limit uint32, emit func(path string, conn ConnID)) uint32 {
	first, end := max(from, 1), t.watchSlab.end()
	for w := first; w < end; w++ {
		if w-first == limit {
			return w
		}
		if watch := t.watchSlab.at(w); watch.modes&members[kind] != 0 {
			emit(t.pathSlab.at(watch.path).path, t.connSlab.at(watch.conn).id)
		}
	}
	return 0
}
