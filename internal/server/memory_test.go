package server

import (
	"fmt"
	"testing"

	"zoo"
	"zoo/internal/core/tree"
)

// The plot: somebody asks which subtrees hold the most, of a tree with more znodes than
// one hold of the lock shows. Whoever waits for the lock gets it in between, and the
// figures are those of the whole tree.
func TestTheLargestSubtreesAreFoundInBoundedHolds(t *testing.T) {
	loader := tree.NewLoader()
	paths := []string{"", "/a", "/a/b"}
	for i := range 2 * censusSteps * shownPerHold {
		paths = append(paths, fmt.Sprintf("/a/b/%05d", i))
	}
	for _, path := range paths {
		if err := loader.Node(path, []byte("x"), -1, &zoo.StatPersisted{}); err != nil {
			t.Fatal(err)
		}
	}
	loaded, err := loader.Finish(1)
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{tree: loaded, serving: true}
	door := &doorway{Locker: s.treeMu.RLocker(), act: func() {
		s.treeMu.Lock()
		defer s.treeMu.Unlock()
	}}
	use := s.memoryUse(tree.Ranking{Limit: 3}, door)
	if door.opened != 3 {
		t.Errorf("the lock was let go of %d times", door.opened)
	}
	if len(use.Subtrees) != 3 || use.Subtrees[0].Path != "/" || use.Subtrees[2].Path != "/a/b" {
		t.Fatalf("the largest are %+v", use.Subtrees)
	}
	if got, want := use.Subtrees[2].Znodes, int64(len(paths)-2); got != want {
		t.Errorf("/a/b has %d znodes, not %d", got, want)
	}
	door.act = func() { s.serving = false }
	if use := s.memoryUse(tree.Ranking{Limit: 3}, door); len(use.Subtrees) != 0 {
		t.Errorf("of a tree that is not served any more: %+v", use.Subtrees)
	}
}
