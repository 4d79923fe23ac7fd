package session

import (
	"slices"
	"time"

	"zoo"
	"zoo/internal/check/invariant"
)

// Owner names the connection or the learner on whose behalf a session acts. The
// zero Owner is nobody.
type Owner uint64

// Tracker knows the sessions of an ensemble on the server that may expire them,
// the leader or a standalone one. Sessions expire in buckets one tick wide, all of
// a bucket together. It belongs to the loop of its server.
type Tracker struct {
	tick     time.Duration
	sessions map[zoo.SessionID]*session
	// buckets holds the sessions by the number of the tick at whose end they expire.
	buckets map[int64][]*session
	// expired is the last bucket that Expire emptied.
	expired int64
	// expireCalled is when Expire was called last; it means nothing before started.
	expireCalled time.Duration
	started      bool
	// stalled is the time that this server slept through. Deadlines do not count it:
	// the pings of that time are still in the sockets.
	stalled time.Duration
}

// session is one tracked session.
type session struct {
	id      zoo.SessionID
	owner   Owner
	timeout int32
	closing bool
	bucket  int64
	// slot is the place in the bucket, or -1 outside of any.
	slot int
}

// NewTracker makes a tracker without sessions. Its ticks are those of the ensemble.
func NewTracker(tick time.Duration) *Tracker {
	invariant.Holds(tick > 0, "a tracker needs a tick, got %v", tick)
	return &Tracker{
		tick: tick, sessions: map[zoo.SessionID]*session{}, buckets: map[int64][]*session{},
	}
}

// Add begins to track a session. If it is tracked already this is a Touch, which
// leaves the stored timeout alone.
func (t *Tracker) Add(id zoo.SessionID, timeoutMillis int32, now time.Duration) {
	t.start(now)
	if t.sessions[id] == nil {
		t.sessions[id] = &session{id: id, timeout: timeoutMillis, slot: -1}
	}
	t.Touch(id, timeoutMillis, now)
}

// Touch gives a session the timeout from now on. It is false if the session is
// unknown or closing.
func (t *Tracker) Touch(id zoo.SessionID, timeoutMillis int32, now time.Duration) bool {
	s := t.sessions[id]
	if s == nil || s.closing {
		return false
	}
	deadline := now - t.stalled + time.Duration(timeoutMillis)*time.Millisecond
	bucket := max(t.bucketAfter(deadline), t.expired+1)
	if s.slot < 0 || s.bucket != bucket {
		t.unschedule(s)
		t.schedule(s, bucket)
	}
	return true
}

// bucketAfter is the first tick that ends after an instant, as in Java also if the
// instant is the end of a tick.
func (t *Tracker) bucketAfter(instant time.Duration) int64 { return int64(instant/t.tick) + 1 }

func (t *Tracker) start(now time.Duration) {
	if !t.started {
		t.started, t.expireCalled, t.expired = true, now, int64(now/t.tick)
	}
}

func (t *Tracker) schedule(s *session, bucket int64) {
	sessions := t.buckets[bucket]
	s.bucket, s.slot = bucket, len(sessions)
	t.buckets[bucket] = append(sessions, s)
}

func (t *Tracker) unschedule(s *session) {
	if s.slot < 0 {
		return
	}
	sessions := t.buckets[s.bucket]
	last := len(sessions) - 1
	sessions[s.slot] = sessions[last]
	sessions[s.slot].slot = s.slot
	sessions[last] = nil
	if last == 0 {
		delete(t.buckets, s.bucket)
	} else {
		t.buckets[s.bucket] = sessions[:last]
	}
	s.slot = -1
}

