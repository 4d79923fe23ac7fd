package compat

import (
	"slices"
	"strconv"
	"strings"

	"zoo"
	"zoo/internal/jute"
	"zoo/internal/wire"
)

// watched is what a connection watches, as zoo's answers and events tell.
type watched struct {
	// data and child are the standard watches, lasting the persistent ones of both
	// modes.
	data, child, lasting map[string]bool
	// fired are the events since the last reply.
	fired []*message
}

func newWatched() *watched {
	return &watched{data: map[string]bool{}, child: map[string]bool{},
		lasting: map[string]bool{}}
}

// note follows what zoo has said.
func (w *watched) note(m *message) {
	switch m.sort {
	case welcome:
		*w = *newWatched()
	case notification:
		w.fire(m)
	case reply:
		w.answered(m)
		w.fired = nil
	}
}

// fire takes away the watches that an event has used up. What is only caught up on
// was never set.
func (w *watched) fire(event *message) {
	w.fired = append(w.fired, event)
	if event.number("zxid") == int64(zoo.ZxidNone) {
		return
	}
	path, kind := unquote(event.text("path")), zoo.EventType(event.number("type"))
	if kind != zoo.EventNodeChildrenChanged {
		delete(w.data, path)
	}
	if kind == zoo.EventNodeChildrenChanged || kind == zoo.EventNodeDeleted {
		delete(w.child, path)
	}
}

func unquote(text string) string {
	path, err := strconv.Unquote(text)
	if err != nil {
		return text
	}
	return path
}

func (w *watched) answered(m *message) {
	code := zoo.Code(m.number("err"))
	d := jute.NewDecoder(m.request.payload[min(len(m.request.payload), requestHeaderBytes):])
	switch op := m.request.op; {
	case op == wire.OpExists && (code == zoo.CodeOK || code == zoo.CodeNoNode):
		w.read(w.data, &d)
	case code != zoo.CodeOK:
	case op == wire.OpGetData:
		w.read(w.data, &d)
	case op == wire.OpGetChildren || op == wire.OpGetChildren2:
		w.read(w.child, &d)
	case op == wire.OpAddWatch:
		w.lasting[m.request.path()] = true
	case op == wire.OpRemoveWatches:
		w.remove(m.request.path(), m.request.watcherType())
	case op == wire.OpSetWatches || op == wire.OpSetWatches2:
		w.restore(op, &d)
	}
}

func (w *watched) read(set map[string]bool, d *jute.Decoder) {
	var r wire.ExistsRequest
	if r.DecodeFrom(d); r.Watch {
		set[strings.Clone(r.Path)] = true
	}
}

func (w *watched) remove(path string, kind zoo.WatcherType) {
	if kind == zoo.WatcherChildren || kind == zoo.WatcherAny {
		delete(w.child, path)
	}
	if kind == zoo.WatcherData || kind == zoo.WatcherAny {
		delete(w.data, path)
	}
	if kind > zoo.WatcherData {
		delete(w.lasting, path)
	}
}

// restore sets what a setWatches asks for, but for what has fired at once.
func (w *watched) restore(op wire.Op, d *jute.Decoder) {
	d.Long()
	lists := 3
	if op == wire.OpSetWatches2 {
		lists = 5
	}
	for i := range lists {
		for range d.Count(4) {
			path := string(d.Buffer())
			switch {
			case i == 0 && !w.hasFired(path, zoo.EventNodeDeleted, zoo.EventNodeDataChanged),
				i == 1 && !w.hasFired(path, zoo.EventNodeCreated):
				w.data[path] = true
			case i == 2 &&
				!w.hasFired(path, zoo.EventNodeDeleted, zoo.EventNodeChildrenChanged):
				w.child[path] = true
			case i > 2:
				w.lasting[path] = true
			}
		}
	}
}

func (w *watched) hasFired(path string, kinds ...zoo.EventType) bool {
	return slices.ContainsFunc(w.fired, func(m *message) bool {
		return unquote(m.text("path")) == path &&
			slices.Contains(kinds, zoo.EventType(m.number("type")))
	})
}

// has tells whether there is a watch of a type on the path itself.
func (w *watched) has(path string, kind zoo.WatcherType) bool {
	return w.child[path] && (kind == zoo.WatcherChildren || kind == zoo.WatcherAny) ||
		w.data[path] && (kind == zoo.WatcherData || kind == zoo.WatcherAny) ||
		w.lasting[path] && kind > zoo.WatcherData
}

// cause is a transaction of the round's writer that zoo has answered.
type cause struct {
	paths []string // paths are the znodes that it was about.
	all   bool     // all says that it was about those of a session.
}

// causesOf are the transactions in what the writer has heard, by their zxids.
func causesOf(said []message) map[int64]cause {
	found := map[int64]cause{}
	for i := range said {
		m := &said[i]
		if m.sort != reply || m.number("err") != 0 {
			continue
		}
		switch op := m.request.op; {
		case op == wire.OpCloseSession:
			found[m.number("zxid")] = cause{all: true}
		case writes(op):
			found[m.number("zxid")] = cause{paths: m.paths()}
		}
	}
	return found
}

// paths are those that the answer or its request name.
func (m *message) paths() []string {
	var all []string
	for _, f := range m.fields {
		if f.name == "path" || strings.HasSuffix(f.name, ".path") {
			all = append(all, f.text)
		}
	}
	if m.request.op != wire.OpMulti {
		return append(all, quote([]byte(m.request.path())))
	}
	reader := wire.NewMultiReader(m.request.payload[requestHeaderBytes:])
	for part, more := reader.Next(); more; part, more = reader.Next() {
		d := jute.NewDecoder(part.Body)
		all = append(all, quote(d.Buffer()))
	}
	return all
}

// explains tells whether the transaction may have caused an event.
func (c cause) explains(event *message) bool {
	kind, about := zoo.EventType(event.number("type")), event.text("path")
	for _, path := range c.paths {
		parent := path[:max(strings.LastIndexByte(path, '/'), 1)] + `"`
		if parent == `""` {
			parent = `"/"`
		}
		if kind == zoo.EventNodeChildrenChanged {
			path = parent
		}
		if path == about {
			return true
		}
	}
	return c.all && kind != zoo.EventNodeCreated && kind != zoo.EventNodeDataChanged
}
