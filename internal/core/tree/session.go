package tree

import (
	"slices"

	"zoo"
	"zoo/internal/jute"
	"zoo/internal/txn"
)

func (t *Tree) applyCreateSession(r *Result, d *jute.Decoder) error {
	var record txn.CreateSessionTxn
	record.DecodeFrom(d)
	if d.Err() != nil {
		return d.Err()
	}
	t.sessions[r.Header.Session] = record.TimeOut
	r.SessionTimeout = record.TimeOut
	return nil
}

// applyCloseSession ends a session. The entry names the ephemerals that the
// leader knew of; what the tree still holds for the session goes after them, in
// the order of the paths, so that all servers do the same.
func (t *Tree) applyCloseSession(r *Result, d *jute.Decoder) error {
	var record txn.CloseSessionTxn
	record.DecodeFrom(d)
	if d.Err() != nil {
		return d.Err()
	}
	for _, path := range record.Paths {
		t.delete(path, r.Header.Zxid)
	}
	t.deleteEphemerals(r.Header.Session, r.Header.Zxid)
	delete(t.sessions, r.Header.Session)
	return nil
}

func (t *Tree) deleteEphemerals(session zoo.SessionID, zxid zoo.Zxid) {
	for _, path := range t.Ephemerals(session) {
		t.delete(path, zxid)
	}
}

// Orphans gives the ids of the sessions that own ephemerals and do not exist: a
// snapshot and a log that were written by Java may disagree.
func (t *Tree) Orphans() []zoo.SessionID {
	return slices.DeleteFunc(t.EphemeralSessions(), func(id zoo.SessionID) bool {
		_, known := t.sessions[id]
		return known
	})
}
