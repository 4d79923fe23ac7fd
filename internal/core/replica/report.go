package replica

import "zoo/internal/core/session"

// Expiries lists the sessions by the instant at which they expire; false where
// another server decides that.
func (r *Replica) Expiries() ([]session.Expiry, bool) {
	if r.writer == nil {
		return nil, false
	}
	return r.writer.tracker.Expiries(), true
}

// noSizes are the sizes of proposals before the first one.
var noSizes = [3]int{-1, -1, -1}

// ForgetProposals begins to count and to measure proposals anew.
func (r *Replica) ForgetProposals() { r.sizes, r.proposed = noSizes, 0 }
