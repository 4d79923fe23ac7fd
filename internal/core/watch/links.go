package watch

// link makes a watch without modes, at the end of the chains of its path and its
// connection.
func (t *Table) link(at pair) uint32 {
	w := t.watchSlab.add(watchEntry{pair: at})
	p, c, entry := t.pathSlab.at(at.path), t.connSlab.at(at.conn), t.watchSlab.at(w)
	entry.prevOfPath, entry.prevOfConn = p.last, c.last
	*t.nextOfPath(p, p.last) = w
	*t.nextOfConn(c, c.last) = w
	p.last, c.last = w, w
	p.len++
	t.crowdAfterLink(at, p, w)
	return w
}

// crowdAfterLink keeps the crowd complete: it holds a path's watches from the
// moment on when there are too many to search.
func (t *Table) crowdAfterLink(at pair, p *pathEntry, w uint32) {
	if p.len > crowdMin+1 {
		t.crowd[at] = w
		return
	}
	if p.len == crowdMin+1 {
		for w := p.first; w != 0; w = t.watchSlab.at(w).nextOfPath {
			t.crowd[t.watchSlab.at(w).pair] = w
		}
	}
}

// unlink takes a watch without modes out, and its path and its connection with it
// if it was their last.
func (t *Table) unlink(w uint32) {
	entry := *t.watchSlab.at(w)
	p, c := t.pathSlab.at(entry.path), t.connSlab.at(entry.conn)
	t.crowdBeforeUnlink(entry.pair, p)
	*t.nextOfPath(p, entry.prevOfPath) = entry.nextOfPath
	*t.prevOfPath(p, entry.nextOfPath) = entry.prevOfPath
	*t.nextOfConn(c, entry.prevOfConn) = entry.nextOfConn
	*t.prevOfConn(c, entry.nextOfConn) = entry.prevOfConn
	p.len--
	t.watchSlab.remove(w)
	if p.first == 0 {
		delete(t.paths, p.path)
		t.pathSlab.remove(entry.path)
	}
	if c.first == 0 {
		delete(t.conns, c.id)
		t.connSlab.remove(entry.conn)
	}
}

func (t *Table) crowdBeforeUnlink(at pair, p *pathEntry) {
	if p.len > crowdMin+1 {
		delete(t.crowd, at)
		return
	}
	if p.len == crowdMin+1 {
		for w := p.first; w != 0; w = t.watchSlab.at(w).nextOfPath {
			delete(t.crowd, t.watchSlab.at(w).pair)
		}
	}
}

// The place that points forward or back to a neighbour in a chain: in the watch, or
// in the owner of the chain at its ends.

func (t *Table) nextOfPath(p *pathEntry, w uint32) *uint32 {
	if w == 0 {
		return &p.first
	}
	return &t.watchSlab.at(w).nextOfPath
}

func (t *Table) prevOfPath(p *pathEntry, w uint32) *uint32 {
	if w == 0 {
		return &p.last
	}
	return &t.watchSlab.at(w).prevOfPath
}

func (t *Table) nextOfConn(c *connEntry, w uint32) *uint32 {
	if w == 0 {
		return &c.first
	}
	return &t.watchSlab.at(w).nextOfConn
}

func (t *Table) prevOfConn(c *connEntry, w uint32) *uint32 {
	if w == 0 {
		return &c.last
	}
	return &t.watchSlab.at(w).prevOfConn
}

// setModes changes the modes of a watch, keeps the counts, and drops the watch when
// none is left.
func (t *Table) setModes(w uint32, modes Mode) {
	entry := t.watchSlab.at(w)
	before := entry.modes
	entry.modes = modes
	for kind := range kinds {
		t.recount(kind, entry.pair, step(before, modes, members[kind]))
	}
	t.recursive += step(before, modes, Recursive)
	if modes == 0 {
		t.unlink(w)
	}
}

// step is 1 if a watch joins the members by a change of its modes, -1 if it leaves.
func step(before, after, members Mode) int {
	switch was, is := before&members != 0, after&members != 0; {
	case is && !was:
		return 1
	case was && !is:
		return -1
	}
	return 0
}

func (t *Table) recount(kind Kind, at pair, step int) {
	if step == 0 {
		return
	}
	counts := &t.counts[kind]
	counts.Watches += step
	counts.Paths += bump(&t.pathSlab.at(at.path).members[kind], step)
	counts.Conns += bump(&t.connSlab.at(at.conn).members[kind], step)
}

// bump changes a count by one, and gives the change if the count began or ended.
func bump(count *uint32, step int) int {
	before := *count
	*count = uint32(int(before) + step)
	if before == 0 || *count == 0 {
		return step
	}
	return 0
}
