package adler

import (
	"math/rand/v2"
	"testing"
)

// The plot: a processor may lack the instructions that add whole rows, and only few of them are
// tested on. Both ways come to the same, for full bytes too, which fill the lanes.
func TestBothWaysAgree(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	full, mixed := make([]byte, blockBytes), make([]byte, blockBytes)
	for i := range full {
		full[i], mixed[i] = 0xff, byte(random.Uint32())
	}
	for _, p := range [][]byte{full, mixed} {
		sizes := []int{len(p)}
		for n := range 200 {
			sizes = append(sizes, n, random.IntN(len(p)))
		}
		for _, n := range sizes {
			low, high, rest := addWide(7, 9, p[:n])
			low, high = addNarrow(low, high, rest)
			if wantLow, wantHigh := addNarrow(7, 9, p[:n]); low != wantLow || high != wantHigh {
				t.Fatalf("%d bytes: %d and %d, not %d and %d", n, low, high, wantLow, wantHigh)
			}
		}
	}
}
