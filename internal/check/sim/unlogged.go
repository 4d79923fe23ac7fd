package sim

import "zoo"

// spares tells whether the server may have its history in memory only: it is an observer,
// and is not about to vote, or it was when its last turn ended.
func (s *server) spares() bool { return s.sparing || s.sparesNow() }

func (s *server) sparesNow() bool {
	if !s.w.options.Unlogged || s.logs || !s.isObserver() {
		return false
	}
	next := s.replica.Members().Next
	return next == nil || !next.IsVoter(s.id)
}

// logged finds a transaction in the server's log. One that has its history in memory is
// believed what is in the logs of others.
func (l *ledger) logged(s *server, z zoo.Zxid) (logged, bool) {
	if e, ok := s.log.find(z); ok || !s.spares() {
		return e, ok
	}
	for _, other := range l.w.servers {
		if e, ok := other.log.find(z); ok {
			return e, true
		}
	}
	if n := l.upTo(z); n > 0 && l.history[n-1].zxid == z {
		return logged{z, l.history[n-1].hash}, true
	}
	return logged{}, false
}
