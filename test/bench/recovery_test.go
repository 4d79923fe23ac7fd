package bench

import (
	"context"
	"flag"
	"os"
	"slices"
	"testing"

	"zoo/test/ensemble"
)

var (
	recoveryZnodes = flag.Int("recovery-znodes", 1_000_000, "znodes of the server that is killed")
	recoveryRounds = flag.Int("recovery-rounds", 3, "kills of it")
)

// A server with a million znodes that was killed serves again, its log replayed, within
// recoveryFloor of the start of its process; the worst start counts. Java's stands beside.
func TestRecoveryOfAMillionZnodes(t *testing.T) {
	if os.Getenv("ZOO_BENCH") == "" {
		t.Skip("make bench measures; ZOO_BENCH is not set")
	}
	if *binary == "" {
		built, err := ensemble.Build(t.Context(), t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		*binary = built
	}
	programs := map[string]ensemble.Program{
		sideJava: ensemble.Java("3g"), sideZoo: ensemble.Zoo(*binary)}
	for _, side := range installedSides(wholeSides()) {
		ctx, cancel := context.WithTimeout(t.Context(), recoveryLimit)
		took, err := MeasureRecovery(ctx,
			ensemble.Options{Dir: t.TempDir(), Program: programs[side]},
			*recoveryZnodes, *recoveryRounds)
		cancel()
		if err != nil {
			t.Fatalf("%s: %v", side, err)
		}
		t.Log(Recovery{side, *recoveryZnodes, took})
		if worst := slices.Max(took); side == sideZoo && worst > recoveryFloor {
			t.Errorf("the worst start took %v, not at most %v", worst, recoveryFloor)
		}
	}
}
