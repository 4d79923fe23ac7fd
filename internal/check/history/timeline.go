package history

import (
	"cmp"
	"slices"

	"zoo"
)

// change is a transaction that somebody has seen.
type change struct {
	path    string
	value   string
	version int32
	gone    bool
}

// path is what is known of one znode.
type path struct {
	// zxids are the known changes, ascending.
	zxids []zoo.Zxid
	// hidden counts deletions of which the zxid, or whether they happened, is unknown.
	hidden int
	// linear are the operations that a register of its own must explain.
	linear []*Operation
}

// each calls do for every operation.
func (j *judge) each(do func(*Stream, *Operation)) {
	for _, s := range j.streams {
		for _, e := range s.Entries {
			if e.Operation != nil {
				do(s, e.Operation)
			}
		}
	}
}

// learn gathers the changes from what was written and from what was read.
func (j *judge) learn() {
	j.each(func(s *Stream, op *Operation) {
		p := j.paths[op.Path]
		if p == nil {
			p = &path{}
			j.paths[op.Path] = p
		}
		if op.Kind.Writes() || op.Kind == Read && op.Fresh && op.Answered {
			p.linear = append(p.linear, op)
		}
		if op.Kind == Delete && (!op.Answered || op.Code == zoo.CodeOK && op.Zxid == 0) {
			p.hidden++
		}
		if op.Kind != Exists && op.Answered && op.Code == zoo.CodeOK && op.mzxid() != 0 {
			j.learnChange(s, op)
		}
	})
	for z, c := range j.zxids {
		p := j.paths[c.path]
		p.zxids = append(p.zxids, z)
	}
	for _, p := range j.paths {
		slices.Sort(p.zxids)
	}
}

// learnChange files a change. Whoever has seen the same zxid must have seen the same.
func (j *judge) learnChange(s *Stream, op *Operation) {
	c := change{path: op.Path, value: op.Value, version: op.Stat.Version}
	if op.Kind == Delete {
		c = change{path: op.Path, gone: true}
	}
	z := op.mzxid()
	if known, ok := j.zxids[z]; ok && known != c {
		j.violate(promiseOne, s, "%v is %+v to one and %+v to another", z, known, c)
		return
	}
	j.zxids[z] = c
}

// last is the last known change up to z, 0 if there is none.
func (p *path) last(z zoo.Zxid) zoo.Zxid {
	i, found := slices.BinarySearch(p.zxids, z)
	if found {
		return z
	}
	if i == 0 {
		return 0
	}
	return p.zxids[i-1]
}

// inOrder checks that a write that began when another one had ended has the higher
// zxid. This holds over all znodes, since there is one history.
func (j *judge) inOrder() {
	var calls, returns []*Operation
	owner := map[zoo.Zxid]*Operation{}
	j.each(func(s *Stream, op *Operation) {
		if !op.Kind.Writes() || !op.Answered || op.Code != zoo.CodeOK || op.mzxid() == 0 {
			return
		}
		if other := owner[op.mzxid()]; other != nil {
			j.violate(promiseOne, s, "%v acknowledges %v and %v", op.mzxid(), other, op)
		}
		owner[op.mzxid()] = op
		calls, returns = append(calls, op), append(returns, op)
	})
	slices.SortFunc(calls, func(a, b *Operation) int { return cmp.Compare(a.Call, b.Call) })
	slices.SortFunc(returns, func(a, b *Operation) int { return cmp.Compare(a.Return, b.Return) })
	var latest *Operation
	for _, op := range calls {
		for len(returns) > 0 && returns[0].Return < op.Call {
			if latest == nil || returns[0].mzxid() > latest.mzxid() {
				latest = returns[0]
			}
			returns = returns[1:]
		}
		if latest != nil && op.mzxid() < latest.mzxid() {
			j.violate(promiseOrder, nil, "%v ended before %v began", latest, op)
		}
	}
}
