package admin

import (
	"encoding/json"
	"math"
	"testing"

	"zoo/internal/ops/metrics"
)

func TestEveryFigureCanBeWrittenAsJSON(t *testing.T) {
	for want, n := range map[string]metrics.Number{
		"7": metrics.Whole(7), "-1": metrics.Whole(-1), "7.0": metrics.Fraction(7),
		"1.0E7": metrics.Fraction(1e7), `"NaN"`: metrics.Fraction(math.NaN()),
		`"-Infinity"`: metrics.Fraction(math.Inf(-1)),
	} {
		if got, err := json.Marshal(figure(n)); err != nil || string(got) != want {
			t.Errorf("%s, want %s: %v", got, want, err)
		}
	}
}
