package gssapi

import (
	"crypto/sha256"
	"sync"
	"time"
)

// The bounds of the memory of authenticators.
const (
	// replaysMax is how many authenticators are remembered at most, in some 20 MB. A
	// client whose clock is right is remembered for the clock skew, so that with the
	// usual five minutes more than 800 authentications a second find room.
	replaysMax = 1 << 19
	// replayBuckets is how many buckets there are for one clock skew: nothing is
	// remembered for longer than the skew divided by it beyond its time.
	replayBuckets = 16
)

// sight is what is known of an authenticator.
type sight int

const (
	isNew sight = iota
	seenBefore
	tooMany
	tooOld
)

// fingerprint stands for an authenticator, or for a client: the beginning of a hash.
type fingerprint [16]byte

func fingerprintOf(b []byte) fingerprint {
	sum := sha256.Sum256(b)
	return fingerprint(sum[:len(fingerprint{})])
}

// replays remembers authenticators for as long as they would be taken again: until the
// instant that they tell is past by the skew. They lie in buckets by that instant, and
// a bucket goes as a whole.
//
// They are proved to be of clients before they are remembered, so only clients can fill
// it. A client may have as many as there is still room for: one that never stops gets
// half of the room, the next one half of what is left, and each who comes after them
// finds room too.
type replays struct {
	skew, width time.Duration
	clock       func() time.Time
	max         int

	mu      sync.Mutex // guards what follows
	buckets map[int64]*replayBucket
	held    map[fingerprint]int // held counts by client.
	sum     int
}

// replayBucket is the authenticators that end at about the same time.
type replayBucket struct {
	seen map[fingerprint]struct{}
	of   map[fingerprint]int // of counts them by client.
}

func newReplays(skew time.Duration, clock func() time.Time) *replays {
	return &replays{
		skew: skew, width: max(skew/replayBuckets, 1), clock: clock, max: replaysMax,
		buckets: map[int64]*replayBucket{}, held: map[fingerprint]int{},
	}
}

// see tells whether an authenticator that a client made at an instant was seen before,
// and remembers it. The clock is read under mu: what was forgotten by then is too old,
// also for a caller that has looked at the clock before.
func (r *replays) see(client string, authenticator []byte, made time.Time) sight {
	print, who := fingerprintOf(authenticator), fingerprintOf([]byte(client))
	r.mu.Lock()
	defer r.mu.Unlock()
	now, end := r.clock(), made.Add(r.skew)
	r.forget(now)
	if now.After(end) {
		return tooOld
	}
	at := r.bucketOf(end)
	if b := r.buckets[at]; b != nil {
		if _, found := b.seen[print]; found {
			return seenBefore
		}
	}
	if r.held[who] >= r.max-r.sum {
		return tooMany
	}
	r.add(at, print, who)
	return isNew
}

func (r *replays) bucketOf(end time.Time) int64 { return end.UnixNano() / int64(r.width) }

func (r *replays) add(at int64, print, who fingerprint) {
	b := r.buckets[at]
	if b == nil {
		b = &replayBucket{map[fingerprint]struct{}{}, map[fingerprint]int{}}
		r.buckets[at] = b
	}
	b.seen[print] = struct{}{}
	b.of[who]++
	r.held[who]++
	r.sum++
}

// forget drops the buckets that have ended. There are a few dozen at most, for nobody
// is taken whose clock is off by more than the skew.
func (r *replays) forget(now time.Time) {
	current := r.bucketOf(now)
	for at, b := range r.buckets {
		if at >= current {
			continue
		}
		for who, n := range b.of {
			if r.held[who] -= n; r.held[who] == 0 {
				delete(r.held, who)
			}
		}
		r.sum -= len(b.seen)
		delete(r.buckets, at)
	}
}
