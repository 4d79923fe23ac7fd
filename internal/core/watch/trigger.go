package watch

import (
	"strings"

	"zoo"
)

// Trigger calls deliver once for every connection that is to hear of an event of
// the tree, and ends the one-shot watches that it meets. The deletion of a znode
// is one event here: watches on its data come first, then those on its children.
// Deliver must not touch the table.
func (t *Table) Trigger(event zoo.EventType, path string, deliver func(ConnID)) {
	if len(t.paths) == 0 {
		return
	}
	t.events++
	p := t.paths[path]
	switch event {
	case zoo.EventNodeChildrenChanged:
		t.fire(p, members[ChildWatches], Child, deliver)
	case zoo.EventNodeDeleted:
		t.fire(p, members[DataWatches], 0, deliver)
		t.fireAbove(path, deliver)
		t.fire(p, members[ChildWatches], Child|Data, deliver)
	case zoo.EventNodeCreated, zoo.EventNodeDataChanged:
		t.fire(p, members[DataWatches], Data, deliver)
		t.fireAbove(path, deliver)
	}
}

// fire delivers to the watches of one path that have one of the wanted modes, and
// takes the consumed modes from all of them.
func (t *Table) fire(p uint32, wanted, consumed Mode, deliver func(ConnID)) {
	if p == 0 {
		return
	}
	for w := t.pathSlab.at(p).first; w != 0; {
		entry := *t.watchSlab.at(w)
		if entry.modes&wanted != 0 {
			t.tell(entry.conn, deliver)
		}
		if entry.modes&consumed != 0 {
			t.setModes(w, entry.modes&^consumed)
		}
		w = entry.nextOfPath
	}
}

// tell delivers unless the connection has been told this event already.
func (t *Table) tell(c uint32, deliver func(ConnID)) {
	conn := t.connSlab.at(c)
	if conn.event != t.events {
		conn.event = t.events
		deliver(conn.id)
	}
}

// fireAbove delivers to the recursive watches on the ancestors of a path.
func (t *Table) fireAbove(path string, deliver func(ConnID)) {
	if t.recursive == 0 {
		return
	}
	for len(path) > 1 {
		path = path[:max(strings.LastIndexByte(path, '/'), 0)]
		if path == "" {
			path = "/"
		}
		t.fire(t.paths[path], Recursive, 0, deliver)
	}
}
