package zab

import "time"

// SetGranted takes in the word of the oracle of two voters: whether this one may decide
// alone while the other is not there. A grant counts at once, and the want of one when
// the next tick is over. See docs/adr/0029-oracle.md.
func (l *Leader) SetGranted(now time.Duration, granted bool) {
	l.granted = granted || l.granted && l.cfg.Planted == BugOldGrant
	l.proceedAlone(now)
}

// proceedAlone takes the step that would wait for the other voter.
func (l *Leader) proceedAlone(now time.Duration) {
	switch {
	case !l.alone() || l.resigned != "":
	case l.phase == discovering:
		l.discover(now)
	case l.phase == proposing:
		l.maybeEnter(now)
	case l.phase == synchronising:
		l.activate(now)
	}
}

// choseTooLow tells whether the other voter has come too late for the choice of the epoch, and
// cannot promise it any more: from now on nothing is decided without it, and it would be
// waited for until initLimit. The next choice lies above its promise.
func (l *Leader) choseTooLow(x *learner) bool {
	return (l.phase == accepting || l.phase == proposing) && x.accepted == l.epoch &&
		x.id != l.cfg.ID && l.cfg.Members.IsOneOfTwo(l.cfg.ID) &&
		l.cfg.Members.IsOneOfTwo(x.id) && l.cfg.Planted != BugChosenAlone
}

// alone tells whether this server decides by the oracle's grant. Once the other voter has
// registered, nothing is decided without it.
func (l *Leader) alone() bool {
	if !l.granted || !l.cfg.Members.IsOneOfTwo(l.cfg.ID) {
		return false
	}
	for _, id := range l.cfg.Members.Voters() {
		if id != l.cfg.ID && l.voter(id) != nil {
			return false
		}
	}
	return true
}
