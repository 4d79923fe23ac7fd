package zab

import (
	"fmt"

	"zoo"
	"zoo/internal/core/quorum"
)

// A voter whose history goes beyond the new leader's is dropped, since a quorum may have what
// only it has: the election that follows chooses it. Whoever votes in the proposed
// configuration only is never chosen, and yet the leader may need its promise:
//
//  1. A leads {A,B,C} and proposes {B,D}, which A and D log. D logs one entry more, and the
//     power goes before anybody else has that.
//  2. A is elected again, by {A,B,C}. It needs B and D for {B,D}, and D is ahead of it.
//  3. If D is dropped, D comes back, and so on: nobody leads. D cannot be elected, because
//     B, and C, have not heard of it.
//
// But here nothing is lost with A: what D alone has could be committed by a quorum of
// {B,D} only, and B, which has promised to follow A, does not have it. So D stays. Its
// promise counts once enough others have said what they have, and its log is cut back.

// surpassed tells whether what goes beyond our history may be committed: those who may have
// it decide in one of the configurations. lags tells of a learner whether it has said what it
// has; who is ahead of us always may. Where an oracle speaks for one of two, one is enough.
func (l *Leader) surpassed(lags func(*learner) bool) bool {
	may := func(id zoo.ServerID) bool {
		x := l.voter(id)
		return id != l.cfg.ID && (x == nil || x.ahead || !lags(x))
	}
	decide := func(v *quorum.View) bool {
		for _, id := range v.Voters() {
			if l.cfg.Oracle && v.IsOneOfTwo(id) && may(id) {
				return true
			}
		}
		return v.Decides(may)
	}
	m := l.cfg.Members
	return decide(m.Current) || m.Next != nil && decide(m.Next)
}

// dropSurpassing drops those that are ahead of us, unless it is still open whether that
// matters: then it depends on what others say who are here.
func (l *Leader) dropSurpassing() {
	if l.phase != proposing {
		return
	}
	here := func(x *learner) bool { return x.stage == registered || x.counted }
	for i := 0; i < len(l.learners); i++ {
		x := l.learners[i]
		if x.ahead && (!l.rises(x.id) || l.surpassed(here)) {
			l.drop(x, fmt.Sprintf("it is ahead of us, with %v", x.last))
			i = -1
		}
	}
}
