package prep

import (
	"slices"

	"zoo"
	"zoo/internal/txn"
)

// countBytes is what the count of the paths takes, and the length of each.
const countBytes = 4

// createSession carries the negotiated timeout in milliseconds.
func (p *Preparer) createSession() zoo.Code {
	record := txn.CreateSessionTxn{TimeOut: p.body.Int()}
	if p.body.Err() != nil {
		return zoo.CodeMarshallingError
	}
	p.out = record.AppendTo(p.out)
	return zoo.CodeOK
}

// closeSession deletes the ephemerals of a session with it. It checks nothing: the
// leader itself sends it for a session that expires.
func (p *Preparer) closeSession() zoo.Code {
	paths := p.ephemerals(p.request.Session)
	if !p.config.EndsUnlisted {
		record := txn.CloseSessionTxn{Paths: paths[:p.fitting(paths)]}
		p.out = record.AppendTo(p.out)
	}
	for _, path := range paths {
		p.drop(path)
	}
	p.config.Sessions.Close(p.request.Session)
	return zoo.CodeOK
}

// ephemerals gives what a session will own, in the order of the paths: what it owns
// in the tree and is to keep, and what it is to get.
func (p *Preparer) ephemerals(id zoo.SessionID) []string {
	paths := slices.DeleteFunc(p.tree.Ephemerals(id), func(path string) bool {
		c, ok := p.changes.records[path]
		return ok && !c.ownedBy(id)
	})
	for _, path := range p.changes.owned[id] {
		if p.changes.records[path].ownedBy(id) {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

func (c *change) ownedBy(id zoo.SessionID) bool {
	return !c.deleted && c.stat.EphemeralOwner == id
}

// fitting is the number of paths that the entry has room for. Those beyond it are
// deleted all the same, because applying the entry leaves no ephemeral behind.
func (p *Preparer) fitting(paths []string) int {
	room := p.config.EntryBytesMax - digestBytes - len(p.out) - countBytes
	for i, path := range paths {
		if room -= countBytes + len(path); room < 0 {
			return i
		}
	}
	return len(paths)
}
