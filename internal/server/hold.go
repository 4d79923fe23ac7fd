package server

import (
	"sync"

	"zoo/internal/core/tree"
)

// shownPerHold is how many things operators are shown from one hold of a lock. What is
// shown is so not of one instant, and no client waits for it.
const shownPerHold = 512

// holds lets go of a lock that is held, again and again.
type holds struct {
	lock  sync.Locker
	taken int
}

// took counts one thing more. It tells whether the lock was let go of since, and is
// held anew.
func (h *holds) took() bool {
	if h.taken++; h.taken < shownPerHold {
		return false
	}
	h.taken = 0
	h.lock.Unlock()
	h.lock.Lock()
	return true
}

// readTree has read walk over the tree that is served, if one is. It is to call next
// for each thing that it has seen, and to end when that is false: the tree is not
// served any more.
func (s *Server) readTree(lock sync.Locker, read func(t *tree.Tree, next func() bool)) {
	lock.Lock()
	defer lock.Unlock()
	if !s.serving {
		return
	}
	t, h := s.tree, holds{lock: lock}
	read(t, func() bool { return !h.took() || s.serving && s.tree == t })
}
