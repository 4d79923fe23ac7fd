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

// LocalExpiries lists the sessions that only this server knows by the instant at which
// they expire; false where there can be none.
func (r *Replica) LocalExpiries() ([]session.Expiry, bool) {
	if r.localSessions == nil {
		return nil, false
	}
	return r.localSessions.Expiries(), true
}

// noSizes are the sizes of proposals before the first one.
var noSizes = [3]int{-1, -1, -1}

// ForgetProposals begins to count and to measure proposals anew.
func (r *Replica) ForgetProposals() { r.sizes, r.proposed = noSizes, 0 }
