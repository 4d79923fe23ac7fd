package server

import (
	"sort"
	"time"

	"zoo"
	"zoo/internal/core/replica"
)

// tideMarks is how many instants are kept of each tide: transactions pass in far fewer turns,
// and of one that does not less is known.
const tideMarks = 512

// tide is how far the history has got at each of the last instants at which it got further.
// So it costs a turn of the loop, and not a transaction, a few stores. It is the loop's.
type tide struct {
	marks [tideMarks]tideMark
	n     int // counts all that there were
}

type tideMark struct {
	zxid zoo.Zxid
	at   time.Duration
}

// reach notes how far it has got.
func (t *tide) reach(zxid zoo.Zxid, at time.Duration) {
	if t.n > 0 && zxid <= t.mark(t.n-1).zxid {
		return
	}
	t.marks[t.n%tideMarks] = tideMark{zxid, at}
	t.n++
}

func (t *tide) mark(i int) tideMark { return t.marks[i%tideMarks] }

// when is the instant at which it got to a transaction; zero if that is not known.
func (t *tide) when(zxid zoo.Zxid) time.Duration {
	from := max(t.n-tideMarks, 0)
	i := from + sort.Search(t.n-from, func(i int) bool { return t.mark(from+i).zxid >= zxid })
	if i == t.n || i == from && from > 0 {
		return 0 // It got there before the oldest of the marks, or never.
	}
	return t.mark(i).at
}

// tides are those of the three things that a transaction needs before it is applied.
type tides struct{ logged, durable, committed tide }

// reach notes how far the replica has got.
func (t *tides) reach(p replica.Progress, at time.Duration) {
	t.logged.reach(p.Logged, at)
	t.durable.reach(p.Durable, at)
	t.committed.reach(p.Committed, at)
}

// passage is when a transaction came to be in the history here, was durable in the own log,
// and committed; zero is an instant that is not known.
type passage struct{ logged, durable, committed time.Duration }

func (t *tides) passage(zxid zoo.Zxid) passage {
	return passage{t.logged.when(zxid), t.durable.when(zxid), t.committed.when(zxid)}
}

// ready is when the transaction could be applied; zero if that is not known.
func (p passage) ready() time.Duration {
	if p.durable == 0 || p.committed == 0 {
		return 0
	}
	return max(p.durable, p.committed)
}
