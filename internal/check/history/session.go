package history

import (
	"slices"

	"zoo"
)

// follower goes along one session's stream.
type follower struct {
	*judge
	stream *Stream
	// floor is the last transaction that the session has seen the effects of.
	floor zoo.Zxid
	armed map[WatchID]arming
	fired map[WatchID]bool
}

// arming is a watch that stands, and the state that it was set upon.
type arming struct {
	path string
	at   zoo.Zxid
	// absent: the znode was not there.
	absent bool
}

// follow checks the order of what one session saw.
func (j *judge) follow(s *Stream) {
	f := &follower{judge: j, stream: s, armed: map[WatchID]arming{}, fired: map[WatchID]bool{}}
	for i := range s.Entries {
		switch e := &s.Entries[i]; {
		case e.Operation == nil:
			f.event(e)
		case e.Answered:
			f.answer(e.Operation)
		}
	}
}

func (f *follower) event(e *Entry) {
	switch {
	case e.Fired == 0:
		f.violate(promiseAsked, f.stream, "an event of %s", e.Event)
	case f.fired[e.Fired]:
		f.violate(promiseOnce, f.stream, "watch %d of %s", e.Fired, e.Event)
	}
	f.fired[e.Fired] = true
	delete(f.armed, e.Fired)
}

func (f *follower) answer(op *Operation) {
	if op.Zxid != 0 && op.Zxid < f.floor {
		f.violate(promiseForward, f.stream, "after %v came %v", f.floor, op)
	}
	f.floor = max(f.floor, op.Zxid)
	if op.Code == zoo.CodeOK {
		// A client that does not show the header shows at least this.
		f.floor = max(f.floor, op.mzxid())
	}
	if op.Kind == Rearm {
		f.rearm()
		return
	}
	f.untold(op)
	if op.Kind == Read || op.Kind == Exists {
		f.read(op)
	}
}

// rearm moves the watches of znodes that are still, or again, not there: what was created
// and deleted between two connections is not told of, as in ZooKeeper.
func (f *follower) rearm() {
	for w, a := range f.armed {
		p := f.paths[a.path]
		last := p.last(f.floor)
		if a.absent && (last == 0 || f.zxids[last].gone || p.hidden > 0) {
			a.at = f.floor
			f.armed[w] = a
		}
	}
}

// untold looks for watches that should have fired before this answer.
func (f *follower) untold(op *Operation) {
	for w, a := range f.armed {
		z := f.paths[a.path].last(f.floor)
		if z <= a.at {
			continue
		}
		f.violate(promiseEarly, f.stream, "watch %d of %s, set at %v, has not told of %v when "+
			"the session saw %v by %v", w, a.path, a.at, z, f.floor, op)
		delete(f.armed, w)
	}
}

// read checks an answer against the changes that are known up to its zxid.
func (f *follower) read(op *Operation) {
	p, at := f.paths[op.Path], f.floor
	last := p.last(f.floor)
	switch {
	case op.Code == zoo.CodeOK:
		at = op.Stat.Mzxid
		if op.Zxid != 0 && at > op.Zxid {
			f.violate(promiseState, f.stream, "%v is from the future", op)
		}
		if last > at {
			f.violate(promiseState, f.stream, "%v misses %v", op, last)
		}
	case op.Code != zoo.CodeNoNode:
		return
	case last != 0 && !f.zxids[last].gone && !f.mayBeGone(p, last, op.Zxid):
		f.violate(promiseState, f.stream, "%v misses %v, and nothing was deleted", op, last)
	}
	if _, stands := f.armed[op.Watch]; op.Watch != 0 && !stands && !f.fired[op.Watch] {
		f.armed[op.Watch] = arming{op.Path, at, op.Code == zoo.CodeNoNode}
	}
}

// mayBeGone tells whether a znode may have been deleted behind a change: by a deletion
// that is not known, or, if the reader does not show how far it has seen, by a later one.
func (f *follower) mayBeGone(p *path, last, seen zoo.Zxid) bool {
	if p.hidden > 0 {
		return true
	}
	return seen == 0 && slices.ContainsFunc(p.zxids, func(z zoo.Zxid) bool {
		return z > last && f.zxids[z].gone
	})
}
