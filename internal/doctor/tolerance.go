package doctor

import (
	"fmt"
	"slices"

	"zoo"
	"zoo/internal/core/quorum"
)

// Tolerance is how many voters may be lost.
type Tolerance struct {
	Voters int `json:"voters"`
	// CanLose is how many of all voters may be lost, whichever they are; -1 if that is not
	// known, with groups of more than votersMax.
	CanLose int `json:"can_lose"`
	// Serving is how many of them were seen to serve, and -1 if nobody was asked; Now is
	// how many of these may be lost, and -1 if they are no quorum.
	Serving int `json:"serving"`
	Now     int `json:"can_lose_now"`
}

// votersMax bounds the ensembles whose sets of voters are tried one by one.
const votersMax = 16

// String is the line for an operator.
func (t *Tolerance) String() string {
	if t.CanLose < 0 {
		return fmt.Sprintf("%d voters, in groups too large to try", t.Voters)
	}
	text := fmt.Sprintf("%d voters: you can lose %d", t.Voters, t.CanLose)
	switch {
	case t.Serving < 0:
		return text
	case t.Now < 0:
		return text + fmt.Sprintf("; %d serve, which is no quorum", t.Serving)
	}
	return text + fmt.Sprintf("; %d serve: you can lose %d now", t.Serving, t.Now)
}

// tolerance is that of the ensemble, nil if there is none.
func tolerance(f *Facts) *Tolerance {
	v := f.view()
	if v == nil {
		return nil
	}
	t := &Tolerance{Voters: len(v.Voters()), CanLose: losable(v, v.Voters()), Serving: -1,
		Now: -1}
	if len(f.Servers) == 0 {
		return t
	}
	var serving []zoo.ServerID
	for _, id := range v.Voters() {
		if s := f.server(id); s != nil && s.serves() {
			serving = append(serving, id)
		}
	}
	t.Serving, t.Now = len(serving), losable(v, serving)
	return t
}

// losable is how many of the voters may be lost, whichever they are, so that the others
// decide; -1 if they do not, or if there are too many to try.
func losable(v *quorum.View, alive []zoo.ServerID) int {
	if v.Hierarchy() == nil {
		return max(-1, len(alive)-len(v.Voters())/2-1)
	}
	if len(alive) > votersMax {
		return -1
	}
	best := len(alive)
	for lost := range 1 << len(alive) {
		var left []zoo.ServerID
		for i, id := range alive {
			if lost>>i&1 == 0 {
				left = append(left, id)
			}
		}
		if !decides(v, left) {
			best = min(best, len(alive)-len(left))
		}
	}
	return best - 1
}

func decides(v *quorum.View, who []zoo.ServerID) bool {
	return v.Decides(func(id zoo.ServerID) bool { return slices.Contains(who, id) })
}
