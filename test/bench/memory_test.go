package bench

import (
	"context"
	"flag"
	"os"
	"testing"

	"zoo/test/ensemble"
)

var memoryZnodes = flag.Int("memory-znodes", 1_000_000, "znodes whose memory is measured")

// A server with a million znodes, created by clients, holds each in at most
// memoryFloor bytes of resident memory, and so does the next process that reads them
// from the disk.
func TestMemoryOfAMillionZnodes(t *testing.T) {
	if os.Getenv("ZOO_BENCH") == "" {
		t.Skip("make bench measures; ZOO_BENCH is not set")
	}
	ctx, cancel := context.WithTimeout(t.Context(), memoryLimit)
	defer cancel()
	dir := t.TempDir()
	if *binary == "" {
		built, err := ensemble.Build(ctx, dir)
		if err != nil {
			t.Fatal(err)
		}
		*binary = built
	}
	m, err := MeasureMemory(ctx, *binary, dir, *memoryZnodes)
	if err != nil {
		t.Fatal(err)
	}
	t.Log(m)
	if m.PerZnode() > memoryFloor {
		t.Errorf("a znode adds %.0f bytes, not at most %d", m.PerZnode(), memoryFloor)
	}
}
