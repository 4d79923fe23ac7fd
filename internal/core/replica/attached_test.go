package replica

import (
	"testing"

	"zoo/internal/core/tree"
	"zoo/internal/txn"
)

// The plot: a client never lets its pipeline run dry, and so has a hundred requests under way
// all the time. What waits for it stays as long as that.
func TestAPipelineThatNeverRunsDryCostsWhatIsInIt(t *testing.T) {
	const underWay = 100
	a := newAttached(1)
	a.attach(1, 1, 10_000)
	s := a.sessions[1]
	for xid := range int32(100_000) {
		a.push(s, waiting{conn: 1, xid: xid})
		if first := xid - underWay; first >= 0 {
			o := a.outcome(&tree.Result{Header: txn.Header{Session: 1, Cxid: first}})
			if o.Conn != 1 || o.Xid != first {
				t.Fatalf("the outcome of %d is for connection %d, xid %d", first, o.Conn, o.Xid)
			}
		}
	}
	if a.outstanding != underWay || cap(s.pending) > 4*underWay {
		t.Errorf("%d are under way, in room for %d", a.outstanding, cap(s.pending))
	}
}
