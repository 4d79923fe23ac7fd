package sim

import "testing"

// An ensemble grows by new files and restarts in the middle of a storm. All promises hold,
// and in the end the new files count everywhere.
func TestAnEnsembleGrowsByRestarts(t *testing.T) {
	t.Parallel()
	total, count := playKind(t, "restarts", 4)
	if total.Restarts < count {
		t.Errorf("%d servers were given a new file in %d seeds", total.Restarts, count)
	}
}
