package plot

import (
	"math"
	"strconv"
	"strings"
)

// Point is one of a line.
type Point struct{ X, Y float64 }

// axis maps values to a length of 1.
type axis struct {
	low, high float64
	linear    bool
}

// axisOf is one that holds the values. On a logarithmic one 0 has its place a decade left of
// the smallest other value.
func axisOf(values []float64, linear bool) axis {
	a := axis{linear: linear}
	least, most := math.Inf(1), 0.0
	for _, v := range values {
		most = max(most, v)
		if v > 0 {
			least = min(least, v)
		}
	}
	switch {
	case most == 0:
		a.low, a.high, a.linear = 0, 1, true
	case linear:
		a.high = ceiling(most)
	default:
		a.low, a.high = math.Pow(10, math.Floor(math.Log10(least))),
			math.Pow(10, math.Ceil(math.Log10(most)))
		if hasZero(values) {
			a.low /= 10
		}
		if a.low == a.high {
			a.high *= 10
		}
	}
	return a
}

func hasZero(values []float64) bool {
	for _, v := range values {
		if v == 0 {
			return true
		}
	}
	return false
}

// ceiling is the next of 1, 2, 5, 10 and so on.
func ceiling(value float64) float64 {
	unit := math.Pow(10, math.Floor(math.Log10(value)))
	for _, step := range []float64{1, 2, 5} {
		if step*unit >= value {
			return step * unit
		}
	}
	return 10 * unit
}

// place is where a value is, from 0 to 1.
func (a axis) place(value float64) float64 {
	if a.linear {
		return (value - a.low) / (a.high - a.low)
	}
	return math.Log10(max(value, a.low)/a.low) / math.Log10(a.high/a.low)
}

// linearTicks is how many parts a linear axis has.
const linearTicks = 5

// ticks are the values that are told, decades on a logarithmic axis, with halves between
// them where there are few.
func (a axis) ticks() (values []float64) {
	if a.linear {
		for i := range linearTicks + 1 {
			values = append(values, a.low+(a.high-a.low)*float64(i)/linearTicks)
		}
		return values
	}
	steps := []float64{1}
	if a.high/a.low < 1e3 {
		steps = []float64{1, 2, 5}
	}
	for unit := a.low; unit <= a.high*1.001; unit *= 10 {
		for _, step := range steps {
			if step*unit <= a.high*1.001 {
				values = append(values, step*unit)
			}
		}
	}
	return values
}

// Label is a value in few signs, such as 10k.
func Label(value float64) string {
	for _, unit := range []struct {
		size float64
		sign string
	}{{1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		if value >= unit.size*0.999 {
			return short(value/unit.size) + unit.sign
		}
	}
	return short(value)
}

func short(value float64) string {
	text := strconv.FormatFloat(value, 'f', 3, 64)
	return strings.TrimRight(strings.TrimRight(text, "0"), ".")
}
