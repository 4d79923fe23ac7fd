package watch

// Each calls emit for all watches among the next limit places, as Walk does for those of one
// table, and gives the place to go on from.
func (t *Table) Each(from, limit uint32, emit func(path string, conn ConnID, modes Mode)) uint32 {
	first, end := max(from, 1), t.watchSlab.end()
	for w := first; w < end; w++ {
		if w-first == limit {
			return w
		}
		if t.watchSlab.at(w).modes != 0 {
			t.show(w, emit)
		}
	}
	return 0
}

// OfPath calls emit for the watches of a path, unless they are more than limit: then it is
// false and has shown some.
func (t *Table) OfPath(path string, limit int,
	emit func(path string, conn ConnID, modes Mode)) bool {
	p, ok := t.paths[path]
	if !ok {
		return true
	}
	for w := t.pathSlab.at(p).first; w != 0; w = t.watchSlab.at(w).nextOfPath {
		if limit--; limit < 0 {
			return false
		}
		t.show(w, emit)
	}
	return true
}

// OfConn does the same for the watches of a connection.
func (t *Table) OfConn(conn ConnID, limit int,
	emit func(path string, conn ConnID, modes Mode)) bool {
	c, ok := t.conns[conn]
	if !ok {
		return true
	}
	for w := t.connSlab.at(c).first; w != 0; w = t.watchSlab.at(w).nextOfConn {
		if limit--; limit < 0 {
			return false
		}
		t.show(w, emit)
	}
	return true
}

func (t *Table) show(w uint32, emit func(path string, conn ConnID, modes Mode)) {
	watch := t.watchSlab.at(w)
	emit(t.pathSlab.at(watch.path).path, t.connSlab.at(watch.conn).id, watch.modes)
}
