package sim

import "testing"

// The quorum ports of servers are shut in the middle of a storm while their election ports are
// open, and one of them stays so. All promises hold, and in the end another server leads.
func TestOthersLeadWhereAPortIsShut(t *testing.T) {
	t.Parallel()
	total, count := playKind(t, "ports", 4)
	if total.Shut < count {
		t.Errorf("%d ports were shut in %d seeds", total.Shut, count)
	}
}
