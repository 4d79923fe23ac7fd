package sim

import "zoo/internal/core/quorum"

// restarts is how an ensemble grows where configurations cannot change: a server comes
// that no file but its own names, and then all others get a new file and are started
// again, one after another. A majority of the old servers and one of all share a server, so
// that nothing may go wrong.
type restarts struct {
	// target is what the new files say; nil where nothing of the kind happens.
	target *quorum.View
	// left have the old file, in the order in which they are started again; the newcomer
	// comes first.
	left []*server
}

// addNewcomer makes the server that will come.
func (w *World) addNewcomer() {
	if !w.options.Restarts {
		return
	}
	members := w.view.Members()
	m := member(len(members)+1, false)
	target, err := quorum.NewView(append(members[:len(members):len(members)], m), 0)
	if err != nil {
		panic(err)
	}
	left := append([]*server{newServer(w, len(w.servers), m)}, w.servers...)
	w.rng.Shuffle(len(w.servers), func(i, j int) { left[i+1], left[j+1] = left[j+1], left[i+1] })
	w.servers = append(w.servers, left[0])
	w.restarts = restarts{target: target, left: left}
}

// awaitsFile tells whether the server is the newcomer, whose time has not come.
func (w *World) awaitsFile(s *server) bool {
	left := w.restarts.left
	return len(left) == len(w.servers) && len(left) > 0 && left[0] == s
}

// beginRestarts lets the ensemble grow during the storm.
func (w *World) beginRestarts() {
	if w.restarts.target != nil {
		w.after(w.between(0, 6*tickTime), w.restartNext)
	}
}

// restartNext gives one server its new file, and goes on with the next one later.
func (w *World) restartNext() {
	if !w.stormy || len(w.restarts.left) == 0 {
		return
	}
	w.takeFile()
	w.after(w.around(2*tickTime), w.restartNext)
}

// restartAll gives all that have not got it their new file.
func (w *World) restartAll() {
	for len(w.restarts.left) > 0 {
		w.takeFile()
	}
}

func (w *World) takeFile() {
	s := w.restarts.left[0]
	w.restarts.left = w.restarts.left[1:]
	w.stats.Restarts++
	s.kill("gets a new configuration file")
	s.disk.members = quorum.Ensemble{Current: w.restarts.target}
	s.comeBack()
}

// compareMembers checks that all servers go by one configuration in the end: that which was
// committed last, or that of their files where none is.
func (w *World) compareMembers(s *server) {
	known, want := s.replica.Members(), w.ledger.view
	if w.restarts.target != nil {
		want = w.restarts.target
	}
	if w.options.headcount {
		return // They differ on purpose, and what comes of it is to be found.
	}
	if known.Next != nil || !known.Current.SameMembers(want) {
		w.violate("%s goes by another configuration than it should: %v", s.name,
			known.Latest().Text())
	}
}
