package gssapi

import (
	"crypto/sha256"
	"sync"
	"time"
)

// replaysMax is how many authenticators are remembered at most, twice. They are
// proved to be of clients before they are remembered, so only clients can fill it.
const replaysMax = 1 << 17

// sight is what is known of an authenticator.
type sight int

const (
	isNew sight = iota
	seenBefore
	tooMany
)

// fingerprint stands for an authenticator: the beginning of its hash.
type fingerprint [16]byte

// replays remembers the authenticators of as long as they would be taken again: one
// that is made by a clock that is fast by the skew is good for twice the skew. Two
// generations take turns, so nothing has to be searched for what is old.
type replays struct {
	period time.Duration

	mu      sync.Mutex
	since   time.Time
	current map[fingerprint]struct{}
	before  map[fingerprint]struct{}
}

func newReplays(skew time.Duration) *replays { return &replays{period: 2 * skew} }

// see tells whether an authenticator was seen before, and remembers it.
func (r *replays) see(authenticator []byte, now time.Time) sight {
	sum := sha256.Sum256(authenticator)
	print := fingerprint(sum[:len(fingerprint{})])
	r.mu.Lock()
	defer r.mu.Unlock()
	r.turn(now)
	if _, ok := r.current[print]; ok {
		return seenBefore
	}
	if _, ok := r.before[print]; ok {
		return seenBefore
	}
	if len(r.current) >= replaysMax {
		return tooMany
	}
	r.current[print] = struct{}{}
	return isNew
}

// turn begins a new generation when the current one is a period old. A clock that
// jumps back keeps both.
func (r *replays) turn(now time.Time) {
	age := now.Sub(r.since)
	if r.current != nil && age <= r.period {
		return
	}
	r.before = r.current
	if age > 2*r.period {
		r.before = nil
	}
	r.current, r.since = map[fingerprint]struct{}{}, now
}
