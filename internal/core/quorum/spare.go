package quorum

import (
	"slices"

	"zoo"
)

// Spare is how many of the voters for which has is true may be lost, whichever they are,
// while the others still decide; -1 if they do not decide now.
func (v *View) Spare(has func(zoo.ServerID) bool) int {
	weights := make([][]int64, len(v.scale.totals))
	for _, w := range v.scale.voters {
		if has(w.id) {
			weights[w.group] = append(weights[w.group], w.weight)
		}
	}
	// What it takes to unsettle each group that is settled: the heaviest go first.
	var costs []int
	for group, of := range weights {
		if cost := unsettling(of, v.scale.totals[group]); cost > 0 {
			costs = append(costs, cost)
		}
	}
	slices.Sort(costs)
	lost := -1
	// Groups share no voter: those that take the fewest go until half of all are left.
	for _, cost := range costs[:max(len(costs)-len(v.scale.totals)/2, 0)] {
		lost += cost
	}
	return lost
}

// Spare is that of the configuration which can afford less.
func (e Ensemble) Spare(has func(zoo.ServerID) bool) int {
	spare := e.Current.Spare(has)
	if e.Next != nil {
		spare = min(spare, e.Next.Spare(has))
	}
	return spare
}

// unsettling is how many of a group have to go until the others have no more than half of
// its total weight; 0 if they have no more now.
func unsettling(weights []int64, total int64) (n int) {
	slices.Sort(weights)
	sum := int64(0)
	for _, w := range weights {
		sum += w
	}
	for ; sum > total/2; n++ {
		sum -= weights[len(weights)-1-n]
	}
	return n
}
