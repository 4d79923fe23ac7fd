package sim

import (
	"testing"

	"zoo/internal/core/zab"
)

// While observers keep their history in memory, crash, and come to vote, all promises
// hold: no transaction counts on what is in memory only.
func TestObserversKeepTheirHistoryInMemory(t *testing.T) {
	t.Parallel()
	count := fromEnv(t, envSeeds, seedsDefault) / 4
	if testing.Short() {
		count = min(count, 100)
	}
	for _, row := range []struct {
		name         string
		reconfigures bool
	}{{"they stay what they are", false}, {"members come and go", true}} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			var total Stats
			options := Options{Steps: fromEnv(t, envSteps, 0), Unlogged: true,
				Reconfigures: row.reconfigures}
			playAll(fromEnv(t, envFirst, 1), count, options, func(r Report) {
				total.add(&r.Stats)
				if r.Violation != nil {
					t.Errorf("seed %d, step %d: %v", r.Seed, r.Steps, r.Violation)
				}
			})
			t.Logf("%d seeds: %+v", count, total)
			if total.Spared == 0 || row.reconfigures && total.Recalled == 0 {
				t.Errorf("in memory for %d turns, recalled %d times", total.Spared,
					total.Recalled)
			}
		})
	}
}

// An observer that goes on with its history in memory when it votes is found out.
func TestAVoterWithoutALogIsFound(t *testing.T) {
	t.Parallel()
	options := Options{Planted: zab.BugUnloggedVoter, Unlogged: true, Reconfigures: true}
	for seed := 1; seed <= 100; seed++ {
		if r := Run(uint64(seed), options); r.Violation != nil {
			t.Logf("found by seed %d: %.300v", seed, r.Violation)
			return
		}
	}
	t.Fatal("not found")
}
