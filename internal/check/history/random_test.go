package history

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"zoo"
)

// twin is a right ensemble: one list of states, of which each session sees a growing part.
type twin struct {
	states []map[string]register
	clock  int
	ids    WatchID
}

// visitor is a session of it.
type visitor struct {
	stream  *Stream
	behind  zoo.Zxid
	watches map[string]WatchID
}

// Random right histories, with lost answers, servers that lag behind, and watches, have no
// violation; and one wrong value in a fresh read has one.
func TestRandomRightHistoriesAreAccepted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &twin{states: []map[string]register{{}}}
		var visitors []*visitor
		var streams []*Stream
		for i := range 3 {
			s := &Stream{Name: fmt.Sprint(i)}
			streams = append(streams, s)
			visitors = append(visitors, &visitor{stream: s, watches: map[string]WatchID{}})
		}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			v := rapid.SampledFrom(visitors).Draw(t, "who")
			path := rapid.SampledFrom([]string{"/a", "/b"}).Draw(t, "path")
			w.clock += 2
			if rapid.Bool().Draw(t, "writes") {
				w.write(t, v, path)
				continue
			}
			lag := rapid.IntRange(int(v.behind), len(w.states)-1).Draw(t, "sees")
			w.read(v, path, zoo.Zxid(lag), rapid.Bool().Draw(t, "watches"))
		}
		last := zoo.Zxid(len(w.states) - 1)
		w.clock += 2000
		for _, path := range []string{"/a", "/b"} {
			w.read(visitors[0], path, last, false)
			visitors[0].last().Fresh = true
			visitors[0].last().Since = visitors[0].last().Call
		}
		for _, v := range Check(streams, patience) {
			t.Error(v)
		}
		if op := visitors[0].last(); op.Code == zoo.CodeOK {
			op.Value = "never written"
			if len(Check(streams, patience)) == 0 {
				t.Error("a value that nobody wrote is accepted")
			}
		}
	})
}

func (v *visitor) last() *Operation { return v.stream.Entries[len(v.stream.Entries)-1].Operation }

func (w *twin) write(t *rapid.T, v *visitor, path string) {
	op := Operation{Kind: rapid.SampledFrom([]Kind{Create, Set, Delete}).Draw(t, "kind"),
		Path: path, Value: fmt.Sprint("v", w.clock), Call: at(w.clock), Return: at(w.clock + 1),
		Version: rapid.Int32Range(-1, 2).Draw(t, "version")}
	fate := rapid.SampledFrom([]string{"answered", "answered", "lost", "unheard"}).Draw(t, "fate")
	if fate == "lost" {
		op.Return = at(w.clock + 1000)
		v.stream.Add(op)
		return
	}
	z := zoo.Zxid(len(w.states))
	before := w.states[z-1]
	probe := op
	probe.Stat.Mzxid, probe.Zxid = z, z
	code, next := before[path].expected(&probe)
	after := map[string]register{"/a": before["/a"], "/b": before["/b"]}
	after[path] = next
	w.states = append(w.states, after)
	if fate == "unheard" {
		op.Return = at(w.clock + 1000)
		v.stream.Add(op)
		return
	}
	w.see(v, z)
	op.Answered, op.Code, op.Zxid = true, code, z
	if code == zoo.CodeOK && op.Kind != Delete {
		op.Stat = zoo.Stat{Mzxid: z, Version: next.version}
	}
	v.stream.Add(op)
}

// see brings a session to a state, and it hears the events on the way first.
func (w *twin) see(v *visitor, z zoo.Zxid) {
	for ; v.behind < z; v.behind++ {
		for path, id := range v.watches {
			if w.states[v.behind][path] != w.states[v.behind+1][path] {
				v.stream.Fire(id, path)
				delete(v.watches, path)
			}
		}
	}
}

func (w *twin) read(v *visitor, path string, z zoo.Zxid, watch bool) {
	w.see(v, z)
	state := w.states[z][path]
	op := Operation{Kind: Read, Path: path, Call: at(w.clock), Return: at(w.clock + 1),
		Answered: true, Zxid: z, Code: zoo.CodeNoNode}
	if state.exists {
		op.Code, op.Value = zoo.CodeOK, state.value
		op.Stat = zoo.Stat{Mzxid: state.zxid, Version: state.version}
	}
	if watch {
		if v.watches[path] == 0 {
			w.ids++
			v.watches[path] = w.ids
		}
		op.Watch = v.watches[path]
	}
	v.stream.Add(op)
}
