package replica

import (
	"slices"

	"zoo/internal/core/tree"
	"zoo/internal/core/zab"
)

// spared looks at what a server writes that keeps its history in memory: promises and
// configurations, and nothing else.
func (w *world) spared(s *server, ops []zab.DiskOp) {
	if !w.cfg.ObserverUnlogged || s.logs || !s.r.Status().Unlogged {
		return
	}
	for _, op := range ops {
		switch op.Kind {
		case zab.DiskAcceptedEpoch:
			s.accepted = op.Epoch
		case zab.DiskConfigure:
			s.members = op.Members
		case zab.DiskBarrier:
		default:
			w.t.Fatalf("server %d asks its disk for operation %d", s.id, op.Kind)
		}
	}
}

// recalled has a server recover its disk that must not have its history in memory any more.
func (w *world) recalled(s *server, eff *Effects) bool {
	w.spared(s, eff.Disk)
	if !eff.Reload || !s.r.Status().Unlogged {
		return false
	}
	w.show("%d: recovers what is on its disk", s.id)
	s.logs = eff.KeepLog
	w.restart(s)
	return true
}

// restart ends a process whose disk was empty when it began, and has spared it.
func (w *world) restart(s *server) {
	for _, p := range slices.Clone(w.links) {
		if p.learner == s || p.leader == s {
			w.close(p)
		}
	}
	for _, other := range w.servers {
		if other != s && other.r != nil {
			other.queue = append(other.queue, ElectionDown{s.id})
		}
	}
	s.rec = Recovered{Tree: tree.New(), Epochs: zab.Epochs{Accepted: s.accepted}}
	if view := s.members.Current; view != nil {
		s.rec.Tree.SetConfig([]byte(view.Text()), view.Version(), w.now().WallMillis)
	}
	s.queue, s.disk = nil, nil
	w.start(s)
}
