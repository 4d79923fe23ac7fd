package sim

import "testing"

// While members come and go, lead, hand over and are cut off, all promises hold, and a
// transaction takes a quorum of whoever is a member when it is committed.
func TestMembersComeAndGo(t *testing.T) {
	t.Parallel()
	total, count := playKind(t, "members", 2)
	if total.Reconfigs < count/2 || total.Handovers == 0 || total.NewDisks == 0 {
		t.Errorf("%d reconfigurations, %d handovers and %d new disks in %d seeds",
			total.Reconfigs, total.Handovers, total.NewDisks, count)
	}
}
