package metrics

import (
	"math"
	"strconv"
	"strings"
)

// Number is a whole number or a fraction; the two are written differently.
type Number struct {
	whole    int64
	fraction float64
	isWhole  bool
}

// Whole is a whole number.
func Whole(n int64) Number { return Number{whole: n, isWhole: true} }

// Fraction is a number with a fraction, even if that is zero.
func Fraction(f float64) Number { return Number{fraction: f} }

// Float is the number for computing.
func (n Number) Float() float64 {
	if n.isWhole {
		return float64(n.whole)
	}
	return n.fraction
}

// The bounds between which Java writes a double without an exponent.
const (
	plainMin = 1e-3
	plainMax = 1e7
)

// String is the number as monitoring agents got it from Java: 7 for a whole
// number, 7.0 or 1.0E7 for others.
func (n Number) String() string {
	if n.isWhole {
		return strconv.FormatInt(n.whole, 10)
	}
	f := n.fraction
	switch size := math.Abs(f); {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 0):
		return strings.TrimPrefix(strconv.FormatFloat(f, 'f', -1, 64), "+") + "inity"
	case size == 0 || size >= plainMin && size < plainMax:
		return withPoint(strconv.FormatFloat(f, 'f', -1, 64))
	}
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(f, 'e', -1, 64), "e")
	power, _ := strconv.Atoi(exponent)
	return withPoint(mantissa) + "E" + strconv.Itoa(power)
}

// withPoint gives a number a fraction if it has none.
func withPoint(digits string) string {
	if strings.Contains(digits, ".") {
		return digits
	}
	return digits + ".0"
}
