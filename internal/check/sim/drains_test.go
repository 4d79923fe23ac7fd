package sim

import "testing"

// Operators drain servers in a storm, one, two at once, and the leader, and take it back, while
// clients are spread. There is always somebody for the clients, and behind the storm servers
// are drained and stopped one after the other without an end of any session.
func TestServersAreDrainedInAStorm(t *testing.T) {
	t.Parallel()
	total, count := playKind(t, "drains", 4)
	if total.Drains < count || total.Parted < count || total.SentAway < count/4 {
		t.Errorf("%d drains in %d seeds, %d clients parted with, %d sent away", total.Drains,
			count, total.Parted, total.SentAway)
	}
}
