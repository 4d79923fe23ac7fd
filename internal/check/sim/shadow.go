package sim

import (
	"zoo"
	"zoo/internal/core/zab"
	"zoo/internal/txn"
)

// shadow is what a server's disk must hold, kept beside the real thing.
type shadow struct {
	// base is the zxid of the snapshot that everything else builds upon.
	base zoo.Zxid
	// entries are the log behind base; the first durable of them are synced.
	entries []logged
	durable int
	// accepted and current are the epochs that are durable.
	accepted, current zoo.Epoch
	// doubt is the operation under way. If it ends with the process, nobody
	// knows before the recovery whether it took place.
	doubt *zab.DiskOp
}

type logged struct {
	zxid zoo.Zxid
	hash uint64
}

// last is the end of the log, durable or not.
func (l *shadow) last() zoo.Zxid {
	if n := len(l.entries); n > 0 {
		return l.entries[n-1].zxid
	}
	return l.base
}

// persisted is the end of the durable log.
func (l *shadow) persisted() zoo.Zxid {
	if l.durable > 0 {
		return l.entries[l.durable-1].zxid
	}
	return l.base
}

// find looks for an entry among the durable ones, from the end.
func (l *shadow) find(z zoo.Zxid) (logged, bool) {
	for i := l.durable - 1; i >= 0 && l.entries[i].zxid >= z; i-- {
		if l.entries[i].zxid == z {
			return l.entries[i], true
		}
	}
	return logged{}, false
}

func (l *shadow) appended(s *server, entries []txn.Entry) {
	for _, e := range entries {
		switch {
		case e.Zxid <= l.last():
			s.w.violate("%s logs %v behind %v", s.name, e.Zxid, l.last())
		case !e.Zxid.Follows(l.last()):
			s.w.violate("%s logs %v behind %v: a hole", s.name, e.Zxid, l.last())
		}
		l.entries = append(l.entries, logged{e.Zxid, hashBytes(e.Bytes)})
	}
}

func (l *shadow) synced() { l.durable = len(l.entries) }

// resolve decides the operation in doubt by what was recovered: a history from
// base to last.
func (l *shadow) resolve(s *server, base, last zoo.Zxid) {
	op := l.doubt
	switch {
	case op == nil:
	case op.Kind == zab.DiskTruncate && last <= op.Zxid && last < l.persisted(),
		op.Kind == zab.DiskInstall && base == op.Tree.Zxid() && last == base:
		l.performed(s, op)
	}
	l.doubt = nil
}

// performed takes in an operation that is durable now.
func (l *shadow) performed(s *server, op *zab.DiskOp) {
	l.doubt = nil
	switch op.Kind {
	case zab.DiskTruncate:
		l.truncate(s, op.Zxid)
	case zab.DiskAcceptedEpoch:
		if op.Epoch < l.accepted {
			s.w.violate("%s accepts epoch %d after %d", s.name, op.Epoch, l.accepted)
		}
		l.accepted = op.Epoch
	case zab.DiskCurrentEpoch:
		if op.Epoch < l.current {
			s.w.violate("%s enters epoch %d after %d", s.name, op.Epoch, l.current)
		}
		l.current = op.Epoch
		s.w.ledger.entered(s, op.Epoch)
	case zab.DiskInstall:
		cut := l.entries
		*l = shadow{base: op.Tree.Zxid(), accepted: l.accepted, current: l.current}
		s.w.ledger.cut(s, cut)
	}
}

// truncate cuts behind z. What was committed must stay, so that a cut below the
// base can only happen where nothing was between.
func (l *shadow) truncate(s *server, z zoo.Zxid) {
	n := len(l.entries)
	for n > 0 && l.entries[n-1].zxid > z {
		n--
	}
	cut := l.entries[n:]
	l.entries = l.entries[:n:n]
	l.durable = min(l.durable, n)
	if z < l.base {
		s.w.ledger.cutBelow(s, z, l.base)
		l.base = z
	}
	s.w.ledger.cut(s, cut)
}

// holds tells whether the committed record is durable here.
func (l *shadow) holds(r *record) bool {
	if r.zxid <= l.base {
		return true
	}
	e, ok := l.find(r.zxid)
	return ok && e.hash == r.hash
}
