package session

import (
	"cmp"
	"slices"
	"time"

	"zoo"
)

// Expiry is the sessions that expire at one instant unless they are touched.
type Expiry struct {
	// At is on the clock that Touch is given.
	At       time.Duration
	Sessions []zoo.SessionID
}

// Expiries lists the tracked sessions by the instant at which they expire, the
// next one first. Those that are closing do not expire, and are not in it.
func (t *Tracker) Expiries() []Expiry {
	list := make([]Expiry, 0, len(t.buckets))
	for bucket, sessions := range t.buckets {
		e := Expiry{At: time.Duration(bucket)*t.tick + t.stalled}
		for _, s := range sessions {
			e.Sessions = append(e.Sessions, s.id)
		}
		slices.Sort(e.Sessions)
		list = append(list, e)
	}
	slices.SortFunc(list, func(a, b Expiry) int { return cmp.Compare(a.At, b.At) })
	return list
}