// Expire marks the sessions whose time is over as closing and gives their ids in
// ascending order. They stay known until Remove. It wants to be called once per
// tick: if the calls lie further apart this server has stalled, and every session
// is given the time beyond the tick, because its pings could not be read.
func (t *Tracker) Expire(now time.Duration) []zoo.SessionID {
	t.start(now)
	t.stalled += max(0, now-t.expireCalled-t.tick)
	t.expireCalled = now
	var ids []zoo.SessionID
	for over := int64((now - t.stalled) / t.tick); t.expired < over; {
		t.expired++
		ids = t.empty(t.expired, ids)
	}
	slices.Sort(ids)
	return ids
}

func (t *Tracker) empty(bucket int64, ids []zoo.SessionID) []zoo.SessionID {
	for _, s := range t.buckets[bucket] {
		s.closing, s.slot = true, -1
		ids = append(ids, s.id)
	}
	delete(t.buckets, bucket)
	return ids
}

// Spare takes back what Expire has said of a session: it has its timeout from now on.
func (t *Tracker) Spare(id zoo.SessionID, now time.Duration) {
	if s := t.sessions[id]; s != nil {
		s.closing = false
		t.Touch(id, s.timeout, now)
	}
}

// Close marks a session as closing: it does not expire any more, and every further
// request of it is refused.
func (t *Tracker) Close(id zoo.SessionID) {
	if s := t.sessions[id]; s != nil {
		t.unschedule(s)
		s.closing = true
	}
}

// Remove forgets a session, when its end is committed.
func (t *Tracker) Remove(id zoo.SessionID) {
	if s := t.sessions[id]; s != nil {
		t.unschedule(s)
		delete(t.sessions, id)
	}
}

// SetOwner hands a session over. It is false if the session is unknown or closing.
func (t *Tracker) SetOwner(id zoo.SessionID, owner Owner) bool {
	s := t.sessions[id]
	if s == nil || s.closing {
		return false
	}
	s.owner = owner
	return true
}

// Owner is on whose behalf a session acts.
func (t *Tracker) Owner(id zoo.SessionID) (Owner, bool) {
	if s := t.sessions[id]; s != nil {
		return s.owner, true
	}
	return 0, false
}

// CheckOwner tells whether an owner may write for a session: CodeOK,
// CodeUnknownSession, CodeSessionExpired if it is closing, or CodeSessionMoved. A
// session without an owner takes the first one that comes.
func (t *Tracker) CheckOwner(id zoo.SessionID, owner Owner) zoo.Code {
	s := t.sessions[id]
	switch {
	case s == nil:
		return zoo.CodeUnknownSession
	case s.closing:
		return zoo.CodeSessionExpired
	case s.owner == 0:
		s.owner = owner
	case s.owner != owner:
		return zoo.CodeSessionMoved
	}
	return zoo.CodeOK
}

// Closing tells whether a session is known and on its way out.
func (t *Tracker) Closing(id zoo.SessionID) bool {
	s := t.sessions[id]
	return s != nil && s.closing
}

// Timeout is the timeout in milliseconds with which a session was added.
func (t *Tracker) Timeout(id zoo.SessionID) (int32, bool) {
	if s := t.sessions[id]; s != nil {
		return s.timeout, true
	}
	return 0, false
}

// Len is the number of sessions, with those that are closing.
func (t *Tracker) Len() int { return len(t.sessions) }

// Each calls emit with every session that can expire and with the time left to it,
// in order of the deadlines, then of the ids.
func (t *Tracker) Each(now time.Duration, emit func(id zoo.SessionID, left time.Duration)) {
	buckets := make([]int64, 0, len(t.buckets))
	for bucket := range t.buckets {
		buckets = append(buckets, bucket)
	}
	slices.Sort(buckets)
	for _, bucket := range buckets {
		left := time.Duration(bucket)*t.tick + t.stalled - now
		for _, id := range idsOf(t.buckets[bucket]) {
			emit(id, left)
		}
	}
}

func idsOf(sessions []*session) []zoo.SessionID {
	ids := make([]zoo.SessionID, len(sessions))
	for i, s := range sessions {
		ids[i] = s.id
	}
	slices.Sort(ids)
	return ids
}
