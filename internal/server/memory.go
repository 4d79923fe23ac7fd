package server

import (
	"sync"

	"zoo/internal/core/tree"
	"zoo/internal/ops/command"
)

// censusSteps is how many znodes count as one thing that an operator is shown: a hold of
// the lock is shownPerHold times as long.
const censusSteps = 8

// Memory finds the subtrees that hold the most.
func (q source) Memory(limit int) command.MemoryUse {
	return q.server.largest(tree.Ranking{Limit: limit})
}

func (s *Server) largest(rank tree.Ranking) command.MemoryUse {
	// Two at once would be twice the work for the same answer.
	s.censusMu.Lock()
	defer s.censusMu.Unlock()
	return s.memoryUse(rank, s.treeMu.RLocker())
}

func (s *Server) memoryUse(rank tree.Ranking, lock sync.Locker) (use command.MemoryUse) {
	s.readTree(lock, func(t *tree.Tree, next func() bool) {
		c := tree.NewCensus(rank)
		for more := true; more; {
			for n := 0; more && n < censusSteps; n++ {
				more = c.Step(t)
			}
			if c.Pause(t); !next() {
				return
			}
		}
		for _, sub := range c.Largest(t) {
			use.Subtrees = append(use.Subtrees, command.Subtree{Path: sub.Path,
				Znodes: sub.Znodes, DataBytes: sub.DataBytes, MemoryBytes: sub.MemoryBytes})
		}
		use.Omitted = c.Omitted()
	})
	return use
}
