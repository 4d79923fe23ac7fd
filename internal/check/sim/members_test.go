package sim

import (
	"testing"

	"zoo/internal/core/zab"
)

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
	if total.Reconfigs < count/2 || total.Handovers == 0 {
		t.Errorf("%d reconfigurations and %d handovers in %d seeds", total.Reconfigs,
			total.Handovers, count)
	}
}

// Each row is a way to get a reconfiguration wrong. The simulator must find it within so
// many seeds.
func TestPlantedBugsOfReconfigurationsAreFound(t *testing.T) {
	for _, row := range []struct {
		name    string
		planted zab.Planted
		seeds   int
	}{
		{"the new configuration alone commits", zab.BugNewQuorumOnly, 200},
		{"a proposed configuration is in force at UPTODATE", zab.BugEarlyActivation, 700},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			options := Options{Planted: row.planted, Reconfigures: true}
			for seed := 1; seed <= row.seeds; seed++ {
				if r := Run(uint64(seed), options); r.Violation != nil {
					t.Logf("found by seed %d: %.300v", seed, r.Violation)
					return
				}
			}
			t.Fatalf("not found by %d seeds", row.seeds)
		})
	}
}
