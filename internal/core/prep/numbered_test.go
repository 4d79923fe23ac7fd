package prep

import (
	"fmt"
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestSequenceNumbersAreWrittenAsJavaWritesThem(t *testing.T) {
	check := func(n int32) {
		if got, want := numbered("/a-", n), fmt.Sprintf("/a-%010d", n); got != want {
			t.Fatalf("%q, want %q", got, want)
		}
	}
	for _, n := range []int32{0, 9, 10, 999_999_999, 1_000_000_000, math.MaxInt32, -1, -9,
		-999_999_999, -1_000_000_000, math.MinInt32} {
		check(n)
	}
	rapid.Check(t, func(t *rapid.T) { check(rapid.Int32().Draw(t, "number")) })
}
