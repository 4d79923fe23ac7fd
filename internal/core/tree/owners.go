package tree

import (
	"maps"
	"slices"

	"zoo"
)

// owners knows the znodes that do not live for ever: the ephemerals of each
// session, and under their special owner values the containers and TTL znodes.
type owners struct {
	types Types
	lists map[zoo.SessionID][]slot
	place map[slot]int // place is the position in the list.
}

func newOwners() owners {
	return owners{lists: make(map[zoo.SessionID][]slot), place: make(map[slot]int)}
}

// ttlOwners is the one key of all TTL znodes, whatever their time to live.
var ttlOwners = zoo.TTLOwner(0)

func (o *owners) key(owner zoo.SessionID) zoo.SessionID {
	if o.types.Of(owner) == OwnerTTL {
		return ttlOwners
	}
	return owner
}

func (o *owners) add(owner zoo.SessionID, s slot) {
	if owner == 0 {
		return
	}
	key := o.key(owner)
	o.place[s] = len(o.lists[key])
	o.lists[key] = append(o.lists[key], s)
}

func (o *owners) remove(owner zoo.SessionID, s slot) {
	if owner == 0 {
		return
	}
	key := o.key(owner)
	list, at := o.lists[key], o.place[s]
	last := len(list) - 1
	list[at] = list[last]
	o.place[list[at]] = at
	delete(o.place, s)
	if last == 0 {
		delete(o.lists, key)
		return
	}
	o.lists[key] = list[:last]
}

// ephemerals counts what sessions own.
func (o *owners) ephemerals() int {
	count := len(o.place) - len(o.lists[zoo.ContainerOwner])
	if o.types.Extended {
		count -= len(o.lists[ttlOwners])
	}
	return count
}

// Ephemerals is the sorted paths of the session's ephemerals.
func (t *Tree) Ephemerals(session zoo.SessionID) []string {
	if t.owners.types.Of(session) != OwnerSession {
		return nil
	}
	paths := make([]string, 0, len(t.owners.lists[session]))
	for _, s := range t.owners.lists[session] {
		paths = append(paths, t.path(s))
	}
	slices.Sort(paths)
	return paths
}

// EphemeralCount is the number of ephemerals of all sessions.
func (t *Tree) EphemeralCount() int { return t.owners.ephemerals() }

// WalkEphemerals visits the ephemerals of all sessions, in no order, until visit
// returns false. The tree may change during a visit, so that whoever walks can let go
// of what keeps writers out: what is there from the begin to the end is visited,
// perhaps twice, and what comes or goes meanwhile perhaps.
func (t *Tree) WalkEphemerals(visit func(owner zoo.SessionID, path string) bool) {
	for owner := range t.owners.lists {
		if t.owners.types.Of(owner) != OwnerSession {
			continue
		}
		if !t.WalkEphemeralsOf(owner, visit) {
			return
		}
	}
}

// WalkEphemeralsOf visits those of one session in the same way, and tells whether visit
// never returned false.
func (t *Tree) WalkEphemeralsOf(owner zoo.SessionID,
	visit func(owner zoo.SessionID, path string) bool) bool {
	if t.owners.types.Of(owner) != OwnerSession {
		return true
	}
	// From the end: what leaves a list is replaced by its last entry. So what was
	// visited may come before left again, but nothing gets behind it unseen.
	for left := len(t.owners.lists[owner]); left > 0; {
		left--
		if !visit(owner, t.path(t.owners.lists[owner][left])) {
			return false
		}
		left = min(left, len(t.owners.lists[owner]))
	}
	return true
}

// EphemeralCountOf is the number of ephemerals of a session.
func (t *Tree) EphemeralCountOf(session zoo.SessionID) int {
	if t.owners.types.Of(session) != OwnerSession {
		return 0
	}
	return len(t.owners.lists[session])
}

// EphemeralSessions is the sorted ids of the sessions that own ephemerals.
func (t *Tree) EphemeralSessions() []zoo.SessionID {
	ids := slices.Collect(maps.Keys(t.owners.lists))
	ids = slices.DeleteFunc(ids, func(id zoo.SessionID) bool {
		return t.owners.types.Of(id) != OwnerSession
	})
	slices.Sort(ids)
	return ids
}

// SessionTimeout is the timeout in milliseconds of a session of the ensemble.
func (t *Tree) SessionTimeout(id zoo.SessionID) (millis int32, known bool) {
	millis, known = t.sessions[id]
	return millis, known
}

// SessionCount is the number of sessions.
func (t *Tree) SessionCount() int { return len(t.sessions) }

// WalkSessions visits the sessions in no order, until visit returns false. The tree may
// change during a visit, as for WalkEphemerals.
func (t *Tree) WalkSessions(visit func(id zoo.SessionID, timeoutMillis int32) bool) {
	for id, timeout := range t.sessions {
		if !visit(id, timeout) {
			return
		}
	}
}

// EachSession visits the sessions in the order of their ids.
func (t *Tree) EachSession(visit func(id zoo.SessionID, timeoutMillis int32)) {
	for _, id := range slices.Sorted(maps.Keys(t.sessions)) {
		visit(id, t.sessions[id])
	}
}
