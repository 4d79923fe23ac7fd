package sim

import (
	"testing"

	"zoo/internal/core/zab"
)

// Each row is a bug that ZooKeeper had. Put back, the simulator must find it
// within so many seeds; the bound is several times what it took when written.
func TestPlantedBugsAreFound(t *testing.T) {
	for _, row := range []struct {
		name    string
		planted zab.Planted
		seeds   int
	}{
		{"ZOOKEEPER-2845 uncommitted memory survives the role", zab.Bug2845, 50},
		{"ZOOKEEPER-3911 DIFF is applied before it is the ensemble's", zab.Bug3911, 300},
		{"ZOOKEEPER-4643 epoch before history", zab.Bug4643, 50},
		{"ZOOKEEPER-4646 ACK of NEWLEADER before history is durable", zab.Bug4646, 20},
		{"ZOOKEEPER-4685 ACK of a proposal before that of NEWLEADER", zab.Bug4685, 50},
		{"ZOOKEEPER-3642 SNAP in memory only", zab.Bug3642, 50},
		{"ZOOKEEPER-4882 failed append counts as durable", zab.Bug4882, 150},
		{"ZOOKEEPER-2355 committed transactions are forgotten", zab.Bug2355, 150},
		{"ZOOKEEPER-3701 failed truncation counts as done", zab.Bug3701, 6000},
		{"ZOOKEEPER-1675 a sync behind a leader that was replaced", zab.Bug1675, 1500},
		{"the next epoch is entered without the promise of a quorum", zab.TurnUnpromised, 400},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			for seed := 1; seed <= row.seeds; seed++ {
				r := Run(uint64(seed), Options{Planted: row.planted})
				if r.Violation != nil {
					t.Logf("found by seed %d: %.300v", seed, r.Violation)
					return
				}
			}
			t.Fatalf("not found by %d seeds", row.seeds)
		})
	}
}

// Where weights decide, servers that count heads lose or divide the history.
func TestServersThatCountHeadsAreFound(t *testing.T) {
	t.Parallel()
	for seed := 1; seed <= 200; seed++ {
		r := Run(uint64(seed), Options{headcount: true})
		if r.Violation != nil {
			t.Logf("found by seed %d: %.300v", seed, r.Violation)
			return
		}
	}
	t.Fatal("not found")
}
