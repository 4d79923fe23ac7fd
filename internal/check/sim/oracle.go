package sim

import "zoo/internal/core/replica"

// oracle is whoever decides which of two voters may go on alone: an operator who does it
// right. Nobody is granted before all others have heard that they are not any more, and
// before it has all that any other has; see docs/adr/0029-oracle.md.
type oracle struct {
	// granted may decide alone; nil for nobody. It is so until it has heard the contrary.
	granted *server
	// withdrawn says that the contrary stands in its file.
	withdrawn bool
}

// consult changes the oracle's mind now and then.
func (w *World) consult() {
	if !w.stormy {
		return
	}
	w.reconsider()
	w.after(w.around(2*tickTime), w.consult)
}

func (w *World) reconsider() {
	o := &w.oracle
	switch s := w.servers[w.rng.IntN(2)]; {
	case o.granted == nil:
		if w.mayGrant(s) {
			o.granted = s
			w.stats.Grants++
			w.tellGrant(s)
		}
	case o.withdrawn:
		if o.granted.hasHeard() {
			*o = oracle{}
		}
	case !o.granted.alive || w.rng.IntN(4) == 0:
		o.withdrawn = true
		w.tellGrant(o.granted)
	}
}

// mayGrant tells whether the server has all that the other voter has logged and promised.
func (w *World) mayGrant(s *server) bool {
	other := w.servers[1-s.index]
	return s.log.doubt == nil && other.log.doubt == nil &&
		s.log.accepted >= other.log.accepted && s.log.current >= other.log.current &&
		s.log.covers(&other.log)
}

// tellGrant lets the server read its file some time later.
func (w *World) tellGrant(s *server) {
	process := s.process
	w.after(w.between(0, tickTime/2), func() {
		if s.process == process {
			s.readOracle()
		}
	})
}

// readOracle tells a server what stands in its file.
func (s *server) readOracle() {
	o := &s.w.oracle
	grants := o.granted == s && !o.withdrawn
	if s.w.trace.on() {
		s.w.trace.line(s.name, "is told by the oracle: %v", grants)
	}
	s.heardOracle = grants
	s.hear(replica.OracleSpoke{Grants: grants})
}

// hasHeard tells whether a server has taken in that it is granted no more. A process that
// has ended will read its file when it begins.
func (s *server) hasHeard() bool {
	return !s.alive || !s.heardOracle && !s.paused && !s.turning && len(s.inbox) == 0
}

// isGranted tells whether a committed record may be with the granted server alone.
func (l *ledger) isGranted(r *record) bool {
	s := l.w.oracle.granted
	return s != nil && s.log.holds(r)
}

// isWithOneOfTwo tells whether a voter has a record that was committed by a grant which may
// be over. The oracle grants nobody else before that one has it, too.
func (l *ledger) isWithOneOfTwo(r *record) bool {
	return l.w.options.Oracle && (l.w.servers[0].log.holds(r) || l.w.servers[1].log.holds(r))
}

// oracleFirst is when the oracle speaks for the first time.
const oracleFirst = 2 * tickTime

func (w *World) beginOracle() {
	if w.options.Oracle {
		w.after(w.between(0, oracleFirst), w.consult)
	}
}
