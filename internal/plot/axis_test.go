package plot

import (
	"math"
	"testing"
)

// Decades lie at equal distances, and 0 has a place of its own left of them all.
func TestALogarithmicAxisHasDecadesAtEqualDistances(t *testing.T) {
	a := axisOf([]float64{0, 100, 1 << 20}, false)
	for value, want := range map[float64]float64{0: 0, 10: 0, 100: 1.0 / 6, 1e4: 0.5, 1e7: 1} {
		if got := a.place(value); math.Abs(got-want) > 1e-9 {
			t.Errorf("%v lies at %v, want %v", value, got, want)
		}
	}
	if got := len(a.ticks()); got != 7 {
		t.Errorf("%d ticks: %v", got, a.ticks())
	}
	if same := axisOf([]float64{10, 10}, false); same.place(10) != 0 || same.high != 100 {
		t.Errorf("an axis of one value is %+v", same)
	}
}

func TestALinearAxisBeginsAtZeroAndEndsRound(t *testing.T) {
	a := axisOf([]float64{1, 9}, true)
	if a.low != 0 || a.high != 10 || a.place(5) != 0.5 {
		t.Errorf("got %+v", a)
	}
	if none := axisOf(nil, false); none.place(1) != 1 {
		t.Errorf("an axis of nothing is %+v", none)
	}
}

func TestLabelsAreShort(t *testing.T) {
	for value, want := range map[float64]string{0: "0", 0.01: "0.01", 20: "20", 5000: "5k",
		1e7: "10M", 1 << 20: "1.049M"} {
		if got := Label(value); got != want {
			t.Errorf("%v is %q, want %q", value, got, want)
		}
	}
}
