package sim

import "testing"

// Of two voters one decides alone while an oracle grants it, and then the other. As long as
// the oracle does it right all promises hold.
func TestAnOracleDecidesForOneOfTwo(t *testing.T) {
	t.Parallel()
	total, count := playKind(t, "oracle", 4)
	if total.Grants < count {
		t.Errorf("%d grants in %d seeds", total.Grants, count)
	}
}
