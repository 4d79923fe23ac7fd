package sim

import "testing"

// While members come and go, lead, hand over and are cut off, all promises hold, and a
// transaction takes a quorum of whoever is a member when it is committed.
func TestMembersComeAndGo(t *testing.T) {
	t.Parallel()
	count := fromEnv(t, envSeeds, seedsDefault) / 2
	if testing.Short() {
		count = min(count, 100)
	}
	failed := 0
	var total Stats
	options := Options{Steps: fromEnv(t, envSteps, 0), Reconfigures: true}
	playAll(fromEnv(t, envFirst, 1), count, options, func(r Report) {
		total.add(&r.Stats)
		if r.Violation == nil {
			return
		}
		if failed++; failed <= 10 {
			t.Errorf("seed %d, step %d: %v", r.Seed, r.Steps, r.Violation)
		}
	})
	if failed > 0 {
		t.Errorf("%d of %d seeds failed", failed, count)
	}
	t.Logf("%d seeds: %+v", count, total)
	if total.Reconfigs < count || total.Handovers == 0 {
		t.Errorf("%d reconfigurations and %d handovers in %d seeds", total.Reconfigs,
			total.Handovers, count)
	}
}
